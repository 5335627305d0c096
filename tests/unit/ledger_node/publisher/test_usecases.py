"""Entries once, files from the database, and nothing signed on what does not fit."""

import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import (
    KeyConflictError,
    LogDamagedError,
    Submitted,
)
from ledger_node.publisher.store import LOG_ROWS, LogHeadRow, SqlLogs
from ledger_node.publisher.usecases import Publisher
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.tiles import TileTree, split_bundle, tile_of
from madang.infra.clock import FixedClock
from madang.infra.db import Database, sqlite_url

ORIGIN = "log.example/hanbit/log"
LOG, SECOND = generate_ed25519("log"), generate_ml_dsa_44("second")


@dataclass
class Ground:
    """What is left of a log when its process ends, and the process."""

    folder: Path
    limit: int = 1000
    clock: FixedClock = field(default_factory=lambda: FixedClock(1_800_000_000))

    def __post_init__(self) -> None:
        self.database = Database(sqlite_url(self.folder / "log.sqlite"))
        self.database.create(*LOG_ROWS)
        self.stores = SqlLogs(self.database, "hanbit")
        self.files = LogFiles(self.folder / "log")
        self.publisher = self.started()

    def started(self) -> Publisher:
        cosigner = Cosigner(f"https://{ORIGIN}", SECOND, self.clock)
        files = LogFiles(self.folder / "log")
        publisher = Publisher(ORIGIN, LOG, cosigner, files, self.stores, list, self.limit)
        publisher.recover()
        return publisher

    def grow(self, *counts: int) -> int:
        """Publish heads with so many more entries each; return the size."""
        for count in counts:
            head = self.publisher.newest()
            first = head.size if head else 0
            self.publisher.accept([thing(first + n) for n in range(count)])
            assert self.publisher.checkpoint() is not None
        return self.whole()

    def whole(self) -> int:
        """Hold all files against the database; return the size."""
        note = self.files.checkpoint()
        if note is None:
            return 0
        head = checkpoint.parse_note(note).checkpoint
        assert TileTree(head.size, self.files.served).root() == head.root
        with self.stores() as store:
            entries = [entry.encode() for entry in store.entries(0, head.size)]
        found: list[bytes] = []
        for index in range((head.size + 255) // 256):
            bundle = tile_of(None, index, head.size)
            found += split_bundle(bundle, self.files.served(bundle))
            tile = tile_of(0, index, head.size)
            assert len(self.files.served(tile)) == 32 * tile.width
        assert found == entries
        return head.size

    def contents(self) -> dict[str, bytes]:
        folder = self.folder / "log"
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def thing(number: int) -> Submitted:
    return Submitted(f"key-{number}", EntryKind.RULE, number.to_bytes(32), "https://i", 0)


def test_a_key_twice_in_one_call_is_one_entry(ground: Ground) -> None:
    told = ground.publisher.accept([thing(1), thing(2), thing(1)])
    assert told == {"key-1": None, "key-2": None}
    head = ground.publisher.checkpoint()
    assert head is not None
    assert head.size == 2
    assert ground.publisher.accept([thing(2), thing(2)]) == {"key-2": 1}


def test_a_key_twice_in_one_call_for_two_things_is_refused_with_all_beside_it(
    ground: Ground,
) -> None:
    other = replace(thing(2), key="key-1")
    with pytest.raises(KeyConflictError):
        ground.publisher.accept([thing(3), thing(1), other])
    assert ground.publisher.checkpoint() is None


def test_two_connections_that_bring_the_same_at_once_are_told_the_same(ground: Ground) -> None:
    """The second waits for the first one's transaction, and finds its entries."""
    batch = [thing(number) for number in range(50)]
    told: list[dict[str, int | None]] = []
    refused: list[KeyConflictError] = []

    def bring(entries: list[Submitted]) -> None:
        publisher = ground.started()
        try:
            told.append(publisher.accept(entries))
        except KeyConflictError as error:
            refused.append(error)

    other = [replace(batch[-1], commitment=bytes(31) + b"x")]
    threads = [threading.Thread(target=bring, args=(batch,)) for _ in range(4)]
    threads += [threading.Thread(target=bring, args=(other,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) + len(refused) == 6
    assert {len(each) for each in told} in ({50}, {1})
    with ground.stores() as store:
        kept = [each.commitment for each in store.waiting(100)]
    assert len(kept) == len({*kept}) == max(len(each) for each in told)


@pytest.mark.parametrize("counts", [(1,), (255, 1, 1), (3, 300, 256), (256,), (1000, 1, 600)])
def test_files_are_those_of_the_database(ground: Ground, counts: tuple[int, ...]) -> None:
    assert ground.grow(*counts) == sum(counts)


def test_every_head_can_be_proved_from_every_other(ground: Ground) -> None:
    """Also where a partial tile was taken away since."""
    sizes = [1, 5, 200, 256, 300, 511, 700, 1025]
    ground.grow(*(b - a for a, b in zip([0, *sizes], sizes, strict=False)))
    roots = {}
    for size in sizes:
        head = ground.publisher.head(size)
        assert head is not None
        roots[size] = head.root
        assert ground.publisher.root(size) == head.root
    for new in sizes:
        for old in [each for each in sizes if each < new]:
            assert ground.publisher.prove(old, new) == TileTree(
                1025, ground.files.read
            ).consistency_proof(old, new)


def test_partial_files_are_taken_away_a_tile_later(ground: Ground) -> None:
    """Whoever has just read an older checkpoint still finds what it needs."""
    ground.grow(100, 100)
    log = ground.folder / "log" / "tile"
    widths = ["100", "200"]
    for level in ("0", "entries"):
        assert sorted(each.name for each in (log / level / "000.p").iterdir()) == widths
    ground.grow(100, 100)
    for level in ("0", "entries"):
        assert sorted(each.name for each in (log / level / "000.p").iterdir()) == widths
    ground.grow(200)
    for level in ("0", "entries"):
        assert not (log / level / "000.p").exists()
        assert (log / level / "001.p").is_dir()
    assert sorted(each.name for each in (log / "1" / "000.p").iterdir()) == ["1", "2"]


def test_partial_files_that_a_crash_left_are_taken_away_at_the_next_start(ground: Ground) -> None:
    ground.grow(100, 1000)
    left = ground.folder / "log" / "tile" / "0" / "000.p" / "7"
    left.parent.mkdir()
    left.write_bytes(bytes(7 * 32))
    ground.started()
    assert not left.parent.exists()
    assert ground.whole() == 1100


DAMAGES = {
    "nothing": "",
    "a tile is gone": "tile/0/004.p/76",
    "a bundle is gone": "tile/entries/004.p/76",
    "an upper tile is gone": "tile/1/000.p/4",
    "all tiles are gone": "tile",
    "the checkpoint is gone": "checkpoint",
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("torn", [False, True])
def test_what_is_gone_or_torn_at_the_edge_is_written_anew(
    ground: Ground, name: str, *, torn: bool
) -> None:
    ground.grow(300, 500, 300)
    before = ground.contents()
    path = ground.folder / "log" / DAMAGES[name]
    if not DAMAGES[name]:
        pass
    elif path.is_dir():
        shutil.rmtree(path)
    elif torn:
        path.write_bytes(path.read_bytes()[:-5])
    else:
        path.unlink()
    ground.publisher = ground.started()
    assert ground.publisher.damage == ""
    ground.grow(1)
    after = ground.contents()
    gone = {each for each in before if after.get(each) != before[each]} - {"checkpoint"}
    assert gone == set(), "every file of a published head is as it was"


def test_files_of_an_earlier_day_catch_up_head_by_head(ground: Ground) -> None:
    """Others may hold a checkpoint of each size that was published, and ask for its tiles."""
    ground.grow(300)
    earlier = ground.folder / "earlier"
    shutil.copytree(ground.folder / "log", earlier)
    ground.grow(3, 4, 200, 5)
    before = ground.contents()
    shutil.rmtree(ground.folder / "log")
    shutil.copytree(earlier, ground.folder / "log")
    ground.started()
    assert ground.contents() == before


def test_newer_files_than_the_database_stop_the_log_and_stay(ground: Ground) -> None:
    ground.grow(3)
    ground.database.close()
    earlier = (ground.folder / "log.sqlite").read_bytes()
    ground.grow(3)
    before = ground.contents()
    ground.database.close()
    for path in ground.folder.glob("log.sqlite*"):
        path.unlink()
    (ground.folder / "log.sqlite").write_bytes(earlier)
    with pytest.raises(LogDamagedError, match=r"head of 6 entries .* newest has 3"):
        ground.started()
    assert ground.contents() == before


def test_another_head_of_the_same_size_stops_the_log(ground: Ground) -> None:
    ground.grow(3)
    other = checkpoint.sign(Checkpoint(ORIGIN, 3, bytes(32)), LOG)
    ground.files.publish(other)
    with pytest.raises(LogDamagedError, match="3 entries"):
        ground.started()
    assert ground.files.checkpoint() == other


FORGED = checkpoint.sign(Checkpoint(ORIGIN, 9, bytes(32)), generate_ed25519("another")).encode()


@pytest.mark.parametrize("note", [b"", b"\xff", b"x", FORGED], ids=range(4))
def test_a_checkpoint_that_the_log_has_not_signed_is_written_anew(
    ground: Ground, note: bytes
) -> None:
    ground.grow(300)
    before = ground.contents()
    (ground.folder / "log" / "checkpoint").write_bytes(note)
    ground.started()
    assert ground.contents() == before


def test_entries_that_were_altered_in_the_database_are_not_published(ground: Ground) -> None:
    ground.grow(3)
    shutil.rmtree(ground.folder / "log")
    with ground.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE log_entry SET hour = 3600 WHERE log_index=1")
    with pytest.raises(LogDamagedError, match="another root than was signed"):
        ground.started()
    assert ground.files.checkpoint() is None


def test_a_database_that_goes_back_while_the_log_runs_stops_it(ground: Ground) -> None:
    ground.grow(3, 3)
    with ground.database.transaction() as session:
        session.delete(session.get(LogHeadRow, ("hanbit", 6)))
    ground.publisher.accept([thing(99)])
    with pytest.raises(LogDamagedError, match=r"head of 6 entries .* newest has 3"):
        ground.publisher.checkpoint()


def test_a_log_that_is_held_takes_and_signs_nothing_and_tells_the_first_reason(
    ground: Ground,
) -> None:
    ground.publisher.accept([thing(1)])
    ground.publisher.hold("somebody said so")
    ground.publisher.hold("and so on")
    for act in (ground.publisher.checkpoint, lambda: ground.publisher.accept([thing(2)])):
        with pytest.raises(LogDamagedError, match="somebody said so"):
            act()
    assert ground.files.checkpoint() is None
