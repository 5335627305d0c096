"""Send each transaction once: signed and stored first, then sent until the chain has it for good.

A restart at any moment sends the same bytes again, and so does a chain that takes a block back;
the sender's nonce makes the chain take them once at most.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from madang.infra.chain import Block, Chain, ChainAccount, ChainError, Receipt, wait_for_receipt
from madang.infra.clock import Clock
from madang.infra.files import turn
from madang.infra.rpc import RpcError

_log = logging.getLogger(__name__)


class TransactionStore(Protocol):
    """Durable record of the transactions."""

    def find(self, purpose: Purpose) -> ChainTransaction | None:
        """Return the transaction for this purpose."""
        ...

    def next_nonce(self, sender: str) -> int:
        """Return one more than the highest nonce recorded for the sender, or 0."""
        ...

    def save(self, transaction: ChainTransaction) -> None:
        """Insert or update by purpose."""
        ...

    def all(self) -> Sequence[ChainTransaction]:
        """Return the record in the order in which the transactions were signed."""
        ...

    def unsettled(self, sender: str) -> Sequence[ChainTransaction]:
        """Return the sender's transactions of which no block is known, in order."""
        ...

    def unfinal(self, sender: str) -> Sequence[ChainTransaction]:
        """Return the sender's transactions that are not final, in order."""
        ...

    def newest_final(self) -> Block | None:
        """Return the newest block that holds a final transaction."""
        ...

    def note(self, tenant: str, code: str, at: int, transaction: str) -> None:
        """Add a line about a transaction to a municipality's journal."""
        ...


class TransactionStores(Protocol):
    """Opens the record inside one durable database transaction."""

    def __call__(self) -> AbstractContextManager[TransactionStore]:
        """Return the record, whose changes are kept together when the block ends well."""
        ...


@dataclass(frozen=True, slots=True)
class Order:
    """A transaction that is wanted.

    Attributes:
        purpose: what it is for.
        to: the contract that is called; None to make one.
        data: call data, or the code to make a contract with.
        gas: limit.
    """

    purpose: Purpose
    to: str | None
    data: bytes
    gas: int


class TransactionSender:
    """Sends transactions for purposes.

    Args:
        chain: where they go.
        stores: the durable record.
        receipt_seconds: how long to wait for a block.
        turn_file: file that every process which sends has locked until its transaction is in a
            block and on record, so that an embedded chain can be rebuilt block by block; None
            where blocks may hold several.
    """

    def __init__(
        self,
        chain: Chain,
        stores: TransactionStores,
        receipt_seconds: float,
        *,
        turn_file: Path | None = None,
    ) -> None:
        self._chain = chain
        self._stores = stores
        self._receipt_seconds = receipt_seconds
        self._turn = turn_file
        self._once = asyncio.Lock()

    async def submit(self, account: ChainAccount, order: Order) -> ChainTransaction:
        """Make sure that the transaction for a purpose is in a block, and return it.

        What was signed for this purpose before is used again, whatever the order says now. Earlier
        transactions of the account are settled first: the chain takes them by their numbers, so
        one that was signed and never sent would hold up all later ones.

        Raises:
            ChainError: it is in no block within the time; call again later.
            RpcError: the node does not answer; call again later.
        """
        await self.settle(account.address)
        return await self._finish(await self.sign(account, order))

    async def sign(self, account: ChainAccount, order: Order) -> ChainTransaction:
        """Keep a signed transaction for a purpose; it is sent by `settle` or `submit`.

        Raises:
            RpcError: the node does not answer; nothing was signed.
        """
        known = self.find(order.purpose)
        if known is not None:
            return known
        # A database that was set back lacks what the account has sent since.
        sent = await self._chain.transaction_count(account.address)
        with self._stores() as store:
            known = store.find(order.purpose)
            if known is not None:  # somebody else signed it meanwhile
                return known
            nonce = max(store.next_nonce(account.address), sent)
            signed = account.sign(nonce=nonce, to=order.to, data=order.data, gas=order.gas)
            made = ChainTransaction(order.purpose, signed.raw, signed.hash, signed.sender, nonce)
            store.save(made)
        return made

    async def settle(self, sender: str) -> None:
        """Make sure that everything an account has signed is in a block; its key is not needed.

        Args:
            sender: address of the account.

        Raises:
            ChainError, RpcError: as `submit`.
        """
        with self._stores() as store:
            earlier = store.unsettled(sender)
        if self._turn is None and len(earlier) > 1:
            for each in earlier:
                await self._hand_over(each)
        for each in earlier:
            await self._finish(each)

    async def _hand_over(self, transaction: ChainTransaction) -> None:
        """Send one of several; what the node has against it is told when its turn comes."""
        try:
            await self._chain.send(transaction.raw)
        except RpcError as error:
            if error.code is None:
                raise

    def find(self, purpose: Purpose) -> ChainTransaction | None:
        """Return the transaction for a purpose."""
        with self._stores() as store:
            return store.find(purpose)

    async def _finish(self, transaction: ChainTransaction) -> ChainTransaction:
        if transaction.state is not TransactionState.SIGNED:
            return transaction
        if self._turn is None:
            return await self._taken(transaction)
        async with self._once, turn(self._turn):
            # Another process may have signed and not sent yet what the chain wants before this.
            with self._stores() as store:
                before = store.unsettled(transaction.sender)
            for each in before:
                if each.nonce < transaction.nonce:
                    await self._taken(each)
            return await self._taken(transaction)

    async def _taken(self, transaction: ChainTransaction) -> ChainTransaction:
        try:
            receipt = await wait_for_receipt(
                self._chain, transaction.hash, transaction.raw, self._receipt_seconds
            )
        except ChainError as error:
            if await self._chain.transaction_count(transaction.sender) <= transaction.nonce:
                raise
            raise ChainError(
                f"{error}; its number {transaction.nonce} was used for another transaction of"
                f" {transaction.sender}: is the key used elsewhere, or was the database set back?",
                "number_taken",
            ) from error
        finished = seen(transaction, receipt)
        with self._stores() as store:
            store.save(finished)
        return finished


