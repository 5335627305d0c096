"""What two workers do at once where the database lets both write.

SQLite lets in one at a time, so none of this happens there.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlmodel import SQLModel, select

from issuer.status.list_store import TABLES, ListStore
from issuer.status.model import Flip, Reason, Status, StatusFinal
from issuer.status.store import CredentialRow, RecordStore, ReplacementRow
from madang.core.status.token_status_list import INVALID, SUSPENDED
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from tests.unit.issuer.status.test_staggering import STAGGER, Desk, policy
from tests.unit.issuer.world import TENANT
from verifier.presentations.list_shelf import KeptList, KeptListRow, ListShelf

MODELS = (CredentialRow, ReplacementRow, *TABLES, KeptListRow)
_PAUSE = 0.5
"""Seconds until another worker surely waits."""


@dataclass
class Workers:
    """Workers with a connection each, and somewhere to run a second one."""

    url: str
    pool: ThreadPoolExecutor
    opened: list[Database] = field(default_factory=list)

    def database(self) -> Database:
        self.opened.append(Database(self.url))
        return self.opened[-1]

    def desk(self, seed: str = "desk") -> Desk:
        desk = Desk(self.database(), policy())
        desk.ids = SeededIds(seed)
        return desk

    def begin(self, work: Callable[[], object]) -> Future[object]:
        """Run work that will wait for whatever the caller holds."""
        future = self.pool.submit(work)
        time.sleep(_PAUSE)
        return future


@pytest.fixture
def workers(postgresql: str) -> Iterator[Workers]:
    database = Database(postgresql)
    tables = [SQLModel.metadata.tables[str(model.__tablename__)] for model in MODELS]
    SQLModel.metadata.drop_all(database.engine, tables=tables)
    database.create(*MODELS)
    with ThreadPoolExecutor() as pool:
        made = Workers(postgresql, pool, [database])
        yield made
    for opened in made.opened:
        opened.close()


def test_no_place_is_given_twice_and_nobody_fails(workers: Workers) -> None:
    desks = [workers.desk(f"worker {number}") for number in range(4)]
    drawn = workers.pool.map(lambda desk: [desk.issue(5) for _ in range(30)], desks)
    given = [index for certificates in drawn for indexes in certificates for index in indexes]
    assert len({*given}) == len(given) == 600


@pytest.mark.parametrize("last", [Status.VALID, Status.SUSPENDED])
def test_a_revocation_that_another_decision_waited_for_stays(
    workers: Workers, last: Status
) -> None:
    desk, other = workers.desk(), workers.desk("other")
    indexes = desk.issue(4)
    desk.change(indexes[0], Status.SUSPENDED, Reason.LOST_DEVICE)
    with desk.database.transaction() as session:
        batch = session.exec(select(CredentialRow.batch)).first() or ""
        places = RecordStore(session).set_status(TENANT, batch, Status.INVALID)
        flips = [Flip(place, Status.INVALID, desk.now) for place in places]
        ListStore(session).plan(TENANT, flips, now=desk.now)
        waiting = workers.begin(lambda: other.change(indexes[1], last, Reason.LOST_DEVICE))
    with pytest.raises(StatusFinal):
        waiting.result()
    desk.sweep(2 * STAGGER)
    assert desk.shown(indexes) == [INVALID] * 4


def test_an_officer_and_a_sweeper_at_the_same_changes_lose_none(workers: Workers) -> None:
    desk, sweeper = workers.desk(), workers.desk("sweeper")
    indexes = desk.issue(4)
    desk.change(indexes[0], Status.SUSPENDED, Reason.UNDER_INQUIRY)
    with sweeper.database.transaction() as session:
        assert ListStore(session).apply(sweeper.now + STAGGER) == 4
        revoking = workers.begin(lambda: desk.change(indexes[0]))
    assert revoking.result() == 4
    assert desk.shown(indexes) == [SUSPENDED] * 4
    desk.sweep(STAGGER)
    assert desk.shown(indexes) == [INVALID] * 4


def test_two_sweepers_do_no_more_than_one(workers: Workers) -> None:
    desk, other = workers.desk(), workers.desk("other")
    desk.change(desk.issue(4)[0])
    later = desk.now + STAGGER

    def sweep() -> int:
        with other.database.transaction() as session:
            return ListStore(session).apply(later)

    with desk.database.transaction() as session:
        assert ListStore(session).apply(later) == 4
        second = workers.begin(sweep)
    assert second.result() == 0


def test_two_verifiers_keep_the_same_list(workers: Workers) -> None:
    shelf, kept = ListShelf(workers.database(), 3, 100), KeptList("https://i/1", "x/y", b"", 0, 9)
    with workers.database().transaction() as session:
        session.add(KeptListRow.model_validate(kept, from_attributes=True))
        session.flush()
        second = workers.begin(lambda: shelf.put(kept, now=0))
    second.result()
    assert shelf.get("https://i/1") == kept
