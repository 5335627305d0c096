"""What every register has to do; the embedded one is held to it."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from issuer.sources.model import IdentityEvidence, PersonId, Register, UnknownPersonError
from issuer.sources.synthetic.population import Resident
from issuer.sources.synthetic.register import SyntheticRegister


@pytest.fixture
def port(register: SyntheticRegister) -> Register:
    return register


@pytest.fixture
def resident(register: SyntheticRegister) -> Resident:
    return register.residents("hanbit")[0]


def evidence(resident: Resident) -> IdentityEvidence:
    return IdentityEvidence(resident.name, resident.birthdate, resident.document_number)


def test_evidence_that_agrees_names_the_person(port: Register, resident: Resident) -> None:
    assert port.identify("hanbit", evidence(resident)) == resident.id


def test_the_clerk_may_type_spaces_and_small_letters(port: Register, resident: Resident) -> None:
    number = resident.document_number
    typed = f" {number[:1].lower()} {number[1:5]} {number[5:]}"
    given = IdentityEvidence(f" {resident.name} ", resident.birthdate, typed)
    assert port.identify("hanbit", given) == resident.id


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: IdentityEvidence(r.name + "가", r.birthdate, r.document_number),
        lambda r: IdentityEvidence(r.name, r.birthdate + timedelta(days=1), r.document_number),
        lambda r: IdentityEvidence(r.name, r.birthdate, "X000"),
        lambda r: IdentityEvidence(r.name, r.birthdate, ""),
        lambda r: IdentityEvidence("", r.birthdate, r.document_number),
    ],
    ids=["name", "birthdate", "document", "no document", "no name"],
)
def test_one_part_that_does_not_agree_names_nobody(
    port: Register, resident: Resident, spoil: Callable[[Resident], IdentityEvidence]
) -> None:
    assert port.identify("hanbit", spoil(resident)) is None


def test_another_municipality_knows_nothing(port: Register, resident: Resident, day: date) -> None:
    assert port.identify("saebyeol", evidence(resident)) is None
    with pytest.raises(UnknownPersonError, match="saebyeol has no person"):
        port.record("saebyeol", resident.id, day, ["person"])


def test_nobody_has_no_record(port: Register, day: date) -> None:
    with pytest.raises(UnknownPersonError) as caught:
        port.record("hanbit", PersonId("P-nobody"), day, ["person"])
    assert "P-nobody" not in str(caught.value)


def test_a_record_is_of_its_day(port: Register, resident: Resident, day: date) -> None:
    later = date(day.year + 50, 1, 1)
    now, then = port.record("hanbit", resident.id, day), port.record("hanbit", resident.id, later)
    assert now["person"]["name"] == then["person"]["name"] == resident.name
    assert now["housing_support"]["as_of"] == day.isoformat()
    assert then["housing_support"]["as_of"] == later.isoformat()
    reached_now = sum(now["person"]["age_equal_or_over"].values())
    reached_then = sum(then["person"]["age_equal_or_over"].values())
    assert reached_now < reached_then


def test_a_record_has_only_the_groups_of_the_port(register: SyntheticRegister, day: date) -> None:
    always = {"person", "household", "employment", "housing_support"}
    seen: set[str] = set()
    for resident in register.residents("hanbit"):
        groups = set(register.record("hanbit", resident.id, day))
        assert always <= groups
        seen |= groups
    assert seen == always | {"income", "lease", "appointment", "driving_licence"}


def test_every_resident_is_found_by_own_evidence(register: SyntheticRegister) -> None:
    for tenant in ("hanbit", "saebyeol"):
        for person in register.residents(tenant):
            assert register.identify(tenant, evidence(person)) == person.id


def test_codes_are_the_two_that_are_attested(register: SyntheticRegister, day: date) -> None:
    codes = {"none", "present"}
    found: set[str] = set()
    for resident in register.residents("hanbit"):
        support = register.record("hanbit", resident.id, day)["housing_support"]
        found |= {value for key, value in support.items() if key != "as_of"}
    assert found == codes


def test_only_the_groups_that_are_asked_for_are_told(
    register: SyntheticRegister, resident: Resident, day: date
) -> None:
    told = register.record("hanbit", resident.id, day, ["person", "household", "type"])
    assert told.keys() == {"person", "household"}
    whole = register.record("hanbit", resident.id, day)
    assert told.items() <= whole.items()
