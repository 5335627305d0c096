"""The elements of the mobile driving licence, and the age that answers a question."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding.cbor import Tag
from madang.core.formats.mdoc.mdl import ELEMENTS, MANDATORY, failures, malformed, nearest_age
from madang.core.formats.mdoc.times import full_date, tdate

DAY = full_date(date(2030, 1, 31))
GOOD: dict[str, Any] = {
    "family_name": "Han",
    "given_name": "Doyun",
    "birth_date": full_date(date(1997, 4, 12)),
    "issue_date": full_date(date(2020, 2, 1)),
    "expiry_date": tdate(1_900_000_000),
    "issuing_country": "KR",
    "issuing_authority": "Korean National Police Agency",
    "document_number": "11-20-000000-00",
    "portrait": b"\xff\xd8\xff",
    "driving_privileges": [
        {"vehicle_category_code": "B", "issue_date": DAY, "expiry_date": DAY},
        {"vehicle_category_code": "A", "codes": [{"code": "01", "sign": "=", "value": "x"}]},
        {"vehicle_category_code": "C", "later": 1},
    ],
    "un_distinguishing_sign": "ROK",
    "sex": 9,
    "height": 170,
    "nationality": "KR",
    "portrait_capture_date": tdate(1_600_000_000),
    "age_over_19": True,
    "biometric_template_face": b"x",
    "family_name_national_character": "한",
    "signature_usual_mark": b"\x89PNG",
    "of_a_later_edition": object(),
}


def test_a_whole_licence() -> None:
    assert not [*failures(GOOD)]
    assert set(MANDATORY) <= set(ELEMENTS)


@pytest.mark.parametrize("name", MANDATORY)
def test_what_is_missing(name: str) -> None:
    without = {key: value for key, value in GOOD.items() if key != name}
    (failure,) = failures(without)
    assert failure.code == "mdl_element_missing"
    assert failure.detail.startswith(name)
    assert not [*malformed(without)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("family_name", ""),
        ("family_name", "한"),
        ("family_name", b"Han"),
        ("family_name", "x" * 151),
        ("birth_date", "1997-04-12"),
        ("birth_date", tdate(0)),
        ("expiry_date", Tag(1004, "2030-02-31")),
        ("portrait_capture_date", DAY),
        ("issuing_country", "KOR"),
        ("issuing_country", "kr"),
        ("portrait", b""),
        ("portrait", "text"),
        ("sex", 3),
        ("sex", True),
        ("height", -1),
        ("height", "170"),
        ("age_over_19", 1),
        ("biometric_template_face", "x"),
        ("driving_privileges", {}),
        ("driving_privileges", ["B"]),
        ("driving_privileges", [{"issue_date": DAY}]),
        ("driving_privileges", [{"vehicle_category_code": "B", "issue_date": "2020-01-01"}]),
        ("driving_privileges", [{"vehicle_category_code": "B", "codes": {}}]),
        ("driving_privileges", [{"vehicle_category_code": "B", "codes": [{"sign": "="}]}]),
        ("driving_privileges", [{"vehicle_category_code": "B", "codes": [{"code": 1}]}]),
    ],
)
def test_what_has_another_form(name: str, value: Any) -> None:
    (failure,) = failures({**GOOD, name: value})
    assert failure.code == "mdl_element_malformed"
    assert failure.detail.startswith(name)


AGES = {"age_over_14": True, "age_over_18": True, "age_over_21": False, "age_over_65": False}


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (10, "age_over_14"),
        (14, "age_over_14"),
        (16, "age_over_18"),
        (18, "age_over_18"),
        (19, None),
        (21, "age_over_21"),
        (60, "age_over_21"),
        (70, "age_over_65"),
    ],
)
def test_the_nearest_age(asked: int, answer: str | None) -> None:
    assert nearest_age(AGES, asked) == answer


def test_what_is_no_age() -> None:
    odd = {"age_over_1": True, "age_over_100": True, "age_over_19": "true", "age_in_years": 29}
    assert nearest_age(odd, 19) is None


@given(st.integers(0, 99), st.integers(0, 99), st.sets(st.integers(0, 99)))
def test_the_answer_is_never_wrong(age: int, asked: int, known: set[int]) -> None:
    elements = {f"age_over_{each:02d}": age >= each for each in known}
    found = nearest_age(elements, asked)
    if found is not None:
        assert elements[found] is (age >= asked)
    elif asked in known:
        pytest.fail("the very age that was asked for is known")
