"""From a resident to the record that certificates are made of, on a given day."""

from collections.abc import Callable, Collection, Mapping
from datetime import date

from issuer.sources.ages import age_equal_or_over
from issuer.sources.median_income import MedianIncomeTable, at_or_below
from issuer.sources.model import Record
from issuer.sources.synthetic.numbers import masked
from issuer.sources.synthetic.population import Household, Resident, Stay
from issuer.sources.synthetic.romanised import romanised
from issuer.sources.synthetic.words import PORTRAIT
from madang.core.encoding.strict_json import Json

GROUPS: Mapping[str, Callable[[Household, Resident, date, MedianIncomeTable], Json]] = {
    "person": lambda household, resident, day, _: _person(household, resident, day),
    "household": lambda household, _, __, ___: _household(household),
    "income": lambda household, _, day, median: _income(household, day, median),
    "lease": lambda household, resident, _, __: _lease(household, resident),
    "employment": lambda _, resident, day, __: _employment(resident, day),
    "housing_support": lambda _, resident, day, __: _housing_support(resident, day),
    "appointment": lambda _, resident, __, ___: _appointment(resident),
    "driving_licence": lambda _, resident, day, __: _driving_licence(resident, day),
}
"""What the register holds of a resident, grouped by source."""


def record(
    household: Household,
    resident: Resident,
    day: date,
    median: MedianIncomeTable,
    groups: Collection[str] = GROUPS.keys(),
) -> Record:
    """Return what the register holds of a resident on a day, in these groups."""
    found = {
        name: GROUPS[name](household, resident, day, median) for name in groups if name in GROUPS
    }
    return {name: group for name, group in found.items() if group is not None}


def _person(household: Household, resident: Resident, day: date) -> dict[str, Json]:
    return {
        "name": resident.name,
        "birthdate": resident.birthdate.isoformat(),
        "birth_year": resident.birthdate.year,
        "age_equal_or_over": age_equal_or_over(resident.birthdate, day),
        "resident_number_masked": masked(resident.resident_number),
        "address": household.stays[-1].address,
        "region_code": household.city.region_code,
        "registered_since": max(household.registered_since, resident.birthdate).isoformat(),
        "address_history": [
            _stay(stay, resident.birthdate)
            for stay in household.stays
            if stay.end is None or stay.end > resident.birthdate
        ],
    }


def _stay(stay: Stay, birthdate: date) -> dict[str, Json]:
    since: dict[str, Json] = {
        "address": stay.address,
        "from": max(stay.start, birthdate).isoformat(),
    }
    return since if stay.end is None else {**since, "to": stay.end.isoformat()}


def _household(household: Household) -> dict[str, Json]:
    return {
        "address": household.stays[-1].address,
        "region_code": household.city.region_code,
        "moved_in_on": household.stays[-1].start.isoformat(),
        "head": household.residents[0].name,
        "size": len(household.residents),
        "members": [
            {"name": r.name, "relation": r.relation, "birthdate": r.birthdate.isoformat()}
            for r in household.residents
        ],
    }


def _income(household: Household, day: date, median: MedianIncomeTable) -> Json:
    """Return the latest income by the day; None where no median for the size is known."""
    year = max((year for year in household.incomes if year <= day.year), default=None)
    row = None if year is None else median.row(year, len(household.residents))
    if year is None or row is None:
        return None
    return {
        "reference_year": year,
        "household_size": row.household_size,
        "monthly_income_krw": household.incomes[year],
        "median_income_at_or_below": dict(at_or_below(household.incomes[year], row)),
        "median_income_basis": row.basis,
    }


def _lease(household: Household, resident: Resident) -> Json:
    lease = household.lease
    if lease is None:
        return None
    return {
        "address": household.stays[-1].address,
        "lessor": lease.lessor,
        "lessee_is_holder": resident.relation == "head",
        "deposit_krw": lease.deposit_krw,
        "rent_krw": lease.rent_krw,
        "period": {"from": lease.start.isoformat(), "to": lease.end.isoformat()},
        "fixed_date": lease.fixed_date.isoformat(),
        "fixed_no": lease.fixed_no,
    }


def _employment(resident: Resident, day: date) -> dict[str, Json]:
    job = resident.employment
    if job is None or (job.contract_end is not None and job.contract_end < day):
        return {"insured_now": False, "weekly_hours": 0, "as_of": day.isoformat()}
    end = {} if job.contract_end is None else {"contract_end": job.contract_end.isoformat()}
    return {
        "insured_now": True,
        "weekly_hours": job.weekly_hours,
        "workplace": job.workplace,
        "insured_since": job.since.isoformat(),
        **end,
        "as_of": day.isoformat(),
    }


def _housing_support(resident: Resident, day: date) -> dict[str, Json]:
    support = resident.support
    return {
        "housing_benefit": _attested(present=support.housing_benefit),
        "home_ownership": _attested(present=support.home_ownership),
        "national_rent_support": _attested(present=support.national_rent_support),
        "earlier_rent_support": _attested(present=support.earlier_rent_support),
        "as_of": day.isoformat(),
    }


def _attested(*, present: bool) -> str:
    return "present" if present else "none"


def _appointment(resident: Resident) -> Json:
    appointment = resident.appointment
    if appointment is None:
        return None
    end = {} if appointment.end is None else {"to": appointment.end.isoformat()}
    return {
        "post": appointment.post,
        "organisation": appointment.organisation,
        "from": appointment.start.isoformat(),
        **end,
        "letter_no": appointment.letter_no,
    }


def _driving_licence(resident: Resident, day: date) -> Json:
    """Return a licence that has not ended; names in Latin letters, as other countries read them."""
    licence = resident.licence
    if licence is None or licence.end < day:
        return None
    period = {"issued_on": licence.start.isoformat(), "expires_on": licence.end.isoformat()}
    return {
        "family_name": romanised(resident.name[0]),
        "given_name": romanised(resident.name[1:]),
        "family_name_national": resident.name[0],
        "given_name_national": resident.name[1:],
        "number": licence.number,
        "country": "KR",
        "distinguishing_sign": "ROK",
        "portrait": PORTRAIT,
        **period,
        "privileges": [{"category": each, **period} for each in licence.categories],
    }
