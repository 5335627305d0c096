"""The table of median incomes is read strictly and compared exactly."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.sources.median_income import (
    PERCENTS,
    MedianIncome,
    MedianIncomeError,
    MedianIncomeTable,
    at_or_below,
    parse_median_income,
)

HEAD = b"year,household_size,krw_per_month,basis,source,note\n"


def median_of(krw: int) -> MedianIncome:
    return MedianIncome(2026, 1, krw, "confirmed", "a page")


def test_a_row_is_read() -> None:
    table = parse_median_income(HEAD + b"2026,1,2564238,one_page,a page,to be confirmed\n", "m.csv")
    assert table.row(2026, 1) == MedianIncome(2026, 1, 2_564_238, "one_page", "a page")


def test_what_the_table_does_not_say_is_not_made_up(median: MedianIncomeTable) -> None:
    assert median.row(2026, 8) is None
    assert median.row(2031, 1) is None


def test_years_are_those_that_have_begun(median: MedianIncomeTable) -> None:
    assert median.years(date(2025, 1, 1)) == (2024, 2025)
    assert median.years(date(2031, 7, 1))[-1] == 2026
    with pytest.raises(MedianIncomeError, match="begins with 2024; 2023-12-31 is before"):
        median.years(date(2023, 12, 31))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"year,size\n", r"m.csv:1: expected the columns year,household_size"),
        (HEAD, r"m.csv: expected at least one row"),
        (HEAD + b"2026,1,2.5,confirmed,a,\n", r"m.csv:2: krw_per_month: .* found '2.5'"),
        (HEAD + b"2026,1,-5,confirmed,a,\n", r"m.csv:2: krw_per_month: .* found '-5'"),
        (HEAD + b"2026,0,5,confirmed,a,\n", r"m.csv:2: household_size: .* found '0'"),
        (HEAD + b"2026,1\n", r"m.csv:2: krw_per_month: .* found ''"),
        (
            HEAD + b"2026,1,5,sure,a,\n",
            r"m.csv:2: expected basis one of confirmed, .* found 'sure'",
        ),
        (HEAD + b"2026,1,5,confirmed,,\n", r"m.csv:2: expected basis .* and a source"),
        (HEAD + b"2026,1,5,confirmed,a,\n" * 2, r"m.csv:3: \(2026, 1\) stands twice"),
    ],
)
def test_a_slip_is_named(data: bytes, message: str) -> None:
    with pytest.raises(MedianIncomeError, match=message):
        parse_median_income(data, "m.csv")


def test_no_rounding_decides() -> None:
    """150 % of 2,564,239 won is 3,846,358.5 won: the won below is in, the one above is out."""
    median = median_of(2_564_239)
    assert at_or_below(3_846_358, median)["150"] is True
    assert at_or_below(3_846_359, median)["150"] is False


def test_exactly_the_median_is_at_it() -> None:
    assert at_or_below(2_564_238, median_of(2_564_238))["100"] is True
    assert at_or_below(2_564_239, median_of(2_564_238))["100"] is False


@given(st.integers(0, 10**8), st.integers(1, 10**7))
def test_comparison_is_exact(income: int, krw: int) -> None:
    expected = {str(p): Fraction(income) <= Fraction(p, 100) * krw for p in PERCENTS}
    assert at_or_below(income, median_of(krw)) == expected
