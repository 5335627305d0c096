"""One log on a disk that survives, the process that writes it, its witnesses, and the chain."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy.exc import OperationalError

from ledger_node.following import Following
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.usecases import Publisher
from ledger_node.publisher.witnessing import WitnessError, Witnessing, WitnessPoint
from ledger_node.witness.usecases import Witness
from ledger_node.worker import Node
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import VerifierKey
from madang.infra.clock import FixedClock
from madang.infra.http import HttpError
from madang.infra.ids import SeededIds
from tests.simulation.chain import ContractTwin, SimulatedFollowing
from tests.simulation.chance import Chance, Crash
from tests.simulation.database import MemoryLogs, Tables
from tests.simulation.disk import Folders, SimulatedDisk
from tests.simulation.network import SimulatedNet
from tests.unit.ledger_node.witness.twins import MemoryWitness, MemoryWitnesses

ORIGIN = "log.hanbit.example/hanbit/log"
TENANT = "hanbit"
FOLDER = Path("/log/hanbit")
CHECKPOINT_ENTRIES = 40
NOW = 1_800_000_000
QUORUM = 2
TRIES = 500
NAMES = ("a.example/a/witness", "b.example/b/witness", "c.example/c/witness")

MakePublisher = Callable[..., Publisher]
MakeFiles = Callable[..., LogFiles]
MakeWitnessing = Callable[..., Witnessing]


@dataclass(frozen=True)
class Copy:
    """The disk as it was at a moment.

    Attributes:
        size: of the newest head.
        tables: the database.
        folders: the files.
    """

    size: int
    tables: Tables
    folders: Folders

    def checkpoint(self) -> str | None:
        """Return what was published."""
        found = self.folders.get(FOLDER, {}).get("checkpoint")
        return None if found is None else found.decode()


class World:
    """Everything that the log's process does not lose when it ends, and the process.

    Args:
        seed: all chance follows from it.
        one_in: how often the process is cut off at a durable step.
        publisher: makes the log's writer; tests put one with a mistake here.
        files: makes the published files; likewise.
        witnessing: makes what hands heads over; likewise.
    """

    def __init__(
        self,
        seed: str,
        one_in: int,
        publisher: MakePublisher = Publisher,
        files: MakeFiles = LogFiles,
        witnessing: MakeWitnessing = Witnessing,
    ) -> None:
        self.chance = Chance(seed, one_in)
        self.clock = FixedClock(NOW)
        self.disk = SimulatedDisk(self.chance)
        self.logs = MemoryLogs(self.chance)
        self._make = publisher, files, witnessing
        self._order = SeededIds(f"{seed} order")
        self._signer = generate_ed25519("log")
        self.key = VerifierKey.of(ORIGIN, self._signer)
        self.cosigner = Cosigner(f"https://{ORIGIN}", generate_ml_dsa_44("second"), self.clock)
        self.second_key = CosignerKey.of(ORIGIN, self.cosigner.signer)
        self.memories = {name: MemoryWitnesses() for name in NAMES}
        self.net = SimulatedNet(self.chance, {f"https://{n}": self._witness(n) for n in NAMES})
        self.points = tuple(WitnessPoint(url, w.key) for url, w in self.net.witnesses.items())
        self.contract = ContractTwin(self.chance)
        self.starts = asyncio.Runner()
        self.restart()

    def _witness(self, name: str) -> Witness:
        watched = {ORIGIN: (self.key,)}
        return Witness(name, generate_ed25519(name), watched, self.memories[name], self.clock)

    def _start(self) -> None:
        make_publisher, make_files, make_witnessing = self._make
        self.chance.crashed = False
        self.publisher = make_publisher(
            origin=ORIGIN,
            signer=self._signer,
            cosigner=self.cosigner,
            files=make_files(FOLDER, self.disk),
            stores=self.logs,
            shuffle=self._order.shuffled,
            limit=CHECKPOINT_ENTRIES,
        )
        self.witnessing = make_witnessing(
            self.publisher, self.points, QUORUM, self.net, pause=0.0, patience=0.0
        )
        self.node = Node(
            publishers={TENANT: self.publisher},
            following=cast("Following", SimulatedFollowing(self.contract, self.chance)),
            checkpoint_seconds=0,
        )
        self.starts.run(self.node.start())
        self.starts.run(self.witnessing.begin())
        self.chance.ended()

    def restart(self) -> None:
        """Start again until a start is not cut off itself."""
        for _ in range(TRIES):
            try:
                return self._start()
            except Crash:
                self.ended()
            except (OperationalError, OSError):
                continue
        raise AssertionError(f"it does not start in {TRIES} tries")

    def ended(self) -> None:
        """The process has ended; sometimes because the power was cut."""
        self.logs.busy = False
        if self.chance.one(3, "power cut"):
            self.disk.power_cut()

    def publish(self) -> None:
        """Do what the node does every second."""
        self.node.publish(TENANT)

    def hand_over(self, at: int) -> bool:
        """Bring a witness what it should sign, as the node does; errors are tried again later."""
        try:
            return bool(_driven(self.witnessing.hand_over(self.points[at])))
        except (HttpError, WitnessError, OperationalError, OSError):
            return False

    def anchor(self) -> None:
        """Hold the log against what others have of it, and bring its head to the chain."""
        self.starts.run(self.node.anchor(TENANT))

    def copy(self) -> Copy:
        """Return a copy of the whole disk."""
        sizes = self.logs.tables.sizes
        return Copy(sizes[-1] if sizes else 0, self.logs.copy(), self.disk.copy())

    def restore(self, copied: Copy, *, tables: bool = True, folders: bool = True) -> None:
        """Put a copy, or the half of one, in the place of the disk."""
        if tables:
            self.logs.restore(copied.tables)
        if folders:
            self.disk.restore(copied.folders)

    def remembered(self, name: str) -> MemoryWitness:
        """Return what a witness has on its disk."""
        return self.memories[name].kept

    def reachable(self, size: int) -> bool:
        """Tell whether a witness that can be reached has a head larger than this."""
        for url, witness in self.net.witnesses.items():
            latest = self.remembered(witness.name).latest(ORIGIN)
            if url not in self.net.down and latest is not None and latest.size > size:
                return True
        return False


def _driven(errand: Any) -> Any:
    """Run what waits for nothing: the network of the simulation answers at once."""
    try:
        errand.send(None)
    except StopIteration as ended:
        return ended.value
    raise AssertionError("it waits")
