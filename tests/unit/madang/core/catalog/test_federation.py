"""The list of attesters and purposes is read from one file and checked against the types."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.catalog.errors import CatalogError
from madang.core.catalog.federation import Federation, parse_federation
from madang.core.catalog.parser import parse_type

Documents = dict[str, dict[str, Any]]
TENANTS = ("north", "south")


@pytest.fixture
def types(
    permit: Documents, encode: Callable[[Mapping[str, Any]], dict[str, bytes]]
) -> dict[TypeId, CertificateType]:
    return {TypeId("permit"): parse_type(encode(permit), "permit")}


def document() -> dict[str, Any]:
    return {
        "lead": "north",
        "attesters": {"permit": ["south", "north"]},
        "purposes": [
            {
                "id": "check_permit",
                "texts": {"ko": "확인", "en": "To check", "ja": "確認"},
                "verifiers": ["south"],
                "asks": {"permit": [["name"], ["over", "18"], ["sites", None, "town"]]},
            }
        ],
    }


def parse(value: object, types: dict[TypeId, CertificateType]) -> Federation:
    return parse_federation(json.dumps(value).encode(), types, TENANTS)


def test_attesters_lead_and_purposes_are_read(types: dict[TypeId, CertificateType]) -> None:
    federation = parse(document(), types)
    assert federation.lead == "north"
    assert federation.attesters == {"permit": ("south", "north")}
    purpose = federation.purpose("check_permit", "south")
    assert purpose is not None
    assert purpose.asks == {"permit": (("name",), ("over", "18"), ("sites", None, "town"))}
    assert purpose.texts["ja"] == "確認"


def test_a_purpose_may_ask_for_no_claim(types: dict[TypeId, CertificateType]) -> None:
    value = document()
    value["purposes"][0]["asks"] = {"permit": []}
    assert parse(value, types).purposes[0].asks == {"permit": ()}


def test_a_purpose_is_no_other_verifier_s(types: dict[TypeId, CertificateType]) -> None:
    federation = parse(document(), types)
    assert federation.purpose("check_permit", "north") is None
    assert federation.purpose("check_everything", "south") is None


@pytest.mark.parametrize(
    ("keys", "value", "key", "expected"),
    [
        (("lead",), "west", "lead", "one of north, south"),
        (("attesters",), {}, "attesters.permit", "at least one element"),
        (("attesters", "permit"), [], "attesters.permit", "at least one element"),
        (("attesters", "permit"), ["west"], "attesters.permit[0]", "one of north, south"),
        (("attesters", "licence"), ["north"], "attesters.licence", "only permit"),
        (("trusted",), {}, "trusted", "only lead, attesters, purposes"),
        (("purposes", 0, "texts"), {"ko": "확인"}, "purposes[0].texts.en", "a text"),
        (("purposes", 0, "id"), "Check", "purposes[0].id", "snake_case"),
        (("purposes", 0, "verifiers"), ["south", "south"], "purposes[0].verifiers[1]", "each once"),
        (("purposes", 0, "asks", "permit"), [["age"]], "purposes[0].asks.permit[0]", "a claim of"),
        (("purposes", 0, "asks", "permit"), ["name"], "purposes[0].asks.permit[0]", "a claim of"),
        (
            ("purposes", 0, "asks", "permit"),
            [["name"], ["name"]],
            "purposes[0].asks.permit[1]",
            "each once",
        ),
        (("purposes", 0, "asks", "visa"), [["name"]], "purposes[0].asks.visa", "only permit"),
        (("purposes",), document()["purposes"] * 2, "purposes[1].id", "no other"),
    ],
)
def test_a_slip_is_named(
    types: dict[TypeId, CertificateType],
    keys: tuple[str | int, ...],
    value: object,
    key: str,
    expected: str,
) -> None:
    broken = document()
    node: Any = broken
    for step in keys[:-1]:
        node = node[step]
    node[keys[-1]] = value
    with pytest.raises(CatalogError) as caught:
        parse(broken, types)
    assert (caught.value.file, caught.value.key) == ("federation.json", key)
    assert expected in caught.value.expected