def seen(transaction: ChainTransaction, receipt: Receipt | None) -> ChainTransaction:
    """Return a transaction with what the chain says of it now."""
    if receipt is None:
        return replace(
            transaction,
            state=TransactionState.SIGNED,
            block=None,
            block_hash=None,
            block_time=None,
            gas_used=None,
        )
    return replace(
        transaction,
        state=TransactionState.ACCEPTED if receipt.succeeded else TransactionState.REFUSED,
        block=receipt.block.number,
        block_hash=receipt.block.hash,
        block_time=receipt.block.time,
        gas_used=receipt.gas_used,
    )


@dataclass(frozen=True)
class Watch:
    """Follows transactions until they are final, through blocks that are taken back.

    Attributes:
        chain: where they are.
        stores: the durable record.
        clock: for the journal.
    """

    chain: Chain
    stores: TransactionStores
    clock: Clock

    def waiting(self, sender: str) -> bool:
        """Tell whether an account has transactions that are not final."""
        with self.stores() as store:
            return bool(store.unfinal(sender))

    async def look(self, tenant: str, sender: str, final: Block | None) -> None:
        """Bring the record of one account up to what the chain says now.

        What is in no block any more is signed again as far as the record says, so that `settle`
        sends the same bytes.

        Args:
            tenant: whose journal tells of what was taken back.
            sender: address of the account.
            final: the newest final block, asked for before this call.

        Raises:
            RpcError: the node does not answer; call again.
        """
        with self.stores() as store:
            waiting = store.unfinal(sender)
        for each in waiting:
            if each.state is TransactionState.SIGNED:
                continue
            now = seen(each, await self.chain.receipt(each.hash))
            if final is not None and now.block is not None and now.block <= final.number:
                now = replace(now, final=True)
            if now != each:
                self._keep(tenant, each, now)

    def _keep(self, tenant: str, before: ChainTransaction, now: ChainTransaction) -> None:
        with self.stores() as store:
            store.save(now)
            if now.block_hash == before.block_hash:
                return
            code = "chain.taken_back" if now.block is None else "chain.moved"
            store.note(tenant, code, self.clock.now(), now.hash)
        _log.warning(
            "the chain took block %s back; %s is in %s",
            before.block,
            now.purpose,
            "none, and is sent again" if now.block is None else f"block {now.block}",
        )
