"""The median incomes of the catalogue, two cities, and a population laid out for one day."""

from datetime import date
from pathlib import Path

import pytest

from issuer.sources.median_income import MedianIncomeTable, parse_median_income
from issuer.sources.synthetic.generator import generate
from issuer.sources.synthetic.population import City, Population
from issuer.sources.synthetic.register import SyntheticRegister

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
DAY = date(2026, 11, 23)


@pytest.fixture(scope="session")
def day() -> date:
    return DAY


@pytest.fixture(scope="session")
def median() -> MedianIncomeTable:
    file = CATALOG / "facts" / "median_income.csv"
    return parse_median_income(file.read_bytes(), file.name)


@pytest.fixture(scope="session")
def cities() -> tuple[City, City]:
    return City("hanbit", "한빛시", "11"), City("saebyeol", "새별시", "41")


@pytest.fixture(scope="session")
def population(median: MedianIncomeTable, cities: tuple[City, City]) -> Population:
    return generate(1, DAY, cities, median)


@pytest.fixture(scope="session")
def register(population: Population, median: MedianIncomeTable) -> SyntheticRegister:
    return SyntheticRegister(population, median)
