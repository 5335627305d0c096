"""Every head has the log's second signature, and the log says once whose key that is."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import LogHead, Submitted
from ledger_node.publisher.routes import _KEY
from ledger_node.publisher.store import LOG_ROWS, SqlLogs
from ledger_node.publisher.usecases import Publisher, _entry
from madang.core.evidence.second_key import SecondKey
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tree import CompactRange, leaf_hash
from madang.infra.clock import FixedClock
from madang.infra.db import Database

ORIGIN = "log.example/hanbit/log"
NOW = 1_800_000_000
LOG, SECOND = generate_ed25519("log"), generate_ml_dsa_44("second")
KEY = CosignerKey.of(ORIGIN, SECOND)


@dataclass
class Disk:
    """What is left of a log when its process ends."""

    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    database: Database = field(default_factory=Database)

    def __post_init__(self) -> None:
        self.database.create(*LOG_ROWS)
        self.files = LogFiles(self.folder)
        self.stores = SqlLogs(self.database, "hanbit")
        self.cosigner = Cosigner(f"https://{ORIGIN}", SECOND, self.clock)

    def started(self) -> Publisher:
        publisher = Publisher(ORIGIN, LOG, self.cosigner, self.files, self.stores, list, 10)
        publisher.recover()
        publisher.introduce()
        return publisher

    def published(self) -> SignedCheckpoint:
        note = self.files.checkpoint()
        assert note is not None
        return checkpoint.parse_note(note)

    def entries(self) -> list[bytes]:
        with self.stores() as store:
            return [entry.encode() for entry in store.entries(0, 1000)]

    def introductions(self) -> list[int]:
        with self.stores() as store:
            found = store.entries(0, 1000)
        return [entry.sequence for entry in found if entry.kind is EntryKind.KEY]


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def thing(number: int) -> Submitted:
    committed = number.to_bytes(32, "big")
    return Submitted(f"key-{number:04}", EntryKind.CREDENTIAL, committed, "https://issuer", 0)


def test_each_head_is_signed_twice_with_the_time_of_signing(disk: Disk) -> None:
    publisher = disk.started()
    for number in range(3):
        disk.clock.advance(7)
        publisher.accept([thing(number)])
        publisher.checkpoint()
        signed = disk.published()
        assert [each.name for each in signed.note.signatures] == [ORIGIN, ORIGIN]
        assert checkpoint.verify(signed, VerifierKey.of(ORIGIN, LOG))
        assert cosigned(signed, KEY) == NOW + 7 * (number + 1)


def test_a_line_costs_what_the_documents_say(disk: Disk) -> None:
    publisher = disk.started()
    head = publisher.checkpoint()
    assert head is not None
    assert 3200 < len(head.note.encode()) < 3600


def test_after_a_restart_the_same_note_is_published(disk: Disk) -> None:
    head = disk.started().checkpoint()
    assert head is not None
    (disk.folder / "checkpoint").unlink()
    disk.clock.advance(100)
    disk.started()
    assert disk.files.checkpoint() == head.note


def test_the_key_is_an_entry_of_its_own_log_once(disk: Disk) -> None:
    """Whether the process was killed before or after the head, an hour or a year ago."""
    for hours in (0, 1, 24 * 365):
        disk.clock.advance(3600 * hours)
        publisher = disk.started()
        publisher.introduce()
    publisher.checkpoint()
    disk.clock.advance(3600)
    publisher = disk.started()
    publisher.accept([thing(1)])
    publisher.checkpoint()
    assert disk.introductions() == [0]
    second = SecondKey(KEY)
    assert len(list(second.watch(disk.entries()))) == 2
    assert second.introduced == 0
    assert second.judge_newest(disk.published(), "here") == disk.clock.now()


def test_another_key_is_another_entry(disk: Disk) -> None:
    disk.started().checkpoint()
    disk.cosigner = replace(disk.cosigner, signer=generate_ml_dsa_44("next"))
    disk.started().checkpoint()
    assert disk.introductions() == [0, 1]


def old_head(entry: Submitted) -> LogHead:
    """Return the head over one entry as it was signed before there was a second key."""
    grown = CompactRange().extend([leaf_hash(_entry(0, entry).encode())])
    head = Checkpoint(ORIGIN, 1, grown.root())
    return LogHead(1, head.root, checkpoint.sign(head, LOG))


def test_a_log_from_before_gets_its_key_with_the_next_head(disk: Disk) -> None:
    publisher = Publisher(ORIGIN, LOG, disk.cosigner, disk.files, disk.stores, list, 10)
    publisher.accept([thing(0)])
    with disk.stores() as store:
        store.sequence({thing(0).key: 0})
        store.save(old_head(thing(0)))
    publisher = disk.started()
    before = disk.published()
    assert cosigned(before, KEY) is None, "what was signed stays as it was"
    publisher.checkpoint()
    assert disk.introductions() == [1]
    second = SecondKey(KEY)
    assert len(list(second.watch(disk.entries()))) == 2
    assert second.judge(before, "before") is None
    assert second.judge_newest(disk.published(), "after") == NOW


def test_no_service_can_take_the_entrys_place(disk: Disk) -> None:
    entry = disk.cosigner.introduction()
    assert _KEY.fullmatch(entry.key) is None
    assert entry.key == disk.cosigner.introduction().key


def test_only_ml_dsa_44_is_a_second_key(disk: Disk) -> None:
    disk.cosigner = replace(disk.cosigner, signer=LOG)
    with pytest.raises(NoteError, match="ML-DSA-44"):
        disk.started()
