"""Steps of keys in the log: each once, whoever looks how often, and whoever is killed when."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlmodel import select

from issuer.app import TABLES
from issuer.key_steps import KeyBook
from issuer.office import Office
from madang.core.encoding import base64url
from madang.core.keys.ring import Taken
from madang.core.merkle.entry import EntryKind, commitment, hour_of
from madang.infra import journal
from madang.infra.db import Database, sqlite_url
from madang.infra.ids import SystemIds
from madang.infra.key_ring import TURNING
from madang.infra.keystore import KeystoreError
from madang.infra.log_client import LogUnavailable, MemoryLogClient
from madang.infra.outbox import OutboxRow, OutboxWorker
from tests.unit.issuer.world import CACHE, LONGEST, NOW, OTHER, TENANT, World

PURPOSE = "issuer"


@pytest.fixture
def book(world: World) -> KeyBook:
    return KeyBook(office_of(world, world.deps.database), world.issuer_keys)


def office_of(world: World, database: Database) -> Office:
    deps = world.deps
    addresses = deps.addresses
    return Office(world.settings, deps.clock, SystemIds(), database, deps.catalogue, addresses)


def rows(world: World) -> list[OutboxRow]:
    with world.session() as session:
        return list(session.exec(select(OutboxRow).where(OutboxRow.tenant == TENANT)))


def test_each_step_is_entered_once_when_it_is_due(world: World, book: KeyBook) -> None:
    assert book.enter(TENANT, PURPOSE) == 2
    world.issuer_keys.rotate(TENANT, PURPOSE, now=NOW)
    for moved, due in ((0, 1), (CACHE - 1, 0), (1, 2), (LONGEST - 1, 0), (1, 1), (10**9, 0)):
        world.clock.advance(moved)
        assert [book.enter(TENANT, PURPOSE) for _ in range(3)] == [due, 0, 0]
    assert world.codes() == [
        "key.announced",
        "key.active",
        "key.announced",
        "key.verify_only",
        "key.active",
        "key.retired",
    ]


def test_a_compromise_is_entered_too(world: World, book: KeyBook) -> None:
    book.enter_all()
    world.issuer_keys.compromise(TENANT, PURPOSE, 1, now=NOW)
    book.enter_all()
    assert world.codes()[-1] == "key.compromised"
    assert world.codes(OTHER) == ["key.announced", "key.active"] * len(TURNING)


def test_an_entry_opens_to_the_step(world: World, book: KeyBook) -> None:
    """Anybody who has the salt and the key document can recompute it."""
    world.issuer_keys.rotate(TENANT, PURPOSE, now=NOW)
    book.enter(TENANT, PURPOSE)
    log = MemoryLogClient()
    asyncio.run(OutboxWorker(world.deps.database, log).deliver())
    steps = {
        base64url.encode(step.digest(PURPOSE)): step
        for step in world.issuer_keys.taken(TENANT, PURPOSE, now=NOW)
    }
    assert len(rows(world)) == len(steps) == 3
    for row in rows(world):
        step = steps.pop(row.digest)
        assert row.log_index is not None
        entry = log.entries[TENANT][row.log_index]
        assert entry.kind is EntryKind.KEY
        assert entry.issuer == world.identifier()
        assert entry.hour == hour_of(step.at)
        opened = commitment(base64url.decode(row.salt), step.digest(PURPOSE))
        assert entry.commitment == opened


def test_a_kill_while_entering_leaves_nothing_or_all(
    world: World, book: KeyBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the process ends in the transaction, the next look enters each step once."""
    real = journal.record
    for survived in range(2):
        left = iter(range(survived))

        def dying(*given: object, _left: object = left, **named: object) -> None:
            if next(_left, None) is None:  # type: ignore[call-overload]
                raise SystemExit
            real(*given, **named)  # type: ignore[arg-type]

        with monkeypatch.context() as patched:
            patched.setattr(journal, "record", dying)
            with pytest.raises(SystemExit):
                book.enter(TENANT, PURPOSE)
        assert rows(world) == []
    assert book.enter(TENANT, PURPOSE) == 2
    assert len(rows(world)) == 2


class Dying(MemoryLogClient):
    """A log whose answer never arrives: the entries are in, and the office does not know."""

    deaf = True

    async def append(self, tenant: str, entries: object) -> object:  # type: ignore[override]
        answer = await super().append(tenant, entries)  # type: ignore[arg-type]
        if self.deaf:
            raise LogUnavailable("killed between")
        return answer


def test_a_kill_between_log_and_office_doubles_nothing(world: World, book: KeyBook) -> None:
    book.enter(TENANT, PURPOSE)
    log = Dying()
    worker = OutboxWorker(world.deps.database, log)
    with pytest.raises(LogUnavailable):
        asyncio.run(worker.deliver())
    assert book.enter(TENANT, PURPOSE) == 0
    log.deaf = False
    asyncio.run(worker.deliver())
    assert len(log.entries[TENANT]) == 2
    assert sorted(row.log_index or 0 for row in rows(world)) == [0, 1]


def test_processes_that_look_at_once_enter_it_once(world: World, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "issuer.sqlite")
    databases = [Database(url) for _ in range(4)]
    databases[0].create(*TABLES)
    together = threading.Barrier(len(databases))

    def look(database: Database) -> None:
        book = KeyBook(office_of(world, database), world.issuer_keys)
        together.wait()
        book.enter(TENANT, PURPOSE)

    threads = [threading.Thread(target=look, args=(each,)) for each in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with databases[0].reading() as session:
        entered = Counter(row.key for row in session.exec(select(OutboxRow)))
        codes = [entry.code for entry in journal.entries(session, TENANT)]
    assert [*entered.values()] == [1, 1]
    assert codes == ["key.announced", "key.active"]
    for database in databases:
        database.close()


def test_a_damaged_ring_keeps_the_others_steps_from_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The work beside the requests goes on, and says which ring it is."""

    class Damaged:
        signer, published = world.issuer_keys.signer, world.issuer_keys.published

        def taken(self, tenant: str, purpose: str, *, now: int) -> Sequence[Taken]:
            if tenant == TENANT:
                raise KeystoreError("hanbit/issuer.ring is not what was written")
            return world.issuer_keys.taken(tenant, purpose, now=now)

    KeyBook(office_of(world, world.deps.database), Damaged()).enter_all()
    assert world.codes() == []
    assert world.codes(OTHER) == ["key.announced", "key.active"] * len(TURNING)
    assert "hanbit/issuer.ring is not what was written" in caplog.text
