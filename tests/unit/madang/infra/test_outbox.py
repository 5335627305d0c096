"""Entries travel from a service's transaction to the log, whatever fails on the way."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

import pytest

from madang.core.encoding import base64url
from madang.core.merkle.entry import EntryKind, commitment, hour_of
from madang.infra import outbox
from madang.infra.db import Database
from madang.infra.log_client import AppendEntry, LogRefused, LogUnavailable, MemoryLogClient
from madang.infra.outbox import (
    OutboxRow,
    OutboxWorker,
    Registered,
    enqueue,
    export_rows,
    find,
)

NOW = 1_800_000_123
ISSUER = "https://id.a.example/a/issuer"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    opened.create(OutboxRow)
    yield opened
    opened.close()


def registered(number: int) -> Registered:
    return Registered(
        f"key-{number}", EntryKind.CREDENTIAL, ISSUER, number.to_bytes(32), number.to_bytes(16)
    )


def put(database: Database, *numbers: int, tenant: str = "a") -> None:
    with database.transaction() as session:
        for number in numbers:
            enqueue(session, tenant, registered(number), now=NOW)


def exported(database: Database, tenant: str = "a") -> list[dict[str, object]]:
    with database.reading() as session:
        return export_rows(session, tenant)


class OneDown(MemoryLogClient):
    """Logs of which one does not answer, and another speaks of entries that are not its own."""

    def __init__(self, down: str) -> None:
        super().__init__()
        self._down = down

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        if tenant == self._down:
            raise LogUnavailable(tenant)
        return {**await super().append(tenant, entries), "key-1": 7}


def test_a_log_that_does_not_answer_holds_up_its_own_entries_alone(database: Database) -> None:
    put(database, 1, tenant="a")
    put(database, 2, tenant="b")
    with pytest.raises(LogUnavailable):
        asyncio.run(OutboxWorker(database, OneDown("a")).deliver())
    assert [row["index"] for row in exported(database, "b")] == [0]
    assert [row["index"] for row in exported(database, "a")] == [None]


def test_every_row_becomes_one_entry_that_commits_to_it(database: Database) -> None:
    put(database, 1, 2, 3)
    log = MemoryLogClient()
    assert asyncio.run(OutboxWorker(database, log).deliver()) == 3
    assert asyncio.run(OutboxWorker(database, log).deliver()) == 0
    rows = exported(database)
    assert [row["index"] for row in rows] == [0, 1, 2]
    for row, entry in zip(rows, log.entries["a"], strict=True):
        salt, digest = base64url.decode(str(row["salt"])), base64url.decode(str(row["digest"]))
        assert entry.commitment == commitment(salt, digest)
        assert entry.hour == hour_of(NOW)
        assert entry.issuer == ISSUER


def test_an_undone_transaction_leaves_no_entry(database: Database) -> None:
    def undone() -> None:
        with database.transaction() as session:
            enqueue(session, "a", registered(1), now=NOW)
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    log = MemoryLogClient()
    asyncio.run(OutboxWorker(database, log).deliver())
    assert log.entries == {}


class LosesAnswers(MemoryLogClient):
    """Takes entries and fails before it answers, the first time."""

    failures = 1

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        found = await super().append(tenant, entries)
        if self.failures:
            self.failures -= 1
            raise LogUnavailable("the answer was lost")
        return found


class GivesIndexesLater(MemoryLogClient):
    """Answers without an index, the first time."""

    early = True

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        found = await super().append(tenant, entries)
        if self.early:
            self.early = False
            return dict.fromkeys(found)
        return found


def test_a_lost_answer_doubles_nothing(database: Database) -> None:
    put(database, 1, 2)
    log = LosesAnswers()
    with pytest.raises(LogUnavailable):
        asyncio.run(OutboxWorker(database, log).deliver())
    assert [row["index"] for row in exported(database)] == [None, None]
    asyncio.run(OutboxWorker(database, log).deliver())
    assert len(log.entries["a"]) == 2
    assert {row["index"] for row in exported(database)} == {0, 1}


def test_an_index_that_comes_later_is_asked_for_again(database: Database) -> None:
    put(database, 1)
    log = GivesIndexesLater()
    asyncio.run(OutboxWorker(database, log).deliver())
    assert exported(database)[0]["index"] is None
    asyncio.run(OutboxWorker(database, log).deliver())
    assert exported(database)[0]["index"] == 0


def test_a_log_that_is_down_loses_nothing(database: Database) -> None:
    put(database, 1)
    log = MemoryLogClient()
    log.available = False
    with pytest.raises(LogUnavailable):
        asyncio.run(OutboxWorker(database, log).deliver())
    log.available = True
    asyncio.run(OutboxWorker(database, log).deliver())
    assert len(log.entries["a"]) == 1


def test_batches_are_bounded_and_all_go_in_the_end(database: Database) -> None:
    put(database, *range(25))
    log = MemoryLogClient()
    worker = OutboxWorker(database, log, batch=10)
    while asyncio.run(worker.deliver()):
        pass
    assert len(log.entries["a"]) == 25


class Counts(MemoryLogClient):
    """Gives no index for a while, and keeps what it was handed."""

    def __init__(self) -> None:
        super().__init__()
        self.handed: list[str] = []
        self.sequenced = False

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        self.handed += [entry.key for entry in entries]
        found = await super().append(tenant, entries)
        return found if self.sequenced else dict.fromkeys(found)


def test_each_row_is_handed_over_once_a_round_however_many_wait(database: Database) -> None:
    put(database, *range(35))
    log = Counts()
    worker = OutboxWorker(database, log, batch=10)
    assert asyncio.run(worker.deliver()) == 35
    assert sorted(log.handed) == sorted(f"key-{number}" for number in range(35))
    log.sequenced = True
    assert asyncio.run(worker.deliver()) == 35
    assert asyncio.run(worker.deliver()) == 0
    assert len(log.handed) == 70


class RefusesOne(MemoryLogClient):
    """Takes no call that has a certain key in it, as a log does whose key is another entry's."""

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        if any(entry.key == "key-7" for entry in entries):
            raise LogRefused("409")
        return await super().append(tenant, entries)


