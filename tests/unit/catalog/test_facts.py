"""Facts carried over: each row says where it comes from and how far it is confirmed."""

import csv
from datetime import date
from pathlib import Path

import pytest

from issuer.sources.median_income import MedianIncomeTable, parse_median_income
from madang.core.catalog.certificate_type import Basis, CertificateType, TypeId


@pytest.fixture(scope="session")
def median(catalog: Path) -> MedianIncomeTable:
    file = catalog / "facts" / "median_income.csv"
    return parse_median_income(file.read_bytes(), file.name)


@pytest.fixture(scope="session")
def names(catalog: Path) -> list[dict[str, str]]:
    with (catalog / "facts" / "certificate_names.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_three_years_for_seven_sizes(median: MedianIncomeTable) -> None:
    assert set(median.rows) == {(y, n) for y in (2024, 2025, 2026) for n in range(1, 8)}
    assert median.years(date(2026, 1, 1)) == (2024, 2025, 2026)


def test_more_people_and_later_years_have_more(median: MedianIncomeTable) -> None:
    for (year, size), row in median.rows.items():
        larger, later = median.row(year, size + 1), median.row(year + 1, size)
        assert larger is None or larger.krw_per_month > row.krw_per_month
        assert later is None or later.krw_per_month > row.krw_per_month


def test_the_official_value_stands_against_the_wrong_page(median: MedianIncomeTable) -> None:
    row = median.row(2025, 2)
    assert row is not None
    assert (row.krw_per_month, row.basis, row.source) == (3_932_658, "confirmed", "mogef.go.kr")


def test_what_is_from_memory_is_marked(median: MedianIncomeTable) -> None:
    marked = {key for key, row in median.rows.items() if row.basis == "unconfirmed"}
    assert marked == {(2025, 7), (2026, 7)}
    assert all((row.source == "from memory") is (key in marked) for key, row in median.rows.items())


def test_types_are_named_as_their_row_says(
    names: list[dict[str, str]], types: dict[TypeId, CertificateType]
) -> None:
    for row in names:
        found = types[TypeId(row["type"])]
        assert found.source.name == row["source"]
        assert found.source.basis == row["basis"]
        if not row["note"]:
            assert [found.names[tag] for tag in ("ko", "en", "ja")] == [
                row["name_ko"],
                row["name_en"],
                row["name_ja"],
            ]
            assert row["issuing_authority"].startswith(found.issuing_authority.names["en"])


def test_types_without_a_row_say_that_they_are_our_own(
    names: list[dict[str, str]], types: dict[TypeId, CertificateType]
) -> None:
    rows = {row["type"] for row in names}
    own = {found.id for found in types.values() if found.source.basis is Basis.OWN}
    assert rows | own == set(types)
    assert not rows & own
