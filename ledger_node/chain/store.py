"""The durable record of signed transactions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from sqlalchemy import ColumnElement
from sqlmodel import Field, Session, SQLModel, col, select

from ledger_node.chain.model import ChainTransaction, Purpose, TransactionState
from madang.infra.chain import Block
from madang.infra.db import Database
from madang.infra.journal import record


class ChainTransactionRow(SQLModel, table=True):
    """One transaction; see `ChainTransaction`."""

    __tablename__ = "chain_transaction"

    number: int | None = Field(default=None, primary_key=True)
    purpose: str = Field(unique=True)
    raw: bytes
    hash: str
    sender: str = Field(index=True)
    nonce: int
    state: str
    block: int | None = Field(default=None, index=True)
    block_hash: str | None = None
    block_time: int | None = None
    gas_used: int | None = None
    final: bool = Field(default=False, index=True)


class SqlTransactions:
    """Implements `TransactionStore` in one database transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, purpose: Purpose) -> ChainTransaction | None:
        """Return the transaction for this purpose."""
        row = self._row(purpose)
        return None if row is None else _value(row)

    def next_nonce(self, sender: str) -> int:
        """Return one more than the highest nonce recorded for the sender, or 0."""
        nonces = select(ChainTransactionRow.nonce).where(ChainTransactionRow.sender == sender)
        highest = nonces.order_by(col(ChainTransactionRow.nonce).desc()).limit(1)
        found = self._session.exec(highest).first()
        return 0 if found is None else found + 1

    def save(self, transaction: ChainTransaction) -> None:
        """Insert or update by purpose."""
        row = self._row(transaction.purpose)
        if row is None:
            row = ChainTransactionRow.model_validate(asdict(transaction))
        row.state = transaction.state.value
        row.block = transaction.block
        row.block_hash = transaction.block_hash
        row.block_time = transaction.block_time
        row.gas_used = transaction.gas_used
        row.final = transaction.final
        self._session.add(row)

    def all(self) -> Sequence[ChainTransaction]:
        """Return the record in the order in which the transactions were signed."""
        rows = select(ChainTransactionRow).order_by(col(ChainTransactionRow.number))
        return [_value(row) for row in self._session.exec(rows)]

    def unsettled(self, sender: str) -> Sequence[ChainTransaction]:
        """Return the sender's transactions of which no block is known, in order."""
        return self._of(sender, col(ChainTransactionRow.state) == TransactionState.SIGNED.value)

    def unfinal(self, sender: str) -> Sequence[ChainTransaction]:
        """Return the sender's transactions that are not final, in order."""
        return self._of(sender, col(ChainTransactionRow.final).is_(False))

    def _of(self, sender: str, condition: ColumnElement[bool]) -> Sequence[ChainTransaction]:
        wanted = select(ChainTransactionRow).where(ChainTransactionRow.sender == sender, condition)
        rows = wanted.order_by(col(ChainTransactionRow.nonce))
        return [_value(row) for row in self._session.exec(rows)]

    def newest_final(self) -> Block | None:
        """Return the newest block that holds a final transaction."""
        wanted = select(ChainTransactionRow).where(col(ChainTransactionRow.final).is_(True))
        newest = wanted.order_by(col(ChainTransactionRow.block).desc()).limit(1)
        row = self._session.exec(newest).first()
        return None if row is None else _value(row).in_block

    def note(self, tenant: str, code: str, at: int, transaction: str) -> None:
        """Add a line about a transaction to a municipality's journal."""
        record(self._session, tenant, code, at=at, reference=transaction)

    def _row(self, purpose: Purpose) -> ChainTransactionRow | None:
        wanted = select(ChainTransactionRow).where(ChainTransactionRow.purpose == purpose)
        return self._session.exec(wanted).first()


class SqlTransactionStores:
    """Opens the record of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def __call__(self) -> Iterator[SqlTransactions]:
        """Return the record, whose changes are kept together when the block ends well."""
        with self._database.transaction() as session:
            yield SqlTransactions(session)


def _value(row: ChainTransactionRow) -> ChainTransaction:
    return ChainTransaction(
        purpose=Purpose(row.purpose),
        raw=row.raw,
        hash=row.hash,
        sender=row.sender,
        nonce=row.nonce,
        state=TransactionState(row.state),
        block=row.block,
        block_hash=row.block_hash,
        block_time=row.block_time,
        gas_used=row.gas_used,
        final=row.final,
    )
