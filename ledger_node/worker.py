"""The node's work: recover, deploy and open once, then checkpoints and anchors in turn."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.exc import OperationalError

from ledger_node.chain.anchoring import CONTRACT, Anchoring
from ledger_node.chain.engine import EmbeddedEngine, EngineError, RecordedTransaction
from ledger_node.chain.model import ChainTransaction, TransactionState
from ledger_node.chain.usecases import TransactionStores
from ledger_node.publisher.model import HeadState
from ledger_node.publisher.usecases import Publisher
from madang.infra.chain import AnchorLog, ChainError
from madang.infra.rpc import RpcError

RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


@dataclass
class Node:
    """All logs of this node and the chain below them.

    Attributes:
        publishers: the one writer of each log, by tenant.
        anchoring: brings heads to the contract.
        stores: record of transactions, replayed into the embedded engine.
        engine: the embedded engine; None when the chain is elsewhere.
        checkpoint_seconds: least time between two checkpoints.
        cache_seconds: least time between two writes of the engine's file.
    """

    publishers: Mapping[str, Publisher]
    anchoring: Anchoring
    stores: TransactionStores
    engine: EmbeddedEngine | None
    checkpoint_seconds: float
    cache_seconds: float
    contract: AnchorLog | None = field(default=None, init=False)
    _behind: set[str] = field(default_factory=set, init=False)

    async def start(self) -> None:
        """Bring files and chain up to the durable state.

        Raises:
            LogDamagedError, ChainError: somebody has to look; nothing was signed.
        """
        for publisher in self.publishers.values():
            publisher.recover()
            publisher.introduce()
        if self.engine is not None:
            await self.engine.start(self._record())
        deployment = await self.anchoring.deploy()
        self.contract = self.anchoring.contract(deployment[CONTRACT].address)
        for tenant in self.publishers:
            await self.anchoring.open(self.contract, tenant)

    def _record(self) -> list[RecordedTransaction]:
        with self.stores() as store:
            return [_recorded(transaction) for transaction in store.all()]

    async def run(self) -> None:
        """Publish and anchor for ever; ends when cancelled."""
        tasks = [self._publish(), self._anchor()]
        if self.engine is not None:
            tasks.append(self._save())
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)

    async def _publish(self) -> None:
        while True:
            for tenant in self.publishers:
                self.publish(tenant)
            await asyncio.sleep(self.checkpoint_seconds)

    def publish(self, tenant: str) -> None:
        """Sequence and publish what waits; a full disk or a locked database is tried again.

        What was signed is in the database, and the files are brought up to it before the next
        head.
        """
        publisher = self.publishers[tenant]
        try:
            if tenant in self._behind:
                publisher.recover()
                self._behind.discard(tenant)
            publisher.checkpoint()
        except (OperationalError, OSError) as error:
            self._behind.add(tenant)
            _log.error("the log of %s waits: %s", tenant, type(error).__name__)

    async def _anchor(self) -> None:
        while True:
            try:
                await self._revive()
                for tenant in self.publishers:
                    await self.anchor(tenant)
            except (ChainError, EngineError, RpcError, OperationalError, OSError) as error:
                _log.warning("anchoring waits: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            await asyncio.sleep(self.checkpoint_seconds / 4)

    async def _revive(self) -> None:
        """Start the embedded engine again if it has ended by itself."""
        if self.engine is not None and self.engine.ended:
            _log.error("the chain engine has ended; it is started again with the whole record")
            await self.engine.start(self._record())

    async def anchor(self, tenant: str) -> None:
        """Bring the newest head of a log to the chain if it is not there yet."""
        publisher = self.publishers[tenant]
        head = publisher.newest()
        if head is None or head.state is not HeadState.PUBLISHED or self.contract is None:
            return
        transaction = await self.anchoring.append(
            self.contract,
            tenant,
            head.size,
            head.root,
            lambda old: publisher.prove(old, head.size),
        )
        settled = publisher.anchored(head, transaction)
        if settled.state is HeadState.REFUSED:
            _log.error("the contract refused the head of %s with %d entries", tenant, head.size)

    async def _save(self) -> None:
        saved = ""
        while self.engine is not None:
            await asyncio.sleep(self.cache_seconds)
            try:
                height = str(await self.engine.rpc.call("eth_blockNumber"))
                if height != saved:
                    await self.engine.save()
                    saved = height
            except (RpcError, OSError) as error:
                _log.warning("the chain's cache was not written: %s", error)

    async def stop(self) -> None:
        """End the engine, and close the connections to the chain."""
        if self.engine is not None:
            await self.engine.stop()
        await self.anchoring.chain.rpc.close()


def _recorded(transaction: ChainTransaction) -> RecordedTransaction:
    settled = transaction.state is not TransactionState.SIGNED
    return RecordedTransaction(
        transaction.raw,
        transaction.sender,
        transaction.nonce,
        transaction.block_time if settled else None,
    )
