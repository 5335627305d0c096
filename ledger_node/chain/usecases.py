"""Send each transaction once: signed and stored first, then sent until the chain has it.

A restart at any moment sends the same bytes again; the sender's nonce makes the chain take them
once at most.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from madang.infra.chain import Chain, ChainAccount, Receipt, wait_for_receipt


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


class TransactionStores(Protocol):
    """Opens the record inside one durable database transaction."""

    def __call__(self) -> AbstractContextManager[TransactionStore]:
        """Return the record, whose changes are kept together when the block ends well."""
        ...


class TransactionSender:
    """Sends transactions for purposes.

    Args:
        chain: where they go.
        stores: the durable record.
        receipt_seconds: how long to wait for a block.
    """

    def __init__(self, chain: Chain, stores: TransactionStores, receipt_seconds: float) -> None:
        self._chain = chain
        self._stores = stores
        self._receipt_seconds = receipt_seconds

    async def submit(
        self, purpose: Purpose, account: ChainAccount, *, to: str | None, data: bytes, gas: int
    ) -> ChainTransaction:
        """Make sure that the transaction for `purpose` is in a block, and return it.

        What was signed for this purpose before is used again, whatever `data` says now. Earlier
        transactions of the account are settled first: the chain takes them by their numbers, so
        one that was signed and never sent would hold up all later ones.

        Raises:
            ChainError: it is in no block within the time; call again later.
            RpcError: the node does not answer; call again later.
        """
        await self.settle(account)
        with self._stores() as store:
            known = store.find(purpose)
            if known is None:
                nonce = store.next_nonce(account.address)
                signed = account.sign(nonce=nonce, to=to, data=data, gas=gas)
                known = ChainTransaction(purpose, signed.raw, signed.hash, signed.sender, nonce)
                store.save(known)
        return await self._finish(known)

    async def settle(self, account: ChainAccount) -> None:
        """Make sure that everything an account has signed is in a block.

        Raises:
            ChainError, RpcError: as `submit`.
        """
        with self._stores() as store:
            earlier = store.unsettled(account.address)
        for each in earlier:
            await self._finish(each)

    def accepted(self, purpose: Purpose) -> ChainTransaction | None:
        """Return the transaction for a purpose if the chain has accepted it."""
        with self._stores() as store:
            known = store.find(purpose)
        done = known is not None and known.state is TransactionState.ACCEPTED
        return known if done else None

    async def _finish(self, transaction: ChainTransaction) -> ChainTransaction:
        if transaction.state is not TransactionState.SIGNED:
            return transaction
        receipt = await self._chain.receipt(transaction.hash)
        if receipt is None:
            await self._chain.send(transaction.raw)
            receipt = await wait_for_receipt(self._chain, transaction.hash, self._receipt_seconds)
        finished = _with(transaction, receipt)
        with self._stores() as store:
            store.save(finished)
        return finished


def _with(transaction: ChainTransaction, receipt: Receipt) -> ChainTransaction:
    state = TransactionState.ACCEPTED if receipt.succeeded else TransactionState.REFUSED
    return replace(
        transaction,
        state=state,
        block=receipt.block,
        block_time=receipt.block_time,
        gas_used=receipt.gas_used,
    )
