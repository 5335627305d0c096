"""A value is seen in every form and at every place; what is random is not taken for one."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.privacy.model import PrivacyInputError
from ledger_node.privacy.needles import MAX_VALUE, MIN_NEEDLE, Needles
from tests.unit.ledger_node.privacy.planted import FORMS, VALUES

NEEDLES = Needles(VALUES)
CHANCE = random.Random(7)  # noqa: S311 - the same bytes in every run


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", range(1, len(VALUES) + 1))
def test_a_value_is_seen_in_each_form(number: int, form: str) -> None:
    planted = FORMS[form](VALUES[number - 1])
    for before in range(9):
        data = CHANCE.randbytes(before) + planted + CHANCE.randbytes(5)
        assert number in {hit.value for hit in NEEDLES.search(data)}, before


@given(st.binary(max_size=40), st.binary(max_size=40), st.sampled_from(VALUES))
def test_a_value_is_seen_whatever_stands_around(before: bytes, after: bytes, value: str) -> None:
    (hit, *_) = NEEDLES.search(before + value.encode() + after)
    assert hit.value == VALUES.index(value) + 1


@given(st.text(min_size=3, max_size=30).filter(lambda v: len(v.encode("utf-8", "replace")) >= 6))
def test_any_text_is_seen(value: str) -> None:
    try:
        raw = value.encode()
    except UnicodeEncodeError:
        return
    assert len(raw) < MIN_NEEDLE or [hit.value for hit in Needles([value]).search(raw)] == [1]


def test_a_character_that_has_another_normal_form_is_seen_as_it_is() -> None:
    value = "\uf9e1民俊"  # the second of two code points of one character
    for text in (value, value.replace("\uf9e1", "\u674e")):
        assert [hit.value for hit in Needles([value]).search(text.encode())] == [1]


def test_what_is_random_is_no_value() -> None:
    assert list(NEEDLES.search(CHANCE.randbytes(1_000_000))) == []


def test_a_value_is_told_once_by_its_number_alone() -> None:
    hits = list(NEEDLES.search((VALUES[1] + VALUES[1]).encode()))
    assert [(hit.value, hit.at) for hit in hits] == [(2, 0)]
    assert VALUES[1] not in repr(hits)


@pytest.mark.parametrize("value", ["", "Kim", "1987", "민", "a" * (MAX_VALUE + 1)])
def test_what_would_be_seen_by_chance_is_refused(value: str) -> None:
    with pytest.raises(PrivacyInputError, match="value 2"):
        Needles([VALUES[0], value])


def test_without_values_nothing_is_searched() -> None:
    assert len(Needles([])) == 0
    assert list(Needles([]).search(b"x" * 100)) == []


@pytest.mark.parametrize("length", range(MIN_NEEDLE))
def test_short_data_is_searched(length: int) -> None:
    assert list(NEEDLES.search(b"x" * length)) == []
