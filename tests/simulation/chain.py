"""The contract on a chain in memory, whose newest blocks may be replaced by others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from ledger_node.following import OwnLog
from ledger_node.publisher.model import HeadState, LogHead
from ledger_node.remembered import Remembered
from madang.core.merkle.proof import verify_consistency
from madang.core.merkle.tree import EMPTY_ROOT
from madang.infra.rpc import RpcError
from tests.simulation.chance import Chance

FINAL_DEPTH = 3
"""Blocks that can be replaced."""


class ContractError(ValueError):
    """The contract reverts."""


@dataclass
class ContractTwin:
    """A head is taken only with a proof that it extends the last one.

    Attributes:
        heads: size and root in each block, oldest first.
        slow: transactions that stay in no block.
        left: every head that was handed over.
        settled: blocks that are never replaced.
    """

    chance: Chance
    heads: list[tuple[int, bytes]] = field(default_factory=list)
    slow: int = 0
    left: list[tuple[int, bytes]] = field(default_factory=list)
    settled: int = 0

    @property
    def size(self) -> int:
        return self.heads[-1][0] if self.heads else 0

    def append(self, size: int, root: bytes, proof: Sequence[bytes]) -> None:
        self.left.append((size, root))
        if self.slow:
            self.slow -= 1
            self.chance.happened("slow chain")
            raise RpcError("no block within the time")
        if self.heads:
            old, old_root = self.heads[-1]
            if size <= old or not verify_consistency(old, size, old_root, root, proof):
                raise ContractError(f"{size} does not extend {old}")
        self.heads.append((size, root))
        self.settled = max(self.settled, len(self.heads) - FINAL_DEPTH)

    def reorganise(self) -> None:
        """Have the newest blocks replaced by empty ones."""
        lost = min(len(self.heads) - self.settled, 1 + self.chance.below(FINAL_DEPTH))
        if lost > 0:
            del self.heads[-lost:]
            self.chance.happened("reorganisation")


@dataclass
class SimulatedFollowing:
    """Twin of `Following`, and of the work on the chain behind it."""

    contract: ContractTwin
    chance: Chance

    @property
    def work(self) -> "SimulatedFollowing":
        return self

    async def start(self) -> None:
        """The chain runs elsewhere."""

    async def deploy(self) -> None:
        """The contract is there."""

    async def open(self, _tenant: str) -> None:
        """The log is open."""

    async def own(self, _tenant: str) -> None:
        """The log is this account's."""

    async def remembered(self, _tenant: str) -> Remembered:
        size, root = self.contract.heads[-1] if self.contract.heads else (0, EMPTY_ROOT)
        return Remembered("the chain", size, root)

    async def follow(self, _tenant: str, log: OwnLog) -> None:
        self._look(log)
        head = log.newest()
        if head is None or head.state is not HeadState.PUBLISHED:
            return
        old = self.contract.size
        if old >= head.size:
            log.anchored(head, None)
            return
        self.chance.point("before a transaction")
        proof = log.prove(old, head.size) if old else ()
        if self.chance.one(20, "refused transaction"):
            log.anchored(head, _sent(head, len(self.contract.heads), TransactionState.REFUSED))
            return
        self.contract.append(head.size, head.root, proof)
        self.chance.point("after the chain took a head")
        log.anchored(head, _sent(head, len(self.contract.heads)))

    def _look(self, log: OwnLog) -> None:
        """Keep what became of the heads that were in a block at the last look."""
        for head in log.included():
            block = head.block or 0
            there = self.contract.heads[block - 1 : block] == [(head.size, head.root)]
            final = there and block <= self.contract.settled
            log.anchored(head, _sent(head, block if there else None, final=final))


def _sent(
    head: LogHead,
    block: int | None,
    state: TransactionState = TransactionState.ACCEPTED,
    *,
    final: bool | None = None,
) -> ChainTransaction:
    return ChainTransaction(
        purpose=Purpose(f"append:{head.size}"),
        raw=b"",
        hash="0x0",
        sender="0x0",
        nonce=0,
        state=state,
        block=block,
        final=state is TransactionState.REFUSED if final is None else final,
    )
