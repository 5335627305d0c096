"""Tables of the logs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import BigInteger, Index, bindparam, func, tuple_, update
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, col, select
from sqlmodel.sql.expression import SelectOfScalar

from ledger_node.publisher.model import HeadState, LogHead, Submitted, shown
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.note import NoteSignature
from madang.infra.db import Database
from madang.infra.statements import Upsert

AT_ONCE: Final = 1_000
"""Entries that are looked up by one statement; databases bound its parameters."""


class LogEntryRow(SQLModel, table=True):
    """One entry; without an index while it waits."""

    __tablename__ = "log_entry"
    __table_args__ = (
        UniqueConstraint("tenant", "log_index"),
        # Auditors look for entries by these.
        Index("log_entry_by_kind", "tenant", "kind", "log_index"),
        Index("log_entry_by_issuer", "tenant", "issuer", "log_index"),
        Index("log_entry_by_hour", "tenant", "hour", "kind", "log_index"),
    )

    tenant: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    kind: str
    commitment: bytes = Field(index=True)
    issuer: str
    hour: int
    log_index: int | None = Field(default=None, index=True)


class LogHeadRow(SQLModel, table=True):
    """One signed head."""

    __tablename__ = "log_head"
    __table_args__ = (Index("log_head_by_block", "tenant", "block"),)

    tenant: str = Field(primary_key=True)
    size: int = Field(primary_key=True)
    root: bytes
    note: str
    state: str = Field(index=True)
    transaction: str | None = None
    block: int | None = None
    block_hash: str | None = None
    block_time: int | None = None


class LogCosignatureRow(SQLModel, table=True):
    """The line of one witness under one head."""

    __tablename__ = "log_cosignature"
    # The last line of each witness is looked for several times a second.
    __table_args__ = (Index("log_cosignature_by_name", "tenant", "name", "size"),)

    tenant: str = Field(primary_key=True)
    size: int = Field(primary_key=True)
    name: str = Field(primary_key=True)
    key_id: bytes
    signature: bytes
    time: int = Field(sa_type=BigInteger)


LOG_ROWS: Final = (LogEntryRow, LogHeadRow, LogCosignatureRow)
"""All tables of the logs."""


_KEEP_NEW = Upsert(LogEntryRow)


class SqlLog:
    """Implements `LogStore` for one municipality."""

    def __init__(self, session: Session, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    def find(self, key: str) -> tuple[Submitted, int | None] | None:
        """Return an entry and its index by key."""
        return self._found([key]).get(key)

    def keep(self, entries: Sequence[Submitted]) -> Sequence[tuple[Submitted, int | None]]:
        """Keep each entry unless its key is known; return what the keys stand for, with indexes.

        Two connections may bring one key at a time: the first one's entry is what both are told.
        """
        # In the order of the keys, so that two connections never wait for one another.
        rows = [self._row(entry) for entry in sorted(entries, key=lambda each: each.key)]
        found: dict[str, tuple[Submitted, int | None]] = {}
        for first in range(0, len(rows), AT_ONCE):
            some = rows[first : first + AT_ONCE]
            _KEEP_NEW.run_each(self._session, some)
            found |= self._found([each["key"] for each in some])
        return [found[entry.key] for entry in entries]

    def _row(self, entry: Submitted) -> dict[str, Any]:
        return {"tenant": self._tenant, **asdict(entry), "kind": entry.kind.value}

    def _found(self, keys: Collection[str]) -> dict[str, tuple[Submitted, int | None]]:
        wanted = self._own().where(col(LogEntryRow.key).in_(keys))
        # Not as the session remembers it: indexes are given past its memory.
        fresh = wanted.execution_options(populate_existing=True)
        return {row.key: (_submitted(row), row.log_index) for row in self._session.exec(fresh)}

    def waiting(self, limit: int) -> Sequence[Submitted]:
        """Return entries without an index."""
        wanted = self._own().where(col(LogEntryRow.log_index).is_(None)).limit(limit)
        return [_submitted(row) for row in self._session.exec(wanted)]

    def sequence(self, indexes: Mapping[str, int]) -> None:
        """Give entries their indexes by key."""
        own = (col(LogEntryRow.tenant) == self._tenant, col(LogEntryRow.key) == bindparam("of"))
        given = update(LogEntryRow).where(*own).values(log_index=bindparam("at"))
        pairs = [{"of": key, "at": index} for key, index in indexes.items()]
        if pairs:
            self._session.connection().execute(given, pairs)

    def entries(self, start: int, end: int) -> Sequence[Entry]:
        """Return the entries from `start` up to before `end`, in order."""
        index = col(LogEntryRow.log_index)
        wanted = self._own().where(index >= start, index < end).order_by(index)
        return [entry_of(row) for row in self._session.exec(wanted)]

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        return next(iter(self.heads(1)), None)

    def heads(self, limit: int) -> Sequence[LogHead]:
        """Return the newest heads, newest first."""
        wanted = select(LogHeadRow).where(LogHeadRow.tenant == self._tenant)
        newest_first = wanted.order_by(col(LogHeadRow.size).desc()).limit(limit)
        return [head_of(row) for row in self._session.exec(newest_first)]

    def head(self, size: int) -> LogHead | None:
        """Return the head of exactly this size."""
        row = self._session.get(LogHeadRow, (self._tenant, size))
        return None if row is None else head_of(row)

    def included(self) -> Sequence[LogHead]:
        """Return the heads whose block is not final yet, oldest first."""
        wanted = select(LogHeadRow).where(
            LogHeadRow.tenant == self._tenant, LogHeadRow.state == HeadState.INCLUDED.value
        )
        return [head_of(row) for row in self._session.exec(wanted.order_by(col(LogHeadRow.size)))]

    def newest_anchored(self) -> LogHead | None:
        """Return the largest head that is on the chain for good."""
        wanted = select(LogHeadRow).where(
            LogHeadRow.tenant == self._tenant, LogHeadRow.state == HeadState.ANCHORED.value
        )
        row = self._session.exec(wanted.order_by(col(LogHeadRow.size).desc()).limit(1)).first()
        return None if row is None else head_of(row)

    def head_sizes(self, above: int, limit: int) -> Sequence[int]:
        """Return the sizes of signed heads above a size, the smallest first."""
        size = col(LogHeadRow.size)
        wanted = select(size).where(LogHeadRow.tenant == self._tenant, size > above)
        return self._session.exec(wanted.order_by(size).limit(limit)).all()

    def cosignatures(self, size: int) -> Sequence[NoteSignature]:
        """Return the lines of witnesses under the head of this size, by their names."""
        wanted = select(LogCosignatureRow).where(
            LogCosignatureRow.tenant == self._tenant, LogCosignatureRow.size == size
        )
        rows = self._session.exec(wanted.order_by(col(LogCosignatureRow.name)))
        return [NoteSignature(row.name, row.key_id, row.signature) for row in rows]

    def notes(self, limit: int) -> Sequence[str]:
        """Return the newest heads as they are shown, newest first: witnesses behind own lines."""
        heads = self.heads(limit)
        return [shown(head, self.cosignatures(head.size)) for head in heads]

    def add_cosignature(self, size: int, line: NoteSignature, time: int) -> None:
        """Keep the line of a witness; a later one of the same witness takes its place."""
        self._session.merge(
            LogCosignatureRow(
                tenant=self._tenant,
                size=size,
                name=line.name,
                key_id=line.key_id,
                signature=line.signature,
                time=time,
            )
        )

    def last_cosigned(self, names: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        """Return size and time of the largest head that each of these has cosigned, by its name."""
        found = {name: self._last_of(name) for name in names}
        return {name: last for name, last in found.items() if last is not None}

    def _last_of(self, name: str) -> tuple[int, int] | None:
        row = LogCosignatureRow
        lines = select(row.size, row.time).where(row.tenant == self._tenant, row.name == name)
        return self._session.exec(lines.order_by(col(row.size).desc()).limit(1)).first()

    def cosigned_size(
        self, keys: Collection[tuple[str, bytes]], quorum: int, *, anchored: bool = False
    ) -> int:
        """Return the largest size that so many of these witnesses (name, key id) cosigned, or 0."""
        size, row = col(LogCosignatureRow.size), LogCosignatureRow
        last = self.last_cosigned(name for name, _ in keys).values()
        reached = sorted((each for each, _ in last), reverse=True)[quorum - 1 : quorum]
        final = self.newest_anchored() if anchored else None
        if not reached or (anchored and final is None):
            return 0
        most = min(reached[0], final.size) if final else reached[0]
        counted = (
            select(size)
            # Above what so many and the chain have reached nothing is looked at.
            .where(row.tenant == self._tenant, size <= most)
            .where(tuple_(row.name, row.key_id).in_(keys))
            .group_by(size)
            .having(func.count() >= quorum)
        )
        if anchored:
            counted = counted.where(size.in_(self._anchored_sizes()))
        found = self._session.exec(counted.order_by(size.desc()).limit(1)).first()
        return 0 if found is None else found

    def _anchored_sizes(self) -> SelectOfScalar[int]:
        anchored = LogHeadRow.state == HeadState.ANCHORED.value
        return select(LogHeadRow.size).where(LogHeadRow.tenant == self._tenant, anchored)

    def anchored_from(self, size: int) -> LogHead | None:
        """Return the smallest anchored head that covers `size` entries."""
        wanted = select(LogHeadRow).where(
            LogHeadRow.tenant == self._tenant,
            col(LogHeadRow.size) >= size,
            LogHeadRow.state == HeadState.ANCHORED.value,
        )
        row = self._session.exec(wanted.order_by(col(LogHeadRow.size)).limit(1)).first()
        return None if row is None else head_of(row)

    def index_of(self, commitment: bytes) -> int | None:
        """Return the index of the entry with this commitment."""
        found = self._own().where(LogEntryRow.commitment == commitment)
        row = self._session.exec(found).first()
        return None if row is None else row.log_index

    def save(self, head: LogHead) -> None:
        """Insert or update a head by size."""
        self._session.merge(
            LogHeadRow(
                tenant=self._tenant,
                size=head.size,
                root=head.root,
                note=head.note,
                state=head.state.value,
                transaction=head.transaction,
                block=head.block,
                block_hash=head.block_hash,
                block_time=head.block_time,
            )
        )

    def _own(self) -> SelectOfScalar[LogEntryRow]:
        return select(LogEntryRow).where(LogEntryRow.tenant == self._tenant)


class SqlLogs:
    """Opens the state of one municipality's log."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    @contextmanager
    def __call__(self) -> Iterator[SqlLog]:
        """Return the state, whose changes are kept together when the block ends well."""
        with self._database.transaction() as session:
            yield SqlLog(session, self._tenant)


def _submitted(row: LogEntryRow) -> Submitted:
    return Submitted(row.key, EntryKind(row.kind), row.commitment, row.issuer, row.hour)


def entry_of(row: LogEntryRow) -> Entry:
    """Return the entry of a row that has an index; ValueError if it waits."""
    if row.log_index is None:
        raise ValueError("an entry without an index is in no log")
    return Entry(row.log_index, EntryKind(row.kind), row.hour, row.issuer, row.commitment)


def head_of(row: LogHeadRow) -> LogHead:
    """Return the head of a row."""
    return LogHead(
        size=row.size,
        root=row.root,
        note=row.note,
        state=HeadState(row.state),
        transaction=row.transaction,
        block=row.block,
        block_hash=row.block_hash,
        block_time=row.block_time,
    )
