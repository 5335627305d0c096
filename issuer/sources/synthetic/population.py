"""What the made-up register holds: households, residents, and their facts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from issuer.sources.model import PersonId

Relation = Literal["head", "spouse", "child", "parent", "sibling", "other"]


@dataclass(frozen=True, slots=True)
class City:
    """A municipality that keeps a register: tenant id, official name, two-digit region code."""

    tenant: str
    name: str
    region_code: str


@dataclass(frozen=True, slots=True)
class Stay:
    """One line of an address history; the last one has no end."""

    address: str
    start: date
    end: date | None


@dataclass(frozen=True, slots=True)
class Lease:
    """A reported lease of the household's home, signed by its head; money in won."""

    lessor: str
    deposit_krw: int
    rent_krw: int
    start: date
    end: date
    fixed_date: date
    fixed_no: str


@dataclass(frozen=True, slots=True)
class Employment:
    """A line of the employment insurance."""

    workplace: str
    weekly_hours: int
    since: date
    contract_end: date | None


@dataclass(frozen=True, slots=True)
class HousingSupport:
    """What the benefit and property registers hold of a person: True when there is something."""

    housing_benefit: bool = False
    home_ownership: bool = False
    national_rent_support: bool = False
    earlier_rent_support: bool = False


@dataclass(frozen=True, slots=True)
class Appointment:
    """A post to which the municipality appointed a resident."""

    post: str
    organisation: str
    start: date
    end: date | None
    letter_no: str


@dataclass(frozen=True, slots=True)
class DrivingLicence:
    """A licence to drive, with its categories in the letters of ISO/IEC 18013-1."""

    number: str
    start: date
    end: date
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resident:
    """One person.

    ``resident_number`` can belong to nobody: its check digit is wrong, and its seventh digit
    claims a birth in the nineteenth century.
    """

    id: PersonId
    name: str
    birthdate: date
    relation: Relation
    document_number: str
    resident_number: str
    employment: Employment | None
    support: HousingSupport
    appointment: Appointment | None
    licence: DrivingLicence | None = None


@dataclass(frozen=True, slots=True)
class Household:
    """People who live together; the head comes first. ``incomes`` are won a month, by year."""

    city: City
    registered_since: date
    stays: tuple[Stay, ...]
    residents: tuple[Resident, ...]
    incomes: Mapping[int, int]
    lease: Lease | None


@dataclass(frozen=True, slots=True)
class Population:
    """All households, as laid out for a reference day."""

    reference_day: date
    households: tuple[Household, ...]
