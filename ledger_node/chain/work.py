"""The chain below the logs: its engine, and the contracts on it."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import OperationalError

from contracts.addresses import Deployment
from ledger_node.chain.anchoring import Anchoring
from ledger_node.chain.deployment import ANCHOR_LOG, Deployer
from ledger_node.chain.engine import EmbeddedEngine, EngineError, RecordedTransaction
from ledger_node.chain.model import ChainTransaction
from ledger_node.chain.usecases import TransactionStores
from madang.infra.chain import AnchorLog
from madang.infra.rpc import RpcError

REVIVE_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


@dataclass
class ChainWork:
    """The chain for all logs.

    Attributes:
        deployer: puts the contracts there once.
        anchoring: brings heads to the contract.
        stores: record of transactions, replayed into the embedded engine.
        engine: the embedded engine; None when the chain is elsewhere.
        cache_seconds: least time between two writes of the engine's file.
    """

    deployer: Deployer
    anchoring: Anchoring
    stores: TransactionStores
    engine: EmbeddedEngine | None
    cache_seconds: float
    _deployment: Deployment | None = field(default=None, init=False)
    _opened: set[str] = field(default_factory=set, init=False)
    _owned: set[str] = field(default_factory=set, init=False)
    _once: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def start(self) -> None:
        """Start the embedded engine with every transaction of the record; EngineError if not."""
        if self.engine is not None:
            await self.engine.start(self._record())

    def _record(self) -> list[RecordedTransaction]:
        with self.stores() as store:
            return [recorded(transaction) for transaction in store.all()]

    async def deploy(self) -> Deployment:
        """Deploy the contracts, or hold the node against the record of them; once.

        Raises:
            ChainError, RpcError: call again.
            WrongNodeError: the node has another chain.
            DeploymentError: the record of the deployment is no such record.
        """
        async with self._once:
            if self._deployment is None:
                self._deployment = await self.deployer.deploy()
            return self._deployment

    async def open(self, tenant: str) -> None:
        """Open a municipality's log on the chain, once; errors as `deploy`."""
        await self.deploy()
        if tenant not in self._opened:
            await self.anchoring.open(self.contract, tenant)
            self._opened.add(tenant)

    async def own(self, tenant: str) -> None:
        """See to it that a municipality's open log belongs to the account here, once.

        Raises:
            ChainError, RpcError: as `Anchoring.own`; call again. An append asks again.
        """
        if tenant not in self._owned:
            await self.anchoring.own(self.contract, tenant)
            self._owned.add(tenant)

    @property
    def deployment(self) -> Deployment:
        """Return where the contracts are; RpcError before that is known."""
        if self._deployment is None:
            raise RpcError("the contracts are not known yet")
        return self._deployment

    @property
    def contract(self) -> AnchorLog:
        """Return the contract that takes the heads; RpcError before it is known."""
        return self.anchoring.contract(self.deployment[ANCHOR_LOG].address)

    @property
    def final_depth(self) -> int | None:
        """Return how blocks become final, see `RpcChain.final_block`."""
        return None if self._deployment is None else self._deployment.final_depth

    async def keep(self) -> None:
        """Keep the embedded engine alive and its file new; ends when cancelled."""
        if self.engine is None:
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._revive(self.engine))
            group.create_task(self._save(self.engine))

    async def _revive(self, engine: EmbeddedEngine) -> None:
        """Start the engine again whenever it has ended by itself; say once why that fails."""
        told = ""
        while True:
            await asyncio.sleep(REVIVE_SECONDS)
            if not engine.ended:
                told = ""
                continue
            if not told:
                _log.error("the chain engine has ended; it is started again with the whole record")
            try:
                await engine.start(self._record())
            except (EngineError, OperationalError, OSError, RpcError) as error:
                if str(error) != told:
                    _log.error("the chain engine was not started again: %s", error)
                told = str(error)

    async def _save(self, engine: EmbeddedEngine) -> None:
        saved = ""
        while True:
            await asyncio.sleep(self.cache_seconds)
            try:
                height = str(await engine.door.call("eth_blockNumber"))
                if height != saved:
                    await engine.save()
                    saved = height
            except (RpcError, OSError) as error:
                _log.warning("the chain's cache was not written: %s", error)

    async def stop(self) -> None:
        """End the engine, and close the connections to the chain."""
        if self.engine is not None:
            await self.engine.stop()
        await self.anchoring.chain.rpc.close()


def recorded(transaction: ChainTransaction) -> RecordedTransaction:
    """Return a transaction as the embedded engine replays it."""
    return RecordedTransaction(
        transaction.raw, transaction.sender, transaction.nonce, transaction.in_block
    )
