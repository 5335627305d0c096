"""How long a decision is kept, and what stays of it: an entry that nobody can open."""

from sqlmodel import select

from madang.core.merkle.entry import EntryKind
from madang.infra.outbox import OutboxRow
from tests.unit.verifier.world import DAY, City, Land, open_city
from verifier.eligibility.store import CheckRow


def kept(city: City) -> tuple[int, int]:
    """Return how many checks and how many opened decisions there are."""
    with city.deps.database.reading() as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.kind == EntryKind.DECISION)).all()
        return len(session.exec(select(CheckRow)).all()), len(rows)


def test_a_decision_goes_at_the_end_of_its_time_with_what_opens_its_entry(land: Land) -> None:
    with open_city(land, decision_days=30) as city:
        asked = city.ask_eligibility()
        asked.answer(asked.everything())
        city.clock.advance(30 * DAY)
        city.ask_eligibility()
        assert kept(city) == (2, 1)
        city.clock.advance(1)
        city.ask_eligibility()
        assert kept(city) == (2, 0)
