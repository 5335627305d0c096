"""Residents for a demonstration, found by what the register says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from issuer.sources.model import IdentityEvidence, PersonId, Record
from issuer.sources.synthetic.plans import LAYOUT, RentCriteria
from issuer.sources.synthetic.register import SyntheticRegister
from madang.core.encoding.strict_json import Json


class Shortfall(StrEnum):
    """A condition of the youth rent scheme that a resident does not meet."""

    AGE = "age"
    HOUSEHOLD = "household of one"
    HOME = "no home owned"
    DEPOSIT = "deposit"
    RENT = "rent"
    INCOME = "income"
    HOUSING_BENEFIT = "no housing benefit"
    NATIONAL_SUPPORT = "no national rent support"
    EARLIER_SUPPORT = "not supported earlier"
    RESIDENCE = "resident of the city"
    LEASE = "lease"


class Role(StrEnum):
    """What a resident of the demonstration stands for."""

    QUALIFIES = "qualifies"
    EARNS_TOO_MUCH = "earns_too_much"
    LACKS_A_CERTIFICATE = "lacks_a_certificate"
    LOSES_A_CERTIFICATE = "loses_a_certificate"
    OTHER_PERSON = "other_person"


SEARCHES: Mapping[Role, frozenset[Shortfall]] = {
    Role.QUALIFIES: frozenset(),
    Role.EARNS_TOO_MUCH: frozenset({Shortfall.INCOME}),
    Role.LACKS_A_CERTIFICATE: frozenset(),
    Role.LOSES_A_CERTIFICATE: frozenset(),
    Role.OTHER_PERSON: frozenset({Shortfall.AGE}),
}
"""What a role's resident misses, no more and no less."""


@dataclass(frozen=True, slots=True)
class DemonstrationResident:
    """A resident with the evidence that the counter asks for."""

    role: Role
    person: PersonId
    evidence: IdentityEvidence


class NobodyFoundError(LookupError):
    """The population has nobody left for a role."""


def demonstration_residents(
    register: SyntheticRegister, tenant: str, region_code: str, day: date
) -> dict[Role, DemonstrationResident]:
    """Search a municipality's residents for one different person per role.

    Raises:
        NobodyFoundError: naming the role.
    """
    found: dict[Role, DemonstrationResident] = {}
    candidates = list(register.residents(tenant))
    missed = {r.id: shortfalls(register.record(tenant, r.id, day), region_code) for r in candidates}
    for role, wanted in SEARCHES.items():
        match = next((r for r in candidates if missed[r.id] == wanted), None)
        if match is None:
            raise NobodyFoundError(f"no resident of {tenant} is left for {role}; try another seed")
        candidates.remove(match)
        evidence = IdentityEvidence(match.name, match.birthdate, match.document_number)
        found[role] = DemonstrationResident(role, match.id, evidence)
    return found


def shortfalls(
    record: Record, region_code: str, criteria: RentCriteria = LAYOUT
) -> frozenset[Shortfall]:
    """Return the conditions of the youth rent scheme that a record does not meet.

    For finding people in a population; who is entitled to what is decided by the rules alone.
    """
    person, lease = _group(record, "person"), _group(record, "lease")
    ages, income = _group(person, "age_equal_or_over"), _group(record, "income")
    support = _group(record, "housing_support")
    below = _group(income, "median_income_at_or_below")
    met = {
        Shortfall.AGE: ages.get(str(criteria.least_age)) is True
        and ages.get(str(criteria.greatest_age + 1)) is False,
        Shortfall.HOUSEHOLD: _group(record, "household").get("size") == 1,
        Shortfall.HOME: support.get("home_ownership") == "none",
        Shortfall.LEASE: lease.get("lessee_is_holder") is True,
        Shortfall.DEPOSIT: _at_most(lease.get("deposit_krw"), criteria.deposit_krw),
        Shortfall.RENT: _at_most(lease.get("rent_krw"), criteria.rent_krw),
        Shortfall.INCOME: below.get(str(criteria.income_percent)) is True,
        Shortfall.HOUSING_BENEFIT: support.get("housing_benefit") == "none",
        Shortfall.NATIONAL_SUPPORT: support.get("national_rent_support") == "none",
        Shortfall.EARLIER_SUPPORT: support.get("earlier_rent_support") == "none",
        Shortfall.RESIDENCE: person.get("region_code") == region_code,
    }
    return frozenset(condition for condition, holds in met.items() if not holds)


def _group(record: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    group = record.get(name)
    return group if isinstance(group, dict) else {}


def _at_most(value: Json, limit: int) -> bool:
    return isinstance(value, int) and value <= limit
