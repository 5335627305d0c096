"""The twins of the simulation do what the database and the disk do."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable
from sqlmodel import SQLModel

from ledger_node.publisher.disk import Disk, SystemDisk
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import HeadState, LogHead, Submitted
from ledger_node.publisher.ports import LogStores
from ledger_node.publisher.store import AT_ONCE, LOG_ROWS, LogCosignatureRow, SqlLogs
from ledger_node.witness.store import WitnessConflictRow, WitnessHeadRow
from madang.core.keys.software import generate_ed25519
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteSignature
from madang.core.merkle.tiles import Tile, encode_bundle
from madang.infra.db import Database
from tests.simulation.chance import Chance, Crash
from tests.simulation.database import MemoryLogs
from tests.simulation.disk import SimulatedDisk

QUIET = 0


@pytest.fixture(params=["sqlite", "postgresql", "twin"])
def stores(request: pytest.FixtureRequest) -> Iterator[LogStores]:
    if request.param == "twin":
        yield MemoryLogs(Chance("1", QUIET))
        return
    kept = request.param == "postgresql"
    database = Database(request.getfixturevalue("postgresql") if kept else "sqlite://")
    database.create(*LOG_ROWS)
    yield SqlLogs(database, "hanbit")
    database.close()


def thing(number: int) -> Submitted:
    return Submitted(f"key-{number}", EntryKind.RULE, number.to_bytes(32), "https://i", 0)


def head(size: int, state: HeadState = HeadState.PUBLISHED) -> LogHead:
    return LogHead(size, bytes([size]) * 32, f"note {size}", state)


def line(name: str, number: int = 1) -> NoteSignature:
    return NoteSignature(name, name.encode()[:4].ljust(4), bytes([number]))


def test_a_key_keeps_what_it_was_first_used_for(stores: LogStores) -> None:
    first, other = thing(1), replace(thing(2), key="key-1")
    with stores() as store:
        assert store.keep([first]) == [(first, None)]
        assert store.keep([first]) == [(first, None)]
        assert store.keep([other]) == [(first, None)]
        assert store.find("key-1") == (first, None)
        assert store.find("key-2") is None
        assert list(store.waiting(10)) == [first]
        store.sequence({"key-1": 0})
        assert store.keep([other]) == [(first, 0)]
        assert store.find("key-1") == (first, 0)
        assert list(store.waiting(10)) == []


def test_many_are_kept_and_sequenced_by_few_statements(stores: LogStores) -> None:
    many = [thing(number) for number in range(2 * AT_ONCE + 1)]
    other = replace(many[7], issuer="https://else.example")
    with stores() as store:
        assert store.keep([]) == []
        store.sequence({})
        assert store.keep([many[7], other, many[3]]) == [
            (many[7], None),
            (many[7], None),
            (many[3], None),
        ]
        store.sequence({many[7].key: 0})
        kept = [(each, 0 if each == many[7] else None) for each in many]
        assert store.keep(many) == kept
        rest = [each.key for each in many if each != many[7]]
        store.sequence({key: index for index, key in enumerate(rest, start=1)})
        assert list(store.waiting(9)) == []
        assert len(store.entries(0, len(many) + 1)) == len(many)


def test_entries_are_in_the_order_of_their_indexes(stores: LogStores) -> None:
    with stores() as store:
        for number in range(5):
            store.keep([thing(number)])
        store.sequence({"key-3": 0, "key-1": 1, "key-0": 2})
        found = store.entries(0, 9)
        assert [entry.commitment for entry in found] == [thing(n).commitment for n in (3, 1, 0)]
        assert [entry.sequence for entry in store.entries(1, 3)] == [1, 2]
        assert sorted(each.key for each in store.waiting(9)) == ["key-2", "key-4"]
        assert len(store.waiting(1)) == 1


def test_heads_by_size(stores: LogStores) -> None:
    with stores() as store:
        assert store.newest() is None
        for size in (3, 5, 9):
            store.save(head(size))
        assert store.newest() == head(9)
        assert store.head(5) == head(5)
        assert store.head(4) is None
        assert list(store.head_sizes(0, 9)) == [3, 5, 9]
        assert list(store.head_sizes(3, 1)) == [5]
        assert list(store.included()) == []
        assert store.newest_anchored() is None
        store.save(head(3, HeadState.ANCHORED))
        store.save(head(5, HeadState.INCLUDED))
        assert list(store.included()) == [head(5, HeadState.INCLUDED)]
        assert store.newest_anchored() == head(3, HeadState.ANCHORED)
        assert store.newest() == head(9)


def test_lines_by_size_and_witness(stores: LogStores) -> None:
    with stores() as store:
        for size in (3, 5, 9):
            store.save(head(size))
        assert store.last_cosigned("ab") == {}
        store.add_cosignature(5, line("b"), 100)
        store.add_cosignature(5, line("a"), 101)
        store.add_cosignature(9, line("a"), 102)
        store.add_cosignature(3, line("a"), 103)
        assert list(store.cosignatures(5)) == [line("a"), line("b")]
        assert list(store.cosignatures(9)) == [line("a")]
        assert list(store.cosignatures(4)) == []
        store.add_cosignature(9, line("a", 2), 104)
        assert list(store.cosignatures(9)) == [line("a", 2)]
        assert store.last_cosigned("abc") == {"a": (9, 104), "b": (5, 100)}
        assert store.last_cosigned("b") == {"b": (5, 100)}


def test_what_witnesses_have_signed_is_found_without_reading_all_of_it() -> None:
    database = Database()
    database.create(*LOG_ROWS)
    stores, keys = SqlLogs(database, "hanbit"), [(each, line(each).key_id) for each in "ab"]
    with stores() as store:
        store.add_cosignature(1, line("b"), 1)
        for size in range(1, 500):
            store.add_cosignature(size, line("a"), 1)
    connection = database.engine.raw_connection().driver_connection
    assert connection is not None
    steps: list[int] = []
    connection.set_progress_handler(lambda: steps.append(10) and None, 10)
    with stores() as store:
        assert store.last_cosigned("ab") == {"a": (499, 1), "b": (1, 1)}
        assert store.cosigned_size(keys, 2) == 1
    assert sum(steps) < 499, "work does not grow with the log"


def test_heads_are_shown_with_the_lines_of_witnesses_behind_their_own() -> None:
    database = Database()
    database.create(*LOG_ROWS)
    signer = generate_ed25519("log")
    with SqlLogs(database, "hanbit")() as store:
        for size in (3, 5):
            note = checkpoint.sign(Checkpoint("log.example", size, bytes(32)), signer)
            store.save(LogHead(size, bytes(32), note))
        own = store.newest()
        assert own is not None
        assert store.notes(1) == [own.note]
        store.add_cosignature(5, line("b"), 1)
        store.add_cosignature(5, line("a"), 1)
        newest, older = store.notes(2)
        assert newest == own.note + line("a").line() + line("b").line()
        assert checkpoint.parse_note(older).checkpoint.size == 3


def test_what_a_quorum_has_signed(stores: LogStores) -> None:
    keys = [(each, line(each).key_id) for each in "abc"]
    with stores() as store:
        for size in (3, 5, 9):
            store.save(head(size))
            store.add_cosignature(size, line("a"), 1)
        for size in (3, 5):
            store.add_cosignature(size, line("b"), 1)
        store.add_cosignature(3, line("c"), 1)
        store.add_cosignature(9, line("stranger"), 1)
        assert [store.cosigned_size(keys, quorum) for quorum in (1, 2, 3, 4)] == [9, 5, 3, 0]
        assert store.cosigned_size(keys[1:], 1) == 5
        assert store.cosigned_size([("a", b"else")], 1) == 0
        assert store.cosigned_size([], 1) == 0
        assert store.cosigned_size(keys, 1, anchored=True) == 0
        store.save(head(5, HeadState.ANCHORED))
        assert store.cosigned_size(keys, 1, anchored=True) == 5
        assert store.cosigned_size(keys, 3, anchored=True) == 0


def test_numbers_that_others_sign_have_room_in_every_database() -> None:
    """What PostgreSQL takes for an int ends at 2**31; a witness may say any time it likes."""
    signed = {
        LogCosignatureRow: ["time"],
        WitnessHeadRow: ["size", "time"],
        WitnessConflictRow: ["size", "seen"],
    }
    for model, names in signed.items():
        table = SQLModel.metadata.tables[str(model.__tablename__)]
        made = str(CreateTable(table).compile(dialect=postgresql.dialect()))
        for name in names:
            assert f"{name} BIGINT" in made


def test_a_transaction_that_fails_leaves_nothing(stores: LogStores) -> None:
    with stores() as store:
        store.keep([thing(1)])
        store.keep([thing(2)])
        store.sequence({"key-1": 0})
        store.save(head(1))
        store.add_cosignature(1, line("a"), 1)

    def fails() -> None:
        with stores() as store:
            store.keep([thing(3)])
            store.sequence({"key-2": 1})
            store.save(head(2))
            store.save(head(1, HeadState.REFUSED))
            store.add_cosignature(1, line("a", 2), 2)
            store.add_cosignature(2, line("b"), 2)
            raise Crash("here")

    with pytest.raises(Crash):
        fails()
    with stores() as store:
        assert store.find("key-3") is None
        assert store.find("key-2") == (thing(2), None)
        assert store.newest() == head(1)
        assert list(store.cosignatures(1)) == [line("a")]
        assert list(store.cosignatures(2)) == []
        assert store.last_cosigned("ab") == {"a": (1, 1)}
        assert [each.key for each in store.waiting(9)] == ["key-2"]


DISKS: dict[str, Callable[[], Disk]] = {
    "disk": SystemDisk,
    "twin": lambda: SimulatedDisk(Chance("1", QUIET)),
}


@pytest.fixture(params=DISKS)
def disk(request: pytest.FixtureRequest) -> Disk:
    return DISKS[request.param]()


def test_files_are_written_renamed_and_taken_away(disk: Disk, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with pytest.raises(FileNotFoundError):
        disk.read(folder / "x")
    disk.make(folder)
    disk.make(folder)
    disk.write(folder / "x.new", b"1")
    disk.rename(folder / "x.new", folder / "x")
    disk.write(folder / "y", b"2")
    disk.rename(folder / "y", folder / "x")
    disk.flush(folder)
    assert disk.read(folder / "x") == b"2"
    with pytest.raises(FileNotFoundError):
        disk.read(folder / "x.new")
    disk.remove(folder)
    disk.remove(folder)
    with pytest.raises(FileNotFoundError):
        disk.read(folder / "x")


def test_a_partial_file_that_was_taken_away_is_read_out_of_the_full_one(
    disk: Disk, tmp_path: Path
) -> None:
    files = LogFiles(tmp_path / "log", disk)
    hashes = [bytes([number % 256]) * 32 for number in range(256)]
    entries = [b"entry %d" % number for number in range(256)]
    for level, full, part in (
        (0, b"".join(hashes), b"".join(hashes[:7])),
        (None, encode_bundle(entries), encode_bundle(entries[:7])),
    ):
        partial = Tile(level, 3, 7)
        with pytest.raises(FileNotFoundError):
            files.read(partial)
        files.write(partial, part)
        assert files.read(partial) == files.served(partial) == part
        files.write(Tile(level, 3), full)
        files.forget_partials(Tile(level, 3))
        assert files.read(partial) == part
        assert files.read(Tile(level, 3)) == full
        with pytest.raises(FileNotFoundError):
            files.served(partial)


def test_what_was_not_flushed_may_be_gone_and_what_was_is_not() -> None:
    lost = 0
    for seed in range(20):
        disk = SimulatedDisk(Chance(str(seed), 10**9))
        folder = Path("/x")
        disk.make(folder)
        for name in ("kept", "open"):
            disk.write(folder / f"{name}.new", name.encode())
            disk.rename(folder / f"{name}.new", folder / name)
            if name == "kept":
                disk.flush(folder)
        disk.power_cut()
        assert disk.read(folder / "kept") == b"kept"
        try:
            assert disk.read(folder / "open") == b"open"
        except FileNotFoundError:
            lost += 1
    assert 0 < lost < 20


def test_a_full_disk_tears_and_says_so() -> None:
    disk = SimulatedDisk(Chance("1", 10**9))
    disk.make(Path("/x"))
    disk.full = 1
    with pytest.raises(OSError, match="No space"):
        disk.write(Path("/x/y"), b"1234")
    assert b"1234".startswith(disk.read(Path("/x/y")))
    disk.write(Path("/x/y"), b"1234")
    assert disk.read(Path("/x/y")) == b"1234"
