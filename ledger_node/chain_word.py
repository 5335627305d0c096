"""What the contract says of a log now, for the auditor's pages; nothing when it does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from contracts.addresses import DeploymentError
from ledger_node.audit.model import ChainHead
from ledger_node.chain.anchoring import Anchoring
from madang.infra.chain import AnchorLog, ChainError
from madang.infra.rpc import RpcError

SECONDS: Final = 2.0


class Contracts(Protocol):
    """Where the contracts are."""

    @property
    def anchoring(self) -> Anchoring:
        """What asks the contract."""
        ...

    @property
    def contract(self) -> AnchorLog:
        """The contract that takes the heads; RpcError before it is known."""
        ...


def chain_word(contracts: Contracts) -> Callable[[str], Awaitable[ChainHead | None]]:
    """Return what asks the contract for a municipality's head, for two seconds at most."""

    async def ask(tenant: str) -> ChainHead | None:
        try:
            async with asyncio.timeout(SECONDS):
                head = await contracts.anchoring.head(contracts.contract, tenant)
        except (ChainError, DeploymentError, RpcError, TimeoutError):
            return None
        return ChainHead(head.size, head.root) if head.size else None

    return ask
