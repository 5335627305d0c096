"""What the contract says of a log now, for the auditor's pages; nothing when it does not answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from contracts.addresses import DeploymentError
from ledger_node.audit.model import ChainHead
from ledger_node.following import Following
from madang.infra.chain import ChainError
from madang.infra.rpc import RpcError

SECONDS: Final = 2.0


def chain_word(following: Following) -> Callable[[str], Awaitable[ChainHead | None]]:
    """Return what asks the contract for a municipality's head, for two seconds at most."""

    async def ask(tenant: str) -> ChainHead | None:
        try:
            async with asyncio.timeout(SECONDS):
                head = await following.remembered(tenant)
        except (ChainError, DeploymentError, RpcError, TimeoutError):
            return None
        return ChainHead(head.size, head.root) if head.size else None

    return ask
