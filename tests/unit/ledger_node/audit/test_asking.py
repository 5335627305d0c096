"""What an auditor typed, and the name of each mistake."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.audit.asking import Asked, QuestionError
from ledger_node.audit.model import Criteria
from madang.core.merkle.entry import HOUR, EntryKind

SEOUL = 9


def asked(**fields: str) -> Asked:
    return Asked({name.rstrip("_"): text for name, text in fields.items()}, SEOUL)


def test_empty_fields_are_left_open() -> None:
    empty = dict.fromkeys(["kind", "issuer", "from", "to", "block"], " ")
    assert Asked(empty, SEOUL).criteria() == Criteria() == Asked({}, SEOUL).criteria()


def test_all_fields_are_read() -> None:
    question = asked(
        kind="decision", issuer=" https://x ", from_="2026-02-02T11:40", to="2026-02-02T12:00",
        block="7",
    )  # fmt: skip
    at_eleven = 1_769_997_600
    assert question.criteria() == Criteria(
        EntryKind.DECISION, "https://x", at_eleven, at_eleven + 2 * HOUR, 7
    )


def test_the_last_hour_is_among_what_is_wanted() -> None:
    same = asked(from_="2026-02-02T11:00", to="2026-02-02T11:00").criteria()
    assert same.until is not None
    assert same.since is not None
    assert same.until - same.since == HOUR


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("kind", "person"),
        ("issuer", "x" * 600),
        ("from", "yesterday"),
        ("from", "1950-01-01T00:00"),
        ("from", "0001-01-01T00:00"),
        ("to", "2026-13-01T00:00"),
        ("block", "-1"),
        ("block", "1" * 16),
        ("block", "٣"),
        ("block", "7.0"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(field: str, text: str) -> None:
    with pytest.raises(QuestionError) as caught:
        Asked({field: text}, SEOUL).criteria()
    assert caught.value.field == field


def test_a_day() -> None:
    assert asked(day="2026-02-02").day("day") == date(2026, 2, 2)
    assert asked().day("day") is None
    for wrong in ("2026-02-30", "1970-01-01", "9999-12-31", "x"):
        with pytest.raises(QuestionError):
            asked(day=wrong).day("day")


@given(st.dictionaries(st.sampled_from(["kind", "issuer", "from", "to", "block"]), st.text()))
def test_any_text_is_read_or_named(fields: dict[str, str]) -> None:
    with contextlib.suppress(QuestionError):
        Asked(fields, SEOUL).criteria()
