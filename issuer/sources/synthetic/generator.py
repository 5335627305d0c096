"""Draws the population: equal for equal seed, reference day, cities and median incomes."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import chain
from random import Random

from issuer.sources.median_income import MedianIncomeTable
from issuer.sources.model import PersonId
from issuer.sources.synthetic import numbers, words
from issuer.sources.synthetic.plans import Member, Plan, chance, drawn, guaranteed
from issuer.sources.synthetic.population import (
    Appointment,
    City,
    DrivingLicence,
    Employment,
    Household,
    HousingSupport,
    Lease,
    Population,
    Resident,
    Stay,
)

HOUSEHOLDS = 400
LEASE_DAYS = 730
WORKING_AGES = range(19, 70)
FULL_WEEK = 40
ADULT = timedelta(days=18 * 366)
LICENCE_DAYS = 3652
CATEGORIES = (("B",), ("B",), ("B",), ("A", "B"), ("B", "C"))


def generate(
    seed: int,
    reference_day: date,
    cities: Sequence[City],
    median: MedianIncomeTable,
    households: int = HOUSEHOLDS,
) -> Population:
    """Return a population over all cities, in equal parts.

    Args:
        seed: any whole number.
        reference_day: the day on which the planned properties hold.
        cities: the municipalities, in a stable order.
        median: the median incomes that the incomes follow.
        households: how many in all; the guaranteed ones are among them.

    Raises:
        MedianIncomeError: the reference day is before the table begins.
        ValueError: fewer households than are guaranteed.
    """
    rng = Random(f"madang register {seed}")  # noqa: S311 - reproducible sample data, no secret
    share = households // len(cities)
    plans = [(city, plan) for city in cities for plan in _plans(rng, share)]
    people = sum(len(plan.members) for _, plan in plans)
    draw = _Draw(rng, reference_day, median, people)
    # A chance of its own, so that everything else stays as it was drawn before licences.
    draw.licences = Random(f"madang licences {seed}")  # noqa: S311 - sample data, no secret
    return Population(reference_day, tuple(draw.household(city, plan) for city, plan in plans))


def _plans(rng: Random, count: int) -> list[Plan]:
    plans = list(guaranteed(rng))
    if count < len(plans):
        raise ValueError(f"expected at least {len(plans)} households per city, found {count}")
    plans += [drawn(rng) for _ in range(count - len(plans))]
    rng.shuffle(plans)
    return plans


class _Draw:
    """Turns plans into households; holds what all draws share."""

    def __init__(self, rng: Random, day: date, median: MedianIncomeTable, people: int) -> None:
        self.rng, self.day, self.median = rng, day, median
        self.ids: Iterator[str] = numbers.serials(rng, "P", people)
        self.documents: Iterator[str] = numbers.serials(rng, "X", people)
        self.licences = rng

    def household(self, city: City, plan: Plan) -> Household:
        stays = self._stays(city)
        return Household(
            city=city,
            registered_since=next(s.start for s in stays if s.address.startswith(city.name)),
            stays=stays,
            residents=self._residents(plan),
            incomes=self._incomes(len(plan.members), plan.income_percent),
            lease=self._lease(plan, stays[-1].start),
        )

    def _ago(self, least: int, most: int) -> date:
        return self.day - timedelta(days=self.rng.randint(least, most))

    def _stays(self, city: City) -> tuple[Stay, ...]:
        """Draw one to three addresses; an earlier one may lie outside the city."""
        starts = [self._ago(20, 4000)]
        for _ in range(self.rng.choice((0, 0, 1, 1, 2))):
            starts.insert(0, starts[0] - timedelta(days=self.rng.randint(200, 3000)))
        places = [city.name] * len(starts)
        if len(starts) > 1 and chance(self.rng, 40):
            places[0] = words.ELSEWHERE
        ends: list[date | None] = [*starts[1:], None]
        return tuple(
            Stay(words.address(self.rng, place), start, end)
            for place, start, end in zip(places, starts, ends, strict=True)
        )

    def _residents(self, plan: Plan) -> tuple[Resident, ...]:
        """Draw the head and the others; children and siblings have the head's surname."""
        head = self._resident(plan.members[0], plan, "")
        shared = {"child": head.name[0], "sibling": head.name[0]}
        others = (self._resident(m, plan, shared.get(m.relation, "")) for m in plan.members[1:])
        return (head, *others)

    def _resident(self, member: Member, plan: Plan, surname: str) -> Resident:
        head = member.relation == "head"
        birthdate = self._birthdate(member.age)
        return Resident(
            id=PersonId(next(self.ids)),
            name=words.person_name(self.rng, surname),
            birthdate=birthdate,
            relation=member.relation,
            document_number=next(self.documents),
            resident_number=numbers.resident_number(self.rng, birthdate),
            employment=self._employment(member.age, birthdate),
            support=plan.support if head else HousingSupport(),
            appointment=self._appointment(member.age),
            licence=self._licence(birthdate),
        )

    def _birthdate(self, age: int) -> date:
        """Draw a date so that the age in full years on the reference day is as planned."""
        year = self.day.year - age - 1
        last_birthday = min(self.day, date(self.day.year, self.day.month, 28))
        latest = last_birthday.replace(year=year + 1)
        earliest = last_birthday.replace(year=year) + timedelta(days=4)
        return earliest + timedelta(days=self.rng.randint(0, (latest - earliest).days))

    def _employment(self, age: int, birthdate: date) -> Employment | None:
        if age not in WORKING_AGES or chance(self.rng, 35):
            return None
        hours = self.rng.choice((FULL_WEEK, FULL_WEEK, FULL_WEEK, 28, 14))
        end = None if hours == FULL_WEEK else self.day + timedelta(days=self.rng.randint(10, 300))
        since = max(self._ago(15, 3000), birthdate + ADULT)
        return Employment(self.rng.choice(words.WORKPLACES), hours, since, end)

    def _licence(self, birthdate: date) -> DrivingLicence | None:
        rng, first = self.licences, birthdate + ADULT
        if first >= self.day or chance(rng, 35):
            return None
        since = max(first, self.day - timedelta(days=rng.randint(15, LICENCE_DAYS - 400)))
        number = numbers.licence_number(rng, since)
        until = since + timedelta(days=LICENCE_DAYS)
        return DrivingLicence(number, since, until, rng.choice(CATEGORIES))

    def _appointment(self, age: int) -> Appointment | None:
        if age not in WORKING_AGES or not chance(self.rng, 6):
            return None
        post, organisation = self.rng.choice(words.POSTS)
        start = self._ago(10, 600)
        end = start + timedelta(days=LEASE_DAYS) if post.endswith("위원") else None
        letter = f"제{start.year}-{self.rng.randint(1, 400)}호"
        return Appointment(post, organisation, start, end, letter)

    def _incomes(self, size: int, percent: int) -> dict[int, int]:
        """Draw incomes for the latest three years of the table, a little less for each year back.

        The latest is the planned share of the median, less up to one percent of it, in tens of won.
        """
        incomes: dict[int, int] = {}
        share = percent * 100 - self.rng.randrange(100)
        for year in reversed(self.median.years(self.day)[-3:]):
            row = self.median.row(year, size)
            if row is not None:
                incomes[year] = row.krw_per_month * share // 100_000 * 10
            share = share * self.rng.randint(94, 100) // 100
        return incomes

    def _lease(self, plan: Plan, moved_in: date) -> Lease | None:
        if plan.deposit_krw is None or plan.rent_krw is None:
            return None
        start = max(moved_in, self._ago(20, 400))
        fixed = start + timedelta(days=self.rng.randint(0, 14))
        return Lease(
            lessor=words.person_name(self.rng),
            deposit_krw=plan.deposit_krw,
            rent_krw=plan.rent_krw,
            start=start,
            end=start + timedelta(days=LEASE_DAYS - 1),
            fixed_date=fixed,
            fixed_no=f"{fixed.year}-{self.rng.randint(1, 9999):06d}",
        )


def residents(population: Population) -> Iterator[tuple[Household, Resident]]:
    """Yield everybody with the household."""
    return chain.from_iterable(
        ((household, resident) for resident in household.residents)
        for household in population.households
    )
