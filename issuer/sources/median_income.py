"""The table of reference median incomes, and exact comparison with it."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal, get_args

Standing = Literal["confirmed", "one_page", "unconfirmed"]
COLUMNS = ["year", "household_size", "krw_per_month", "basis", "source", "note"]
PERCENTS = tuple(range(10, 301, 5))
"""The shares of the median for which a register answers "at or below"."""


class MedianIncomeError(ValueError):
    """The table is malformed, or has no row for what was asked."""


@dataclass(frozen=True, slots=True)
class MedianIncome:
    """One row: won per month for a household of a size in a year, and how far it is confirmed."""

    year: int
    household_size: int
    krw_per_month: int
    basis: Standing
    source: str


@dataclass(frozen=True, slots=True)
class MedianIncomeTable:
    """All rows, by year and household size."""

    rows: Mapping[tuple[int, int], MedianIncome]

    def row(self, year: int, household_size: int) -> MedianIncome | None:
        """Return the row, or None: the table has no value, and none is made up."""
        return self.rows.get((year, household_size))

    def years(self, day: date) -> tuple[int, ...]:
        """Return the years of the table that have begun by a day, in order.

        Raises:
            MedianIncomeError: the day is before the table begins.
        """
        years = sorted({year for year, _ in self.rows if year <= day.year})
        if not years:
            first = min(year for year, _ in self.rows)
            raise MedianIncomeError(f"the table begins with {first}; {day} is before that")
        return tuple(years)


def parse_median_income(data: bytes, file: str) -> MedianIncomeTable:
    """Read the table from CSV.

    Args:
        data: UTF-8 text with the columns of ``COLUMNS``.
        file: the file's name, for messages.

    Raises:
        MedianIncomeError: naming file, line and what was expected.
    """
    reader = csv.DictReader(io.StringIO(data.decode("utf-8")), strict=True)
    if reader.fieldnames != COLUMNS:
        raise MedianIncomeError(f"{file}:1: expected the columns {','.join(COLUMNS)}")
    rows: dict[tuple[int, int], MedianIncome] = {}
    for line in reader:
        row = _row(line, f"{file}:{reader.line_num}")
        key = (row.year, row.household_size)
        if key in rows:
            raise MedianIncomeError(f"{file}:{reader.line_num}: {key} stands twice")
        rows[key] = row
    if not rows:
        raise MedianIncomeError(f"{file}: expected at least one row")
    return MedianIncomeTable(MappingProxyType(rows))


def _row(line: Mapping[str, str], place: str) -> MedianIncome:
    numbers = []
    for column in COLUMNS[:3]:
        text = line[column] or ""
        if not text.isdecimal() or int(text) < 1:
            raise MedianIncomeError(f"{place}: {column}: expected a whole number, found {text!r}")
        numbers.append(int(text))
    basis: Standing | None = next((b for b in get_args(Standing) if b == line["basis"]), None)
    if basis is None or not line["source"]:
        expected = f"basis one of {', '.join(get_args(Standing))}, and a source"
        raise MedianIncomeError(f"{place}: expected {expected}, found {line['basis']!r}")
    year, size, krw = numbers
    return MedianIncome(year, size, krw, basis, line["source"])


def at_or_below(income_krw: int, median: MedianIncome) -> dict[str, bool]:
    """Tell for each share whether an income is at or below that many percent of the median.

    Whole numbers throughout: 150 % of 2,564,238 is not a whole won, and no rounding decides.
    """
    return {str(p): income_krw * 100 <= p * median.krw_per_month for p in PERCENTS}
