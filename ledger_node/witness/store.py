"""Tables of the witnesses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, delete, func
from sqlmodel import Field, Session, SQLModel, col, select

from ledger_node.witness.model import Conflict, WitnessedHead
from madang.infra.db import Database
from madang.infra.statements import Upsert

KEPT_HEADS: Final = 1_000
"""Heads of each log that are remembered; a second head of an older size is not recognised."""
KEPT_CONFLICTS: Final = 10
"""Proofs against each log; one is enough, and many would hide those against others."""


class WitnessHeadRow(SQLModel, table=True):
    """One head that a witness has signed; see `WitnessedHead`."""

    __tablename__ = "witness_head"

    witness: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    size: int = Field(primary_key=True, sa_type=BigInteger)
    root: bytes
    note: str
    line: str
    time: int = Field(sa_type=BigInteger)


class WitnessConflictRow(SQLModel, table=True):
    """One proof against a log; see `Conflict`."""

    __tablename__ = "witness_conflict"

    witness: str = Field(primary_key=True)
    origin: str = Field(primary_key=True)
    size: int = Field(primary_key=True, sa_type=BigInteger)
    root: bytes = Field(primary_key=True)
    first: str
    second: str
    seen: int = Field(sa_type=BigInteger)


_KEEP_CONFLICT = Upsert(WitnessConflictRow)


class SqlWitness:
    """Implements `WitnessStore` for one witness."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    def latest(self, origin: str) -> WitnessedHead | None:
        """Return the largest head that was signed of a log."""
        heads = select(WitnessHeadRow).where(*self._of(WitnessHeadRow, origin))
        row = self._session.exec(heads.order_by(col(WitnessHeadRow.size).desc()).limit(1)).first()
        return None if row is None else _head(row)

    def at(self, origin: str, size: int) -> WitnessedHead | None:
        """Return the head of this size, if it was signed and is among those remembered."""
        row = self._session.get(WitnessHeadRow, (self._name, origin, size))
        return None if row is None else _head(row)

    def add(self, head: WitnessedHead) -> None:
        """Keep a head, and forget those that are too long ago."""
        self._session.add(WitnessHeadRow(witness=self._name, **asdict(head)))
        self._session.flush()
        size, own = col(WitnessHeadRow.size), self._of(WitnessHeadRow, head.origin)
        kept = select(size).where(*own).order_by(size.desc()).limit(1).offset(KEPT_HEADS - 1)
        oldest = self._session.exec(kept).first()
        if oldest is not None:
            self._session.execute(delete(WitnessHeadRow).where(*own, size < oldest))

    def add_conflict(self, conflict: Conflict) -> None:
        """Keep a proof against a log, once."""
        own = self._of(WitnessConflictRow, conflict.origin)
        counted = select(func.count()).select_from(WitnessConflictRow).where(*own)
        if self._session.exec(counted).one() < KEPT_CONFLICTS:
            row = {"witness": self._name, **asdict(conflict)}
            _KEEP_CONFLICT.run(self._session, row)

    def conflicts(self) -> Sequence[Conflict]:
        """Return the proofs against all logs, the oldest first."""
        own = select(WitnessConflictRow).where(WitnessConflictRow.witness == self._name)
        in_order = own.order_by(col(WitnessConflictRow.seen), col(WitnessConflictRow.size))
        return [_conflict(row) for row in self._session.exec(in_order)]

    def _of(
        self, model: type[WitnessHeadRow | WitnessConflictRow], origin: str
    ) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return col(model.witness) == self._name, col(model.origin) == origin


class SqlWitnesses:
    """Opens the state of one witness.

    Args:
        database: of the service.
        name: of the witness.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name

    @contextmanager
    def __call__(self) -> Iterator[SqlWitness]:
        """Return the state, whose changes are on the disk when the block ends well."""
        with self._database.transaction() as session:
            yield SqlWitness(session, self._name)


def _head(row: WitnessHeadRow) -> WitnessedHead:
    return WitnessedHead(row.origin, row.size, row.root, row.note, row.line, row.time)


def _conflict(row: WitnessConflictRow) -> Conflict:
    return Conflict(row.origin, row.size, row.root, row.first, row.second, row.seen)
