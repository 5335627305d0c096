"""The node goes on when disk or database are away for a while, and loses nothing by it."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy.exc import OperationalError

from ledger_node.chain.anchoring import Anchoring
from ledger_node.chain.usecases import TransactionStores
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import Submitted
from ledger_node.publisher.store import LogEntryRow, LogHeadRow, SqlLog, SqlLogs
from ledger_node.publisher.usecases import Publisher
from ledger_node.worker import Node
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.tiles import Tile, TileTree
from madang.infra.clock import FixedClock
from madang.infra.db import Database

TENANT = "hanbit"
ORIGIN = "log.example/hanbit/log"
COSIGNER = Cosigner(f"https://{ORIGIN}", generate_ml_dsa_44("second"), FixedClock(1_800_000_000))


class FullDisk(LogFiles):
    """Files on a disk that is full for some writes."""

    refusals = 0

    def write(self, tile: Tile, content: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OSError(28, "No space left on device")
        super().write(tile, content)


class LockedDatabase(SqlLogs):
    """A database that is locked for some calls."""

    refusals = 0

    def __call__(self) -> AbstractContextManager[SqlLog]:
        if self.refusals:
            self.refusals -= 1
            raise OperationalError("", None, Exception("database is locked"))
        return super().__call__()


@pytest.fixture
def files(tmp_path: Path) -> FullDisk:
    return FullDisk(tmp_path)


@pytest.fixture
def stores() -> LockedDatabase:
    database = Database()
    database.create(LogEntryRow, LogHeadRow)
    return LockedDatabase(database, TENANT)


@pytest.fixture
def node(files: FullDisk, stores: LockedDatabase) -> Node:
    publisher = Publisher(ORIGIN, generate_ed25519("log"), COSIGNER, files, stores, list, 10)
    publisher.accept([entry(number) for number in range(3)])
    return Node(
        {TENANT: publisher},
        cast("Anchoring", None),
        cast("TransactionStores", None),
        None,
        checkpoint_seconds=0,
        cache_seconds=0,
    )


def entry(number: int) -> Submitted:
    return Submitted(
        f"key-{number:04}", EntryKind.CREDENTIAL, number.to_bytes(32), "https://issuer", 0
    )


def published(files: LogFiles) -> int:
    note = files.checkpoint()
    if note is None:
        return 0
    head = parse_note(note).checkpoint
    assert TileTree(head.size, files.read).root() == head.root
    return head.size


@pytest.mark.parametrize("refusals", [1, 2, 5])
def test_a_full_disk_delays_and_loses_nothing(node: Node, files: FullDisk, refusals: int) -> None:
    files.refusals = refusals
    for _ in range(refusals):
        node.publish(TENANT)
        assert published(files) == 0
    node.publish(TENANT)
    assert published(files) == 3
    node.publishers[TENANT].accept([entry(3)])
    node.publish(TENANT)
    assert published(files) == 4


def test_a_locked_database_delays_and_loses_nothing(
    node: Node, files: FullDisk, stores: LockedDatabase
) -> None:
    stores.refusals = 2
    node.publish(TENANT)
    node.publish(TENANT)
    assert published(files) == 0
    node.publish(TENANT)
    assert published(files) == 3
