"""Plans of households: what shall be true of them, before names and dates are drawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from issuer.sources.synthetic.population import HousingSupport, Relation


@dataclass(frozen=True, slots=True)
class Member:
    """A member to be drawn: relation to the head, and age in full years on the reference day."""

    relation: Relation
    age: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What shall be true of a household.

    Attributes:
        members: the head first.
        income_percent: income in percent of the median for its size and the latest year.
        deposit_krw, rent_krw: terms of the lease; both None when the home is not leased.
        support: what the benefit and property registers hold of the head.
    """

    members: tuple[Member, ...]
    income_percent: int
    deposit_krw: int | None
    rent_krw: int | None
    support: HousingSupport


@dataclass(frozen=True, slots=True)
class RentCriteria:
    """The youth rent scheme for which the population is laid out.

    A layout, not a rule: the rules in force stand in ``catalog/rules``, and no decision reads this.
    """

    least_age: int = 19
    greatest_age: int = 39
    deposit_krw: int = 80_000_000
    rent_krw: int = 600_000
    income_percent: int = 150


LAYOUT = RentCriteria()
OLDER_LAYOUT = RentCriteria(deposit_krw=50_000_000, income_percent=120)
"""The scheme's earlier and narrower limits: whoever qualifies by construction meets both."""
QUALIFYING_PER_CITY = 12
EACH_SHORTFALL_PER_CITY = 4
MILLION = 1_000_000
HOUSING_BENEFIT_PERCENT = 47
NATIONAL_SUPPORT_PERCENT = 59
"""Incomes, in percent of the median, up to which the sample population has these benefits."""
OWNERS_AGE = 35
COMPOSITIONS: Mapping[str, tuple[int, tuple[int, int], tuple[Relation, ...]]] = {
    "alone": (34, (19, 88), ()),
    "couple": (18, (26, 84), ("spouse",)),
    "family": (24, (30, 54), ("spouse", "child")),
    "one parent": (8, (30, 54), ("child",)),
    "three generations": (6, (30, 54), ("spouse", "child", "parent")),
    "siblings": (6, (20, 38), ("sibling",)),
    "shared": (4, (22, 54), ("other",)),
}
"""Kinds of households: weight, the youngest and oldest head, who else lives there."""


def guaranteed(rng: Random) -> Iterator[Plan]:
    """Yield the plans that every city has, whatever else is drawn.

    Twelve meet every condition; four each miss exactly one. Who meets all of them in one city
    misses only the residence for the scheme of another.
    """
    for _ in range(QUALIFYING_PER_CITY):
        yield _qualifying(rng)
    for _ in range(EACH_SHORTFALL_PER_CITY):
        yield from _one_shortfall_each(rng)


def _qualifying(rng: Random) -> Plan:
    """Age 22 to 35: far enough from both ends that birth year and age in full years agree."""
    return Plan(
        members=(Member("head", rng.randint(22, 35)),),
        income_percent=rng.randint(40, OLDER_LAYOUT.income_percent - 5),
        deposit_krw=rng.randrange(5 * MILLION, OLDER_LAYOUT.deposit_krw - MILLION, MILLION),
        rent_krw=rng.randrange(250_000, LAYOUT.rent_krw - 10_000, 10_000),
        support=HousingSupport(),
    )


def _one_shortfall_each(rng: Random) -> Iterator[Plan]:
    """Yield a plan per condition that misses it alone, and two between older and newer limits."""
    older = (Member("head", rng.randint(LAYOUT.greatest_age + 3, 63)),)
    yield replace(_qualifying(rng), members=older)
    plan = _qualifying(rng)
    yield replace(plan, members=(*plan.members, Member("sibling", rng.randint(20, 34))))
    too_dear = rng.randrange(LAYOUT.deposit_krw + 5 * MILLION, 200 * MILLION, 5 * MILLION)
    yield replace(_qualifying(rng), deposit_krw=too_dear)
    between = rng.randrange(OLDER_LAYOUT.deposit_krw + MILLION, LAYOUT.deposit_krw, MILLION)
    yield replace(_qualifying(rng), deposit_krw=between)
    yield replace(_qualifying(rng), rent_krw=rng.randrange(650_000, 1_200_000, 10_000))
    yield replace(_qualifying(rng), income_percent=rng.randint(LAYOUT.income_percent + 5, 260))
    percent = rng.randint(OLDER_LAYOUT.income_percent + 3, LAYOUT.income_percent - 3)
    yield replace(_qualifying(rng), income_percent=percent)
    for support, most in (
        (HousingSupport(housing_benefit=True), HOUSING_BENEFIT_PERCENT),
        (HousingSupport(national_rent_support=True), NATIONAL_SUPPORT_PERCENT),
        (HousingSupport(earlier_rent_support=True), OLDER_LAYOUT.income_percent - 5),
        (HousingSupport(home_ownership=True), OLDER_LAYOUT.income_percent - 5),
    ):
        yield replace(_qualifying(rng), support=support, income_percent=rng.randint(35, most))


def drawn(rng: Random) -> Plan:
    """Return a plan of a household as it may be: size, ages, income, tenure and benefits."""
    members = _members(rng)
    percent = rng.choice((rng.randint(15, 47), rng.randint(48, 99), rng.randint(100, 260)))
    deposit, rent = _tenure(rng, members[0].age, percent)
    leased = deposit is not None
    support = HousingSupport(
        housing_benefit=bool(rent) and percent <= HOUSING_BENEFIT_PERCENT and chance(rng, 60),
        home_ownership=not leased or chance(rng, 5),
        national_rent_support=leased and percent <= NATIONAL_SUPPORT_PERCENT and chance(rng, 10),
        earlier_rent_support=chance(rng, 5),
    )
    return Plan(members, percent, deposit, rent, support)


def chance(rng: Random, percent: int) -> bool:
    """Return True in that many of a hundred cases."""
    return rng.randrange(100) < percent


def _members(rng: Random) -> tuple[Member, ...]:
    kinds = list(COMPOSITIONS.values())
    _, ages, relations = rng.choices(kinds, weights=[weight for weight, _, _ in kinds])[0]
    head = Member("head", rng.randint(*ages))
    return (head, *(m for relation in relations for m in _relatives(rng, relation, head.age)))


def _relatives(rng: Random, relation: Relation, age: int) -> list[Member]:
    """Draw those who stand in a relation to a head of an age: how many, and how old."""
    most, youngest, oldest = {
        "spouse": (1, max(20, age - 5), age + 5),
        "child": (3, 0, min(24, age - 22)),
        "parent": (2, age + 23, age + 30),
        "sibling": (1, max(19, age - 6), age),
    }.get(relation, (1, 22, 50))
    return [Member(relation, rng.randint(youngest, oldest)) for _ in range(rng.randint(1, most))]


def _tenure(rng: Random, age: int, percent: int) -> tuple[int | None, int | None]:
    """Draw an owned home, a lease for a large deposit alone, or one with monthly rent."""
    owners = 10 if age < OWNERS_AGE else percent * 60 // 260
    if chance(rng, owners):
        return None, None
    if chance(rng, 35):
        return rng.randrange(60 * MILLION, 420 * MILLION, 5 * MILLION), 0
    rent = rng.randrange(150_000, 1_300_000, 10_000)
    return rng.randrange(2 * MILLION, 120 * MILLION, MILLION), rent
