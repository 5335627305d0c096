"""Receipts from a log's published files: nothing is handed out that does not hold."""

import asyncio
from collections.abc import Sequence

import pytest

from madang.core.evidence.receipt import Receipt, check
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.entry import EntryKind, commitment
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tiles import Tile
from madang.infra import receipts as under_test
from madang.infra.log_client import AppendEntry, LogUnavailable
from madang.infra.receipts import Logged, LogNotBelieved, LogReader, receipts
from tests.unit.madang.infra.tile_log import TileLog

TENANT = "hanbit"
ORIGIN = "id.hanbit.example/hanbit/log"
ISSUER = "https://id.hanbit.example/hanbit/issuer"
SALT = bytes(32)


class CountingLog(TileLog):
    """Tells which files were fetched."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.fetched: list[Tile] = []

    async def tile(self, tenant: str, tile: Tile) -> bytes:
        self.fetched.append(tile)
        return await super().tile(tenant, tile)


@pytest.fixture
def log() -> CountingLog:
    return CountingLog(ORIGIN, generate_ed25519("log"))


@pytest.fixture
def reader(log: CountingLog) -> LogReader:
    return LogReader(TENANT, log, VerifierKey.of(ORIGIN, log.signer))


def digest(number: int) -> bytes:
    return number.to_bytes(32)


def appended(log: TileLog, numbers: Sequence[int]) -> list[Logged]:
    """Append things and return what the office keeps of them."""
    entries = [
        AppendEntry(f"k{n}", EntryKind.RULE, commitment(SALT, digest(n)), ISSUER, 0)
        for n in numbers
    ]
    indexes = asyncio.run(log.append(TENANT, entries))
    kept = log.entries[TENANT]
    return [Logged(digest(n), SALT, kept[indexes[f"k{n}"] or 0]) for n in numbers]


def got(reader: LogReader, things: Sequence[Logged]) -> dict[bytes, Receipt]:
    return asyncio.run(receipts(reader, things))


def test_every_receipt_holds_by_itself(log: CountingLog, reader: LogReader) -> None:
    things = appended(log, range(300))
    log.publish(TENANT)
    wanted = [things[0], things[255], things[256], things[299]]
    found = got(reader, wanted)
    assert list(found) == [thing.digest for thing in wanted]
    for thing in wanted:
        receipt = found[thing.digest]
        assert check(receipt, reader.key, thing=thing.digest).ok
        assert (receipt.index, receipt.salt) == (thing.entry.sequence, SALT)


def test_a_file_is_fetched_once(log: CountingLog, reader: LogReader) -> None:
    things = appended(log, range(300))
    log.publish(TENANT)
    assert len(got(reader, things)) == 300
    assert len(log.fetched) == len({*log.fetched}) == 3


def test_nothing_is_asked_for_nothing(log: CountingLog, reader: LogReader) -> None:
    log.available = False
    assert got(reader, []) == {}


def test_before_the_first_checkpoint_there_is_none(log: CountingLog, reader: LogReader) -> None:
    assert got(reader, appended(log, [1])) == {}


def test_a_log_that_does_not_answer_gives_none(log: CountingLog, reader: LogReader) -> None:
    things = appended(log, [1])
    log.publish(TENANT)
    log.available = False
    assert got(reader, things) == {}


def test_what_came_after_the_checkpoint_has_none_yet(log: CountingLog, reader: LogReader) -> None:
    (early,) = appended(log, [1])
    log.publish(TENANT)
    (late,) = appended(log, [2])
    assert list(got(reader, [late, early])) == [early.digest]


def test_no_more_files_than_the_limit_are_fetched(
    log: CountingLog, reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert under_test.MAX_TILES == 256
    things = appended(log, range(300))
    log.publish(TENANT)
    monkeypatch.setattr(under_test, "MAX_TILES", 2)
    assert got(reader, things[:1] + things[-1:]) == {}
    assert len(log.fetched) == 2
    monkeypatch.setattr(under_test, "MAX_TILES", 3)
    assert len(got(reader, things[:1] + things[-1:])) == 2


def test_another_key_is_not_believed(log: CountingLog, reader: LogReader) -> None:
    things = appended(log, [1])
    log.signer = generate_ed25519("another")
    log.publish(TENANT)
    with pytest.raises(LogNotBelieved, match="not signed by the log's key"):
        got(reader, things)


def test_another_logs_checkpoint_is_not_believed(log: CountingLog, reader: LogReader) -> None:
    things = appended(log, [1])
    log.origin = "id.saebyeol.example/saebyeol/log"
    log.publish(TENANT)
    with pytest.raises(LogNotBelieved):
        got(reader, things)


def test_no_note_is_not_believed(log: CountingLog, reader: LogReader) -> None:
    log.note = "no note"
    with pytest.raises(LogNotBelieved):
        got(reader, appended(log, [1]))


class Bytes(CountingLog):
    """Answers bytes that are no text, as the HTTP adapter reads them."""

    async def checkpoint(self, tenant: str) -> str:  # noqa: ARG002 - the port's form
        return b"\xff".decode()


def test_a_checkpoint_that_is_no_text_is_not_believed(reader: LogReader) -> None:
    log = Bytes(ORIGIN, generate_ed25519("log"))
    with pytest.raises(LogNotBelieved, match="no text"):
        got(LogReader(TENANT, log, reader.key), appended(log, [1]))


@pytest.mark.parametrize("whole", [True, False])
def test_false_files_are_not_believed(log: CountingLog, reader: LogReader, *, whole: bool) -> None:
    things = appended(log, [1, 2])
    log.publish(TENANT)
    log.files = {tile: b"x" * len(data) if whole else b"x" for tile, data in log.files.items()}
    with pytest.raises(LogNotBelieved):
        got(reader, things)


def test_an_entry_that_stands_elsewhere_is_not_believed(
    log: CountingLog, reader: LogReader
) -> None:
    first, second = appended(log, [1, 2])
    log.publish(TENANT)
    with pytest.raises(LogNotBelieved):
        got(reader, [Logged(first.digest, SALT, second.entry)])


class Grown(TileLog):
    """A log that has grown since its checkpoint was read, and keeps full files alone."""

    async def tile(self, tenant: str, tile: Tile) -> bytes:
        if tile not in self.files:
            raise LogUnavailable(tile.path)
        return await super().tile(tenant, tile)


def test_a_partial_file_that_is_gone_is_read_out_of_the_full_one(reader: LogReader) -> None:
    log = Grown(ORIGIN, generate_ed25519("log"))
    kept = appended(log, range(300))
    log.publish(TENANT)
    note, upper = log.note, {tile: data for tile, data in log.files.items() if tile.level == 1}
    appended(log, range(300, 1000))
    log.publish(TENANT)
    log.note, log.files = note, {**upper, **log.files}
    grown = LogReader(TENANT, log, VerifierKey.of(ORIGIN, log.signer))
    found = asyncio.run(receipts(grown, kept))
    assert len(found) == 300
    log.files = {tile: data for tile, data in log.files.items() if tile != Tile(0, 1)}
    assert asyncio.run(receipts(grown, kept[290:])) == {}
