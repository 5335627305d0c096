"""Transactions of the ledger as the node keeps them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from madang.infra.chain import Block

Purpose = NewType("Purpose", str)
"""What a transaction is for, such as "deploy" or "append:hanbit:12"; each is sent once."""


class TransactionState(StrEnum):
    """How far a transaction has come: signed, or taken or reverted in a block."""

    SIGNED = "signed"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ChainTransaction:
    """A signed transaction and what became of it.

    Attributes:
        purpose: what it is for; unique.
        raw: the signed bytes, sent again as they are until the chain has them.
        hash: "0x…" of the transaction.
        sender: address of the account.
        nonce: the sender's sequence number.
        state: signed, accepted or refused (reverted) by the chain.
        block: number of its block; None while it is in none, this and what follows.
        block_hash: "0x…" of its block.
        block_time: epoch seconds of its block.
        gas_used: gas the whole transaction took.
        final: whether its block can no longer be taken back.
    """

    purpose: Purpose
    raw: bytes
    hash: str
    sender: str
    nonce: int
    state: TransactionState = TransactionState.SIGNED
    block: int | None = None
    block_hash: str | None = None
    block_time: int | None = None
    gas_used: int | None = None
    final: bool = False

    @property
    def in_block(self) -> Block | None:
        """Return the block it is in."""
        if self.block is None or self.block_hash is None or self.block_time is None:
            return None
        return Block(self.block, self.block_hash, self.block_time)
