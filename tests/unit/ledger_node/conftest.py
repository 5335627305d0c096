"""A contract on a real embedded engine, whose process and file can be taken away."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contracts.addresses import Deployment
from ledger_node.chain.anchoring import Anchoring
from ledger_node.chain.deployment import ANCHOR_LOG, Deployer, FoundingRecord
from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.chain.model import ChainTransaction
from ledger_node.chain.store import ChainTransactionRow, SqlTransactionStores
from ledger_node.chain.usecases import TransactionSender
from ledger_node.chain.work import recorded
from ledger_node.settings import Settings
from madang.core.merkle.tree import Tree, leaf_hash
from madang.infra.chain import AnchorLog, ChainAccount, Head, RpcChain
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.journal import JournalEntry
from madang.infra.rpc import JsonRpc
from tests.serving import free_port

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
        self.database.create(ChainTransactionRow, JournalEntry)
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

    @property
    def accounts(self) -> dict[str, ChainAccount]:
        return {
            tenant: ChainAccount(bytes([number]) * 32, CHAIN_ID)
            for number, tenant in enumerate(self.trees, start=1)
        }

    def anchoring(self, rpc: JsonRpc) -> Anchoring:
        chain = RpcChain(rpc)
        return Anchoring(
            chain=chain,
            sender=TransactionSender(chain, self.stores, 5.0, turn_file=self.folder / "turn"),
            accounts=self.accounts,
            origins={tenant: f"https://log.{tenant}.example" for tenant in self.trees},
            owners=self.folder / "logs",
        )

    def deployer(self, anchoring: Anchoring) -> Deployer:
        return Deployer(
            chain=anchoring.chain,
            sender=anchoring.sender,
            accounts=anchoring.accounts,
            lead=TENANT,
            records=lambda holders: [
                FoundingRecord(4, holder, f"log of {tenant}".encode())
                for tenant, holder in holders.items()
            ],
            record=self.folder / "contract.json",
            delay=86_400,
            final_depth=0,
        )

    @asynccontextmanager
    async def running(self, *, kill: bool = False) -> AsyncIterator["Running"]:
        """Run the engine with the record replayed; end it kindly, or kill it."""
        engine = EmbeddedEngine(
            EngineSettings(Settings().engine, self.port, CHAIN_ID, GENESIS, self.cache),
            SystemClock(),
        )
        await engine.start([recorded(each) for each in self.record()])
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
    deployment: Deployment

    @classmethod
    async def begin(cls, ground: Ground, engine: EmbeddedEngine, rpc: JsonRpc) -> "Running":
        anchoring = ground.anchoring(rpc)
        deployment = await ground.deployer(anchoring).deploy()
        contract = anchoring.contract(deployment[ANCHOR_LOG].address)
        for tenant in ground.trees:
            await anchoring.open(contract, tenant)
        return cls(ground, engine, anchoring, contract, deployment)

    async def append(self, tenant: str = TENANT) -> ChainTransaction | None:
        """Bring the log's newest head to the contract."""
        tree = self.ground.trees[tenant]
        size = tree.size
        return await self.anchoring.append(
            self.contract, tenant, size, tree.root(), lambda old: tree.consistency_proof(old, size)
        )

    async def head(self, tenant: str = TENANT) -> Head:
        return await self.anchoring.head(self.contract, tenant)

    async def anchored(self, tenant: str = TENANT) -> list[tuple[int, str]]:
        """Return size and transaction of every head that the contract has accepted."""
        log_id = await self.anchoring.log_id(self.contract, tenant)
        newest = await self.anchoring.chain.final_block(0)
        assert newest is not None
        found = await self.contract.anchors(log_id, newest.number)
        return [(each.size, each.transaction) for each in found]


async def killed(engine: EmbeddedEngine) -> None:
    """Kill the engine's process by its id."""
    process = engine._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await asyncio.wait_for(process.wait(), 10)


@pytest.fixture
def ground(tmp_path: Path, free_port: int) -> Iterator[Ground]:
    ground = Ground(tmp_path, free_port)
    yield ground
    ground.database.close()


@pytest.fixture(name="free_port")
def port() -> int:
    return free_port()