def test_an_entry_that_is_refused_holds_up_no_other(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    put(database, *range(20))
    worker = OutboxWorker(database, RefusesOne(), batch=16)
    assert asyncio.run(worker.deliver()) == 20
    assert [row["reference"] for row in exported(database) if row["index"] is None] == ["key-7"]
    assert asyncio.run(worker.deliver()) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the log of a does not take the entry key-7"
    ]


def test_the_worker_rests_longer_than_it_works(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(Counts):
        async def append(
            self, tenant: str, entries: Sequence[AppendEntry]
        ) -> Mapping[str, int | None]:
            await asyncio.sleep(0.05)
            return await super().append(tenant, entries)

    monkeypatch.setattr(outbox, "IDLE_SECONDS", 0.0)
    put(database, *range(2))
    log = Slow()

    async def work() -> None:
        async with outbox.running(OutboxWorker(database, log, batch=1)):
            await asyncio.sleep(1.0)

    asyncio.run(work())
    # A round takes 0.1 s and is followed by 0.2 s: four rounds begin in a second, not ten.
    assert 2 <= len(log.handed) <= 8


def test_municipalities_have_logs_of_their_own(database: Database) -> None:
    put(database, 1)
    put(database, 2, tenant="b")
    log = MemoryLogClient()
    asyncio.run(OutboxWorker(database, log).deliver())
    assert {tenant: len(entries) for tenant, entries in log.entries.items()} == {"a": 1, "b": 1}
    assert [row["reference"] for row in exported(database, "b")] == ["key-2"]


def test_a_thing_is_found_by_its_digest_in_its_municipality(database: Database) -> None:
    put(database, 1)
    with database.reading() as session:
        found = find(session, "a", (1).to_bytes(32))
        assert found is not None
        assert found.key == "key-1"
        assert find(session, "b", (1).to_bytes(32)) is None


@pytest.mark.parametrize("database_url", ["sqlite://"])  # there a lost table is as good as away
def test_the_worker_goes_on_when_the_database_was_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "RETRY_SECONDS", 0.01)
    put(database, 1)
    hidden, shown = (
        f"ALTER TABLE {a} RENAME TO {b}" for a, b in (("outbox", "away"), ("away", "outbox"))
    )

    async def work() -> None:
        with database.transaction() as session:
            session.connection().exec_driver_sql(hidden)
        async with outbox.running(OutboxWorker(database, MemoryLogClient())):
            await asyncio.sleep(0.05)
            with database.transaction() as session:
                session.connection().exec_driver_sql(shown)
            await asyncio.sleep(0.2)

    asyncio.run(work())
    assert [row["index"] for row in exported(database)] == [0]
