"""A chain in memory that takes blocks back, held to the same tests as the engine."""

import asyncio
from dataclasses import dataclass, field

from eth_account import Account
from eth_utils.crypto import keccak

from madang.infra.chain import Block, Receipt
from madang.infra.rpc import RpcError

NONCE_TOO_LOW = -32003


@dataclass
class ChainTwin:
    """Blocks with one transaction each, mined at once while `mines`; implements `Chain`.

    Attributes:
        mines: whether what is sent goes into a block.
        refusals: how many sends are refused before one is taken.
        sent: hashes of everything that was handed over, in order.
    """

    mines: bool = True
    refusals: int = 0
    sent: list[str] = field(default_factory=list)
    _blocks: list[tuple[Block, str, str]] = field(default_factory=list)
    _branch: int = 0

    async def identity(self) -> tuple[int, str]:
        return 8283, "0x" + "00" * 32

    async def transaction_count(self, address: str) -> int:
        await asyncio.sleep(0)  # as any answer that comes over a network
        return sum(sender == address for _, _, sender in self._blocks)

    async def send(self, transaction: bytes) -> None:
        hash_ = "0x" + keccak(transaction).hex()
        self.sent.append(hash_)
        if self.refusals:
            self.refusals -= 1
            raise RpcError("the pool is full", -32000)
        if any(hash_ == known for _, known, _ in self._blocks):
            return
        if self.mines:
            self._mine(hash_, str(Account.recover_transaction(transaction)))

    def _mine(self, hash_: str, sender: str) -> None:
        number = len(self._blocks) + 1
        made = keccak(f"{self._branch} {number} {hash_}".encode()).hex()
        self._blocks.append((Block(number, f"0x{made}", 1_800_000_000 + number), hash_, sender))

    async def receipt(self, transaction_hash: str) -> Receipt | None:
        for block, hash_, _ in self._blocks:
            if hash_ == transaction_hash:
                return Receipt(succeeded=True, block=block, gas_used=21_000)
        return None

    async def final_block(self, depth: int | None) -> Block | None:
        at = len(self._blocks) - 1 - (depth or 0)
        return self._blocks[at][0] if at >= 0 else None

    async def take_back(self, depth: int, *, move: bool = False) -> None:
        """Drop the newest blocks; `move` puts their transactions into blocks of another branch."""
        dropped = self._blocks[-depth:]
        del self._blocks[-depth:]
        self._branch += 1
        if move:
            for _, hash_, sender in dropped:
                self._mine(hash_, sender)

    async def bury(self, blocks: int) -> None:
        """Let blocks of others follow."""
        for number in range(blocks):
            self._mine(f"other {self._branch} {len(self._blocks)} {number}", "other")
