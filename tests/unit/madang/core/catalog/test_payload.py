"""A record becomes exactly the claims that a type names."""

import copy
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.catalog.certificate_type import CertificateType
from madang.core.catalog.errors import RecordError
from madang.core.catalog.parser import parse_type
from madang.core.catalog.payload import build_payload, is_date

Documents = dict[str, dict[str, Any]]


@pytest.fixture
def permit_type(
    permit: Documents, encode: Callable[[Mapping[str, Any]], dict[str, bytes]]
) -> CertificateType:
    return parse_type(encode(permit), "permit")


@pytest.fixture
def record(permit: Documents) -> dict[str, Any]:
    return copy.deepcopy(permit["example.json"]["record"])


def test_only_the_named_claims_are_taken(
    permit_type: CertificateType, record: dict[str, Any]
) -> None:
    payload = build_payload(permit_type, record)
    assert payload.claims == permit_type.example.payload
    assert "shoe_size" not in str(payload)


def test_the_paths_that_can_be_kept_back_are_concrete(
    permit_type: CertificateType, record: dict[str, Any]
) -> None:
    _, sd_paths = build_payload(permit_type, record)
    assert sd_paths == (
        ("name",),
        ("fee_krw",),
        ("granted",),
        ("since",),
        ("over", "18"),
        ("over", "40"),
        ("sites",),
        ("sites", 0, "town"),
        ("sites", 1, "town"),
        ("sites", 1, "note"),
        ("tags", 0),
        ("tags", 1),
    )


def test_the_record_is_left_as_it_was(permit_type: CertificateType, record: dict[str, Any]) -> None:
    before = copy.deepcopy(record)
    payload = build_payload(permit_type, record)
    payload.claims["sites"].append("spoilt")
    assert record == before


@pytest.mark.parametrize("value", [None, "absent"])
def test_an_optional_claim_is_left_out(
    permit_type: CertificateType, record: dict[str, Any], value: str | None
) -> None:
    for key in ("since", "tags"):
        record["permit"].pop(key) if value else record["permit"].update({key: None})
    claims, sd_paths = build_payload(permit_type, record)
    assert not {"since", "tags"} & claims.keys()
    assert ("since",) not in sd_paths


def test_an_empty_array_is_an_empty_array(
    permit_type: CertificateType, record: dict[str, Any]
) -> None:
    record["permit"]["sites"] = []
    claims, sd_paths = build_payload(permit_type, record)
    assert claims["sites"] == []
    assert [path for path in sd_paths if path[0] == "sites"] == [("sites",)]


def test_the_record_cannot_speak_for_the_type(
    permit_type: CertificateType, record: dict[str, Any]
) -> None:
    record["type"] = {"issuing_authority": "somebody else"}
    assert build_payload(permit_type, record).claims["issuing_authority"] == "부처"


@pytest.mark.parametrize(
    ("group", "key", "value", "found"),
    [
        ("person", "name", None, "nothing"),
        ("person", "name", "", "a string"),
        ("person", "name", 7, "an integer"),
        ("person", "over", {"18": 1, "40": True}, "an integer"),
        ("person", "over", True, "nothing"),
        ("permit", "fee_krw", True, "a boolean"),
        ("permit", "fee_krw", "12000", "a string"),
        ("permit", "fee_krw", 12000.0, "a fraction"),
        ("permit", "fee_krw", 2**53, "an integer"),
        ("permit", "granted", "perhaps", "a string"),
        ("permit", "since", "20250228", "a string"),
        ("permit", "since", "2025-02-30", "a string"),
        ("permit", "sites", {}, "an object"),
        ("permit", "sites", None, "nothing"),
        ("permit", "sites", [{"note": "no town"}], "nothing"),
        ("permit", "sites", ["가람"], "nothing"),
        ("permit", "tags", ["a", None], "nothing"),
        ("attester", "name", None, "nothing"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(
    permit_type: CertificateType,
    record: dict[str, Any],
    group: str,
    key: str,
    value: object,
    found: str,
) -> None:
    record[group][key] = value
    with pytest.raises(RecordError) as caught:
        build_payload(permit_type, record)
    assert caught.value.type_id == "permit"
    assert caught.value.source.startswith(f"{group}.{key}")
    assert caught.value.found == found


def test_the_refusal_carries_no_value_of_the_record(
    permit_type: CertificateType, record: dict[str, Any]
) -> None:
    record["permit"]["since"] = "the 901103th day"
    with pytest.raises(RecordError) as caught:
        build_payload(permit_type, record)
    assert "901103" not in str(caught.value)


def test_a_group_that_the_register_lacks_is_named(
    permit_type: CertificateType, record: dict[str, Any]
) -> None:
    del record["permit"]
    with pytest.raises(RecordError, match=r"permit: record permit.fee_krw: .* found nothing"):
        build_payload(permit_type, record)


@given(st.text(max_size=12))
def test_only_full_dates_are_dates(text: str) -> None:
    assert not is_date(text) or (len(text), text[4], text[7]) == (10, "-", "-")


@given(st.dates())
def test_every_full_date_is_a_date(day: date) -> None:
    assert is_date(day.isoformat())
