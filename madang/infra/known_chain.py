"""What is known of a chain before a node is asked: each node is held against it."""

from collections.abc import Callable
from dataclasses import dataclass

from madang.infra.chain import Block, RpcChain
from madang.infra.rpc import JsonRpc, WrongNodeError


@dataclass
class KnownChain:
    """The chain that nodes have to be of.

    Attributes:
        chain_id: EIP-155 chain id.
        genesis_hash: as in `Deployment`; None before there is one, and the first node tells it.
        newest_final: returns the newest block that was seen as final, None before the first.
    """

    chain_id: int
    genesis_hash: str | None
    newest_final: Callable[[], Block | None]

    async def check(self, rpc: JsonRpc) -> None:
        """Hold a node against what is known.

        Raises:
            WrongNodeError: it has another chain, is behind, or is on another branch.
            RpcError: it does not answer.
        """
        chain = RpcChain(rpc)
        chain_id, genesis = await chain.identity()
        if chain_id != self.chain_id:
            raise _other("chain id", chain_id, self.chain_id)
        if genesis != (self.genesis_hash or genesis):
            raise _other("genesis", genesis, self.genesis_hash)
        final = self.newest_final()
        if final is not None:
            await chain.follow(final)
        self.genesis_hash = genesis


def _other(what: str, came: object, wanted: object) -> WrongNodeError:
    return WrongNodeError(
        "other_chain",
        f"the node has another chain: its {what} is {came}, expected {wanted}. Name a node of the"
        " chain that the contracts are on",
    )
