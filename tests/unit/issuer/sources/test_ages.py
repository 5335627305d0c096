"""Age is counted in full years, by the calendar."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.sources.ages import age_equal_or_over, age_on


@pytest.mark.parametrize(
    ("birthdate", "day", "age"),
    [
        (date(1990, 5, 17), date(2025, 5, 16), 34),
        (date(1990, 5, 17), date(2025, 5, 17), 35),
        (date(1990, 12, 31), date(2025, 1, 1), 34),
        (date(2004, 2, 29), date(2023, 2, 28), 18),
        (date(2004, 2, 29), date(2023, 3, 1), 19),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(2025, 6, 1), date(2025, 6, 1), 0),
    ],
)
def test_full_years(birthdate: date, day: date, age: int) -> None:
    assert age_on(birthdate, day) == age


def test_a_predicate_turns_on_the_birthday() -> None:
    birthdate = date(1986, 11, 24)
    assert age_equal_or_over(birthdate, date(2026, 11, 23))["40"] is False
    assert age_equal_or_over(birthdate, date(2026, 11, 24))["40"] is True


@given(st.dates(date(1930, 1, 1), date(2020, 1, 1)), st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_predicates_agree_with_the_age(birthdate: date, day: date) -> None:
    reached = [
        int(age) for age, is_reached in age_equal_or_over(birthdate, day).items() if is_reached
    ]
    assert reached == list(range(1, age_on(birthdate, day) + 1))
