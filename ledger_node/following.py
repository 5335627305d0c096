"""The newest head of each log brought to the chain, and followed there until it is final."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ledger_node.chain.anchoring import append_purpose
from ledger_node.chain.model import ChainTransaction
from ledger_node.chain.usecases import Watch
from ledger_node.chain.work import ChainWork
from ledger_node.publisher.model import HeadState, LogHead
from ledger_node.remembered import Remembered
from madang.infra.chain import Block

_log = logging.getLogger(__name__)


class OwnLog(Protocol):
    """A log as its anchoring needs it."""

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        ...

    def included(self) -> Sequence[LogHead]:
        """Return the heads whose block is not final yet, oldest first."""
        ...

    def prove(self, old: int, new: int) -> list[bytes]:
        """Return the consistency proof between two sizes."""
        ...

    def anchored(self, head: LogHead, transaction: ChainTransaction | None) -> LogHead:
        """Keep what became of a head on the chain; without a transaction it is covered there."""
        ...


@dataclass(frozen=True)
class Following:
    """Heads of all logs on their way to the chain.

    Attributes:
        work: the chain.
        watch: follows transactions until they are final.
    """

    work: ChainWork
    watch: Watch

    async def remembered(self, tenant: str) -> Remembered:
        """Return the head that the chain has of a log, final or not.

        Raises:
            RpcError: it cannot be asked now.
        """
        head = await self.work.anchoring.head(self.work.contract, tenant)
        return Remembered("the chain", head.size, head.root)

    async def follow(self, tenant: str, log: OwnLog) -> None:
        """Bring the newest head of a log to the chain, and every head up to what it says now.

        Args:
            tenant: whose log.
            log: the log here.

        Raises:
            ChainError, RpcError: as `Anchoring.append`; call again.
        """
        head, senders = log.newest(), self._senders(tenant, log)
        new = head is not None and head.state is HeadState.PUBLISHED
        if not new and not any(self.watch.waiting(each) for each in senders):
            return
        final = await self.work.anchoring.chain.final_block(self.work.final_depth)
        for each in senders:
            await self.watch.look(tenant, each, final)
        self._keep(tenant, log)
        for each in senders:
            await self.work.anchoring.sender.settle(each)
        if head is not None and new:
            await self._bring(tenant, log, head, final)
        self._keep(tenant, log)

    def _senders(self, tenant: str, log: OwnLog) -> list[str]:
        """Return the account here, and the one before it while heads that it sent are not final."""
        find = self.work.anchoring.sender.find
        sent = [find(append_purpose(tenant, head.size)) for head in log.included()]
        here = self.work.anchoring.accounts[tenant].address
        return list(dict.fromkeys([here, *(each.sender for each in sent if each is not None)]))

    def _keep(self, tenant: str, log: OwnLog) -> None:
        for head in log.included():
            sent = self.work.anchoring.sender.find(append_purpose(tenant, head.size))
            if sent is None:
                continue
            if log.anchored(head, sent).state is HeadState.REFUSED:
                _log.error("the contract refused the head of %s with %d entries", tenant, head.size)

    async def _bring(self, tenant: str, log: OwnLog, head: LogHead, final: Block | None) -> None:
        sent = await self.work.anchoring.append(
            self.work.contract, tenant, head.size, head.root, lambda old: log.prove(old, head.size)
        )
        if sent is not None:
            log.anchored(head, sent)
        elif final is not None:
            await self._cover(tenant, log, head, final)

    async def _cover(self, tenant: str, log: OwnLog, head: LogHead, final: Block) -> None:
        """Keep a head as anchored that the chain has for good without our record of how."""
        log_id = await self.work.anchoring.log_id(self.work.contract, tenant)
        for each in await self.work.contract.anchors(log_id, final.number):
            if (each.size, each.root) == (head.size, head.root):
                log.anchored(replace(head, transaction=each.transaction, block=each.block), None)
