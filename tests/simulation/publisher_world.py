"""A publisher whose every durable step can be cut off, and a contract that checks its heads."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import HeadState
from ledger_node.publisher.store import LogEntryRow, LogHeadRow, SqlLog, SqlLogs
from ledger_node.publisher.usecases import Publisher
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.proof import verify_consistency
from madang.core.merkle.tiles import Tile
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.ids import SeededIds

ORIGIN = "log.hanbit.example/hanbit"
TENANT = "hanbit"
CHECKPOINT_ENTRIES = 40
NOW = 1_800_000_000


class Crash(Exception):  # noqa: N818 - what happens, not what is wrong
    """The process ends here; nothing after this point is done."""


class Chaos:
    """Decides by a seed where the process is cut off.

    Attributes:
        one_in: a durable step is cut off once in so many; 0 for never.
        crashes: how often each place was hit.
    """

    def __init__(self, ids: SeededIds, one_in: int) -> None:
        self._ids = ids
        self.one_in = one_in
        self.crashes: dict[str, int] = {}

    def point(self, place: str) -> None:
        if self.one_in and self._ids.below(self.one_in) == 0:
            self.crashes[place] = self.crashes.get(place, 0) + 1
            raise Crash(place)


class FailingFiles(LogFiles):
    """The published files, cut off before, within and after each write."""

    def __init__(self, folder: Path, chaos: Chaos) -> None:
        super().__init__(folder)
        self._chaos = chaos

    def write(self, tile: Tile, content: bytes) -> None:
        self._chaos.point("before a tile")
        self._torn(self.folder / tile.path, content, "within a tile")
        super().write(tile, content)
        self._chaos.point("after a tile")

    def publish(self, note: str) -> None:
        self._chaos.point("before the checkpoint")
        self._torn(self.folder / "checkpoint", note.encode(), "within the checkpoint")
        super().publish(note)
        self._chaos.point("after the checkpoint")

    def _torn(self, path: Path, content: bytes, place: str) -> None:
        try:
            self._chaos.point(place)
        except Crash:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_name(path.name + ".new").write_bytes(content[: len(content) // 2])
            raise


class FailingLogs:
    """The database, cut off before and after each commit."""

    def __init__(self, database: Database, chaos: Chaos) -> None:
        self._logs = SqlLogs(database, TENANT)
        self._chaos = chaos

    @contextmanager
    def __call__(self) -> Iterator[SqlLog]:
        with self._logs() as store:
            yield store
            self._chaos.point("before a commit")
        self._chaos.point("after a commit")


class ContractError(ValueError):
    """The contract reverts."""


@dataclass
class ContractTwin:
    """The contract in memory: a head is taken only with a proof that it extends the last one."""

    heads: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return self.heads[-1][0] if self.heads else 0

    def append(self, size: int, root: bytes, proof: Sequence[bytes]) -> None:
        if self.heads:
            old, old_root = self.heads[-1]
            if size <= old or not verify_consistency(old, size, old_root, root, proof):
                raise ContractError(f"{size} does not extend {old}")
        self.heads.append((size, root))


class World:
    """One log on a disk that survives, and the process that is its only writer."""

    def __init__(self, folder: Path, seed: str, one_in: int) -> None:
        self.database = Database("sqlite://")
        self.database.create(LogEntryRow, LogHeadRow)
        self.stores = SqlLogs(self.database, TENANT)
        self.chaos = Chaos(SeededIds(f"{seed} crashes"), one_in)
        self.files = LogFiles(folder)
        self._failing = FailingFiles(folder, self.chaos)
        self._order = SeededIds(f"{seed} order")
        self._signer = generate_ed25519("log")
        self.key = VerifierKey.of(ORIGIN, self._signer)
        self.clock = FixedClock(NOW)
        self.cosigner = Cosigner(f"https://{ORIGIN}", generate_ml_dsa_44("second"), self.clock)
        self.second_key = CosignerKey.of(ORIGIN, self.cosigner.signer)
        self.contract = ContractTwin()
        self.restart()

    def _start(self) -> Publisher:
        return Publisher(
            origin=ORIGIN,
            signer=self._signer,
            cosigner=self.cosigner,
            files=self._failing,
            stores=FailingLogs(self.database, self.chaos),
            shuffle=self._order.shuffled,
            limit=CHECKPOINT_ENTRIES,
        )

    def restart(self) -> None:
        """Start again until a start is not cut off itself."""
        while True:
            self.publisher = self._start()
            try:
                self.publisher.recover()
                self.publisher.introduce()
            except Crash:
                continue
            return

    def anchor(self) -> None:
        """Bring the newest head to the contract, as the node does."""
        head = self.publisher.newest()
        if head is None or head.state is not HeadState.PUBLISHED:
            return
        if self.contract.size >= head.size:
            self.publisher.anchored(head, None)
            return
        old = self.contract.size
        self.contract.append(
            head.size, head.root, self.publisher.prove(old, head.size) if old else ()
        )
        self.chaos.point("after the chain took a head")
        purpose, state = Purpose(f"append:{head.size}"), TransactionState.ACCEPTED
        number = len(self.contract.heads)
        sent = ChainTransaction(purpose, b"", "0x00", "0x00", number, state, number, final=True)
        self.publisher.anchored(head, sent)
