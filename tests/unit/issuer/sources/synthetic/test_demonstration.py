"""Residents for a demonstration are searched, different, and as their roles say."""

from dataclasses import replace
from datetime import date

import pytest

from issuer.sources.median_income import MedianIncomeTable
from issuer.sources.synthetic.demonstration import (
    NobodyFoundError,
    Role,
    Shortfall,
    demonstration_residents,
    shortfalls,
)
from issuer.sources.synthetic.generator import generate
from issuer.sources.synthetic.population import City, Population
from issuer.sources.synthetic.register import SyntheticRegister


def test_every_role_has_a_person_of_its_own(register: SyntheticRegister, day: date) -> None:
    found = demonstration_residents(register, "hanbit", "11", day)
    assert set(found) == set(Role)
    assert len({resident.person for resident in found.values()}) == len(Role)


def test_their_evidence_is_what_the_counter_accepts(register: SyntheticRegister, day: date) -> None:
    for resident in demonstration_residents(register, "saebyeol", "41", day).values():
        assert register.identify("saebyeol", resident.evidence) == resident.person


def test_roles_are_as_the_records_say(register: SyntheticRegister, day: date) -> None:
    found = demonstration_residents(register, "hanbit", "11", day)
    below = {
        role: register.record("hanbit", resident.person, day)["income"]["median_income_at_or_below"]
        for role, resident in found.items()
    }
    assert below[Role.QUALIFIES]["150"] is True
    assert below[Role.EARNS_TOO_MUCH]["150"] is False
    assert below[Role.LACKS_A_CERTIFICATE]["150"] is True
    other = register.record("hanbit", found[Role.OTHER_PERSON].person, day)
    assert other["person"]["age_equal_or_over"]["40"] is True


def test_another_seed_gives_other_people(
    register: SyntheticRegister, median: MedianIncomeTable, cities: tuple[City, City], day: date
) -> None:
    other = SyntheticRegister(generate(2, day, cities, median), median)
    mine = demonstration_residents(register, "hanbit", "11", day)[Role.QUALIFIES]
    theirs = demonstration_residents(other, "hanbit", "11", day)[Role.QUALIFIES]
    assert mine.evidence != theirs.evidence


def test_a_role_that_nobody_fits_is_named(
    population: Population, median: MedianIncomeTable, day: date
) -> None:
    poorer = tuple(replace(h, incomes={2026: 1}) for h in population.households)
    register = SyntheticRegister(replace(population, households=poorer), median)
    with pytest.raises(NobodyFoundError, match="no resident of hanbit is left for earns_too_much"):
        demonstration_residents(register, "hanbit", "11", day)


def test_what_a_record_lacks_is_missed() -> None:
    assert shortfalls({}, "11") == set(Shortfall)
