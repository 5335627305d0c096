"""A whole node without its pages: publishers on disk, the engine, two municipalities."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger_node.chain.store import ChainTransactionRow, SqlTransactionStores
from ledger_node.chain.usecases import Watch
from ledger_node.following import Following
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import LogHead, Submitted
from ledger_node.publisher.store import LOG_ROWS, SqlLogs
from ledger_node.publisher.usecases import Publisher
from ledger_node.settings import Settings
from ledger_node.wiring import ChainParts, chain_work
from ledger_node.worker import Node
from madang.core.keys.software import generate_ed25519, generate_ml_dsa_44
from madang.core.merkle.entry import EntryKind
from madang.infra.chain import ChainAccount
from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.journal import JournalEntry

CHAIN_ID = 8283
TENANTS = ("hanbit", "saebyeol")
CHECKPOINT_ENTRIES = 10_000


@dataclass
class World:
    """What survives the node: the state folder, the database, the keys.

    Attributes:
        port: of the embedded engine.
        rpc_urls: nodes of a chain elsewhere; the embedded engine runs when there are none.
        final_depth: for a chain elsewhere.
        seeds: of the municipalities' chain keys.
    """

    folder: Path
    port: int
    rpc_urls: tuple[str, ...] = ()
    final_depth: int | None = None
    database: Database = field(default_factory=Database)
    seeds: dict[str, int] = field(default_factory=lambda: {"hanbit": 1, "saebyeol": 2})

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.database.create(*LOG_ROWS, ChainTransactionRow, JournalEntry)
        self.signers = {
            tenant: (generate_ed25519("log"), generate_ml_dsa_44("second")) for tenant in TENANTS
        }
        self.clock = SystemClock()

    @property
    def settings(self) -> Settings:
        return Settings(
            state_dir=self.folder,
            chain_port=self.port,
            rpc_urls=self.rpc_urls,
            final_depth=self.final_depth,
            rpc_timeout_seconds=2.0,
            receipt_seconds=5.0,
        )

    def logs(self, tenant: str) -> SqlLogs:
        return SqlLogs(self.database, tenant)

    def publisher(self, tenant: str) -> Publisher:
        first, second = self.signers[tenant]
        origin = f"log.example/{tenant}/log"
        return Publisher(
            origin=origin,
            signer=first,
            cosigner=Cosigner(f"https://{origin}", second, self.clock),
            files=LogFiles(self.folder / "log" / tenant),
            stores=self.logs(tenant),
            shuffle=list,
            limit=CHECKPOINT_ENTRIES,
        )

    def node(self) -> Node:
        publishers = {tenant: self.publisher(tenant) for tenant in TENANTS}
        parts = ChainParts(
            clock=self.clock,
            database=self.database,
            accounts={
                tenant: ChainAccount(bytes([self.seeds[tenant]]) * 32, CHAIN_ID)
                for tenant in TENANTS
            },
            origins={tenant: each.origin for tenant, each in publishers.items()},
            lead=TENANTS[0],
            founding=lambda _holders: (),
        )
        work = chain_work(self.settings, parts)
        stores = SqlTransactionStores(self.database)
        following = Following(work, Watch(work.anchoring.chain, stores, self.clock))
        return Node(publishers, following, checkpoint_seconds=0.05)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Node]:
        """Start a node whose rounds the test does itself."""
        node = self.node()
        try:
            await node.start()
            yield node
        finally:
            await node.stop()

    def newest(self, tenant: str = TENANTS[0]) -> LogHead:
        with self.logs(tenant)() as log:
            head = log.newest()
        assert head is not None
        return head

    def anchored(self, tenant: str = TENANTS[0]) -> int:
        """Return how many entries the chain covers for good."""
        with self.logs(tenant)() as log:
            head = log.newest_anchored()
        return 0 if head is None else head.size

    def purposes(self) -> list[str]:
        with SqlTransactionStores(self.database)() as store:
            return [each.purpose for each in store.all()]


def entry(number: int) -> Submitted:
    return Submitted(
        f"key-{number:08}", EntryKind.CREDENTIAL, number.to_bytes(32), "https://issuer", 0
    )


async def call(node: Node, method: str, *params: object) -> Any:
    """Call the node's chain."""
    return await node.following.work.anchoring.chain.rpc.call(method, *params)
