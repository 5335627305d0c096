from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.rules.model import Operator
from madang.core.rules.operators import (
    BROKEN,
    MAX_AGE,
    MAX_TEXT,
    MAX_WHOLE,
    Resolved,
    age_on,
    arity,
    build,
    day_of,
    expectation,
    fits,
    recordable,
    text,
    whole,
)

DAY = date(2025, 3, 1)


def answer(operator: Operator, operands: tuple[Resolved, ...], value: object) -> bool | None:
    assert fits(operator, operands)
    return build(operator, operands, DAY)(value)


@pytest.mark.parametrize(
    ("operator", "operands", "value", "expected"),
    [
        (Operator.EQ, ("none",), "none", True),
        (Operator.EQ, ("none",), "present", False),
        (Operator.EQ, (1,), 1, True),
        (Operator.EQ, (1,), 2, False),
        (Operator.EQ, (True,), True, True),
        (Operator.EQ, (True,), False, False),
        (Operator.EQ, (False,), False, True),
        (Operator.IN, (("a", "b"),), "b", True),
        (Operator.IN, (("a", "b"),), "c", False),
        (Operator.IN, ((1, 2),), 2, True),
        (Operator.LE, (5,), 5, True),
        (Operator.LE, (5,), 6, False),
        (Operator.LT, (5,), 4, True),
        (Operator.LT, (5,), 5, False),
        (Operator.GE, (5,), 5, True),
        (Operator.GE, (5,), 4, False),
        (Operator.GT, (5,), 6, True),
        (Operator.GT, (5,), 5, False),
        (Operator.LE, ("2025-03-01",), "2025-03-01", True),
        (Operator.GE, (DAY,), "2025-02-28", False),
        (Operator.BETWEEN, (1, 3), 1, True),
        (Operator.BETWEEN, (1, 3), 3, True),
        (Operator.BETWEEN, (1, 3), 0, False),
        (Operator.BETWEEN, (1, 3), 4, False),
        (Operator.BETWEEN, ("2025-01-01", DAY), "2025-03-02", False),
        (Operator.BEFORE, (DAY,), "2025-02-28", True),
        (Operator.BEFORE, (DAY,), "2025-03-01", False),
        (Operator.AFTER, (DAY,), "2025-03-02", True),
        (Operator.AFTER, (DAY,), "2025-03-01", False),
        (Operator.AGE_AT, (19, 39), "2006-03-01", True),
        (Operator.AGE_AT, (19, 39), "2006-03-02", False),
        (Operator.AGE_AT, (19, 39), "1985-03-02", True),
        (Operator.AGE_AT, (19, 39), "1985-03-01", False),
        (Operator.AGE_AT, (0, 39), "2025-03-02", False),
        (Operator.EXISTS, (), "anything", True),
        (Operator.EXISTS, (), 0.5, True),
    ],
)
def test_what_a_comparison_answers(
    operator: Operator, operands: tuple[Resolved, ...], value: object, *, expected: bool
) -> None:
    assert answer(operator, operands, value) is expected


@pytest.mark.parametrize(
    ("operator", "operands", "values"),
    [
        (Operator.EQ, ("1",), [1, True, None, ["1"], "\ud800", "x" * (MAX_TEXT + 1)]),
        (Operator.EQ, (1,), ["1", True, 1.0, None, MAX_WHOLE + 1]),
        (Operator.EQ, (True,), [1, 1.0, "true", None]),
        (Operator.IN, ((1, 2),), ["1", True, 1.0, None]),
        (Operator.IN, (("1",),), [1, None, []]),
        (Operator.LE, (5,), ["5", 5.0, True, None, -MAX_WHOLE - 1]),
        (Operator.LE, (DAY,), [20250301, "2025-3-1", "20250301", "2025-02-30", "", None]),
        (Operator.BETWEEN, (1, 3), ["2", 2.0, True]),
        (Operator.BEFORE, (DAY,), ["2025-W09-5", "2025-02-28T00:00:00Z", 5]),
        (Operator.AGE_AT, (19, 39), [28, "1997", "97-04-12", None]),
        (Operator.EXISTS, (), [None, BROKEN]),
    ],
)
def test_a_claim_of_another_type_is_no_answer(
    operator: Operator, operands: tuple[Resolved, ...], values: list[object]
) -> None:
    assert [answer(operator, operands, value) for value in values] == [None] * len(values)


@pytest.mark.parametrize(
    ("operator", "operands"),
    [
        (Operator.EQ, ()),
        (Operator.EQ, (("a",),)),
        (Operator.EQ, (1, 2)),
        (Operator.EQ, ("x" * (MAX_TEXT + 1),)),
        (Operator.IN, ("a",)),
        (Operator.IN, ((),)),
        (Operator.IN, (("a", 1),)),
        (Operator.IN, (("a", "a"),)),
        (Operator.IN, ((True,),)),
        (Operator.LE, ("five",)),
        (Operator.LE, (True,)),
        (Operator.BETWEEN, (3, 1)),
        (Operator.BETWEEN, (1, "2025-01-01")),
        (Operator.BETWEEN, (DAY, "2025-02-28")),
        (Operator.BEFORE, (5,)),
        (Operator.AFTER, ("soon",)),
        (Operator.AGE_AT, (39, 19)),
        (Operator.AGE_AT, (-1, 39)),
        (Operator.AGE_AT, (0, MAX_AGE + 1)),
        (Operator.AGE_AT, ("2025-01-01", "2025-01-02")),
        (Operator.EXISTS, (1,)),
    ],
)
def test_operands_that_do_not_fit(operator: Operator, operands: tuple[Resolved, ...]) -> None:
    assert not fits(operator, operands)


@pytest.mark.parametrize("operator", Operator)
def test_every_operator_says_what_it_expects(operator: Operator) -> None:
    assert expectation(operator)
    assert arity(operator) in {0, 1, 2}


def test_limits_are_inclusive() -> None:
    assert whole(MAX_WHOLE) == MAX_WHOLE
    assert whole(-MAX_WHOLE) == -MAX_WHOLE
    assert text("x" * MAX_TEXT) is not None
    assert fits(Operator.AGE_AT, (0, MAX_AGE))


def test_what_a_document_can_hold() -> None:
    assert all(map(recordable, ["", "한빛시", 0, True, False]))
    assert not any(map(recordable, [None, 0.5, [], {}, "\ud800", MAX_WHOLE + 1, BROKEN]))


def test_a_text_outside_ascii_is_a_text() -> None:
    assert text("한빛시") == "한빛시"


def test_who_was_born_on_29_february_ages_on_1_march_in_common_years() -> None:
    born = date(2004, 2, 29)
    assert age_on(born, date(2023, 2, 28)) == 18
    assert age_on(born, date(2023, 3, 1)) == 19
    assert age_on(born, date(2024, 2, 28)) == 19
    assert age_on(born, date(2024, 2, 29)) == 20


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.integers(0, 30_000))
def test_age_is_the_number_of_birthdays_passed(born: date, days: int) -> None:
    day = born + timedelta(days=days)
    birthdays = 0
    for year in range(born.year + 1, day.year + 1):
        leap_born = (born.month, born.day) == (2, 29)
        leap_year = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        shifted = date(year, 3, 1) if leap_born and not leap_year else born.replace(year=year)
        birthdays += shifted <= day
    assert age_on(born, day) == birthdays


@given(st.dates())
def test_every_iso_date_is_read_back(day: date) -> None:
    assert day_of(day.isoformat()) == day
