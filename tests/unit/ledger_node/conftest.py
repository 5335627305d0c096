"""A contract on a real embedded engine, whose process and file can be taken away."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger_node.chain.anchoring import CONTRACT, Anchoring
from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.chain.model import ChainTransaction
from ledger_node.chain.store import ChainTransactionRow, SqlTransactionStores
from ledger_node.chain.usecases import TransactionSender
from ledger_node.settings import Settings
from ledger_node.worker import _recorded
from madang.core.merkle.tree import Tree, leaf_hash
from madang.infra.chain import AnchorLog, ChainAccount, Head, RpcChain
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.rpc import Rpc

CHAIN_ID = 8283
TENANT, OTHER = "hanbit", "saebyeol"
GENESIS = 1_795_000_000


@dataclass
class Ground:
    """What survives every start: the record, the folder, the logs.

    Attributes:
        trees: the log of each municipality; leaves are numbers.
    """

    folder: Path
    port: int
    database: Database = field(default_factory=Database)
    trees: dict[str, Tree] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database.create(ChainTransactionRow)
        self.stores = SqlTransactionStores(self.database)
        self.trees = {tenant: Tree() for tenant in (TENANT, OTHER)}

    @property
    def cache(self) -> Path:
        return self.folder / "state"

    def record(self) -> list[ChainTransaction]:
        with self.stores() as store:
            return list(store.all())

    def grow(self, tenant: str, count: int) -> None:
        tree = self.trees[tenant]
        for number in range(tree.size, tree.size + count):
            tree.append(leaf_hash(f"{tenant} {number}".encode()))

    def anchoring(self, rpc: Rpc) -> Anchoring:
        chain = RpcChain(rpc)
        return Anchoring(
            chain=chain,
            sender=TransactionSender(chain, self.stores, 5.0),
            accounts={
                tenant: ChainAccount(bytes([number]) * 32, CHAIN_ID)
                for number, tenant in enumerate(self.trees, start=1)
            },
            origins={tenant: f"https://log.{tenant}.example" for tenant in self.trees},
            lead=TENANT,
            record=self.folder / "contract.json",
            owners=self.folder / "logs",
            delay=86_400,
        )

    @asynccontextmanager
    async def running(self, *, kill: bool = False) -> AsyncIterator["Running"]:
        """Run the engine with the record replayed; end it kindly, or kill it."""
        engine = EmbeddedEngine(
            EngineSettings(Settings().engine, self.port, CHAIN_ID, GENESIS, self.cache),
            SystemClock(),
        )
        await engine.start([_recorded(each) for each in self.record()])
        try:
            yield await Running.begin(self, engine, engine.rpc)
        finally:
            if kill:
                await killed(engine)
            else:
                await engine.stop()
            await engine.rpc.close()


@dataclass
class Running:
    """The engine while it runs."""

    ground: Ground
    engine: EmbeddedEngine
    anchoring: Anchoring
    contract: AnchorLog

    @classmethod
    async def begin(cls, ground: Ground, engine: EmbeddedEngine, rpc: Rpc) -> "Running":
        anchoring = ground.anchoring(rpc)
        deployment = await anchoring.deploy()
        contract = anchoring.contract(deployment[CONTRACT].address)
        for tenant in ground.trees:
            await anchoring.open(contract, tenant)
        return cls(ground, engine, anchoring, contract)

    async def append(self, tenant: str = TENANT) -> ChainTransaction | None:
        """Bring the log's newest head to the contract."""
        tree = self.ground.trees[tenant]
        size = tree.size
        return await self.anchoring.append(
            self.contract, tenant, size, tree.root(), lambda old: tree.consistency_proof(old, size)
        )

    async def head(self, tenant: str = TENANT) -> Head:
        return await self.contract.head(await self.anchoring.log_id(self.contract, tenant))

    async def anchored(self, tenant: str = TENANT) -> list[tuple[int, str]]:
        """Return size and transaction of every head that the contract has accepted."""
        log_id = await self.anchoring.log_id(self.contract, tenant)
        found = await self.contract.anchors(log_id)
        return [(each.size, each.transaction) for each in found]


async def killed(engine: EmbeddedEngine) -> None:
    """Kill the engine's process by its id."""
    process = engine._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await asyncio.wait_for(process.wait(), 10)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
    ground = Ground(tmp_path, port)
    yield ground
    ground.database.close()
