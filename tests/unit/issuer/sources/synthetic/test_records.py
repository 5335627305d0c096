"""A record says what the register holds, and nothing where it holds nothing."""

from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO

import pytest
from PIL import Image

from issuer.sources.median_income import MedianIncomeTable
from issuer.sources.model import PersonId
from issuer.sources.synthetic.population import (
    Appointment,
    City,
    DrivingLicence,
    Employment,
    Household,
    HousingSupport,
    Lease,
    Resident,
    Stay,
)
from issuer.sources.synthetic.records import record
from issuer.sources.synthetic.words import PORTRAIT
from madang.core.encoding import base64url

DAY = date(2026, 11, 23)
HEAD = Resident(
    id=PersonId("P1"),
    name="한도윤",
    birthdate=date(1997, 4, 12),
    relation="head",
    document_number="X1",
    resident_number="970412-9123456",
    employment=None,
    support=HousingSupport(),
    appointment=None,
)
HOME = Household(
    city=City("hanbit", "한빛시", "11"),
    registered_since=date(2010, 5, 1),
    stays=(
        Stay("먼바다시 1", date(1990, 1, 1), date(1995, 1, 1)),
        Stay("먼바다시 2", date(1995, 1, 1), date(2010, 5, 1)),
        Stay("한빛시 3", date(2010, 5, 1), None),
    ),
    residents=(HEAD,),
    incomes={2025: 2_000_000, 2026: 3_846_358},
    lease=None,
)


def test_the_person(median: MedianIncomeTable) -> None:
    person = record(HOME, HEAD, DAY, median)["person"]
    assert person["birth_year"] == 1997
    assert person["age_equal_or_over"]["29"] is True
    assert person["age_equal_or_over"]["30"] is False
    assert person["resident_number_masked"] == "970412-*******"
    assert "9123456" not in str(person)
    assert (person["region_code"], person["registered_since"]) == ("11", "2010-05-01")


def test_an_address_history_begins_with_the_person(median: MedianIncomeTable) -> None:
    person = record(HOME, HEAD, DAY, median)["person"]
    assert person["address"] == "한빛시 3"
    assert person["address_history"] == [
        {"address": "먼바다시 2", "from": "1997-04-12", "to": "2010-05-01"},
        {"address": "한빛시 3", "from": "2010-05-01"},
    ]
    child = replace(HEAD, birthdate=date(2020, 1, 2), relation="child")
    person = record(HOME, child, DAY, median)["person"]
    assert person["registered_since"] == "2020-01-02"
    assert person["address_history"] == [{"address": "한빛시 3", "from": "2020-01-02"}]


def test_the_household_lists_its_members(median: MedianIncomeTable) -> None:
    spouse = replace(HEAD, name="윤서아", relation="spouse")
    household = record(replace(HOME, residents=(HEAD, spouse)), spouse, DAY, median)["household"]
    assert (household["head"], household["size"]) == ("한도윤", 2)
    assert household["moved_in_on"] == "2010-05-01"
    assert [member["relation"] for member in household["members"]] == ["head", "spouse"]


@pytest.mark.parametrize(
    ("day", "year", "income", "within", "basis"),
    [
        (date(2025, 12, 31), 2025, 2_000_000, ["85", "100"], "confirmed"),
        (date(2026, 1, 1), 2026, 3_846_358, ["155", "180"], "one_page"),
        (date(2028, 1, 1), 2026, 3_846_358, ["155", "180"], "one_page"),
    ],
)
def test_income_is_the_latest_by_the_day(
    median: MedianIncomeTable, day: date, year: int, income: int, within: list[str], basis: str
) -> None:
    """2026 for one person is 2,564,238 won; 150 % of it is 3,846,357 won, one won less."""
    group = record(HOME, HEAD, day, median)["income"]
    assert (group["reference_year"], group["monthly_income_krw"]) == (year, income)
    assert group["median_income_basis"] == basis
    assert all(group["median_income_at_or_below"][percent] for percent in within)
    assert group["median_income_at_or_below"]["150"] is (year == 2025)


def test_income_without_a_median_is_not_certified(median: MedianIncomeTable) -> None:
    crowd = replace(HOME, residents=(HEAD,) * 8)
    assert "income" not in record(crowd, HEAD, DAY, median)
    assert "income" not in record(HOME, HEAD, date(2024, 6, 1), median)


def test_an_unconfirmed_median_is_said_to_be_so(median: MedianIncomeTable) -> None:
    group = record(replace(HOME, residents=(HEAD,) * 7), HEAD, DAY, median)["income"]
    assert group["median_income_basis"] == "unconfirmed"


def test_a_lease_names_its_lessee(median: MedianIncomeTable) -> None:
    start = date(2026, 3, 1)
    lease = Lease("오가람", 20_000_000, 450_000, start, date(2028, 2, 28), start, "2026-000001")
    home = replace(HOME, lease=lease)
    group = record(home, HEAD, DAY, median)["lease"]
    assert group["lessee_is_holder"] is True
    assert group["period"] == {"from": "2026-03-01", "to": "2028-02-28"}
    sibling = replace(HEAD, relation="sibling")
    assert record(home, sibling, DAY, median)["lease"]["lessee_is_holder"] is False


def test_employment_ends_with_its_contract(median: MedianIncomeTable) -> None:
    job = Employment("햇살상점", 14, date(2026, 1, 5), DAY)
    worker = replace(HEAD, employment=job)
    assert record(HOME, worker, DAY, median)["employment"] == {
        "insured_now": True,
        "weekly_hours": 14,
        "workplace": "햇살상점",
        "insured_since": "2026-01-05",
        "contract_end": "2026-11-23",
        "as_of": "2026-11-23",
    }
    after = record(HOME, worker, DAY + timedelta(days=1), median)["employment"]
    assert after == {"insured_now": False, "weekly_hours": 0, "as_of": "2026-11-24"}
    lasting = replace(HEAD, employment=replace(job, contract_end=None))
    assert "contract_end" not in record(HOME, lasting, DAY, median)["employment"]


@pytest.mark.parametrize(
    "name", ["housing_benefit", "home_ownership", "national_rent_support", "earlier_rent_support"]
)
def test_support_is_attested_as_it_is(median: MedianIncomeTable, name: str) -> None:
    holder = replace(HEAD, support=replace(HousingSupport(), **{name: True}))
    group = record(HOME, holder, DAY, median)["housing_support"]
    assert group.pop("as_of") == "2026-11-23"
    assert {key for key, value in group.items() if value == "present"} == {name}
    assert {value for key, value in group.items() if key != name} == {"none"}


def test_an_appointment_is_there_or_not(median: MedianIncomeTable) -> None:
    assert "appointment" not in record(HOME, HEAD, DAY, median)
    start, end = date(2026, 1, 1), date(2027, 12, 31)
    post = Appointment("청년정책위원", "청년정책과", start, end, "제2026-1호")
    group = record(HOME, replace(HEAD, appointment=post), DAY, median)["appointment"]
    assert (group["from"], group["to"]) == ("2026-01-01", "2027-12-31")
    open_end = replace(HEAD, appointment=replace(post, end=None))
    assert "to" not in record(HOME, open_end, DAY, median)["appointment"]


def test_nothing_is_there_without_a_lease(median: MedianIncomeTable) -> None:
    assert "lease" not in record(HOME, HEAD, DAY, median)


def test_a_licence_is_there_until_it_ends(median: MedianIncomeTable) -> None:
    assert "driving_licence" not in record(HOME, HEAD, DAY, median)
    licence = DrivingLicence("00-21-123456-78", DAY - timedelta(days=900), DAY, ("A", "B"))
    driver = replace(HEAD, licence=licence)
    group = record(HOME, driver, DAY, median)["driving_licence"]
    assert (group["family_name"], group["given_name"]) == ("Han", "Doyun")
    assert (group["family_name_national"], group["given_name_national"]) == ("한", "도윤")
    assert [each["category"] for each in group["privileges"]] == ["A", "B"]
    assert {each["expires_on"] for each in group["privileges"]} == {group["expires_on"]}
    assert "driving_licence" not in record(HOME, driver, DAY + timedelta(days=1), median)


def test_the_picture_is_one() -> None:
    with Image.open(BytesIO(base64url.decode(PORTRAIT))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (24, 32))
