"""What auditors read of the logs' tables; nothing is changed, and no writer waits for it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from ledger_node.audit.model import Criteria, Tally
from ledger_node.publisher.model import HeadState, LogHead
from ledger_node.publisher.store import LogEntryRow, LogHeadRow, SqlLog, entry_of, head_of
from madang.core.merkle.entry import Entry
from madang.infra.db import Database

MOST_COUNTED = 100_000
MOST_COUNTED_IN_TIME = 1_000_000
"""Of a time, all are counted: those that it has may be far from the newest ones."""
MOST_ISSUERS = 50

_INDEX = col(LogEntryRow.log_index)
_ON_CHAIN = col(LogHeadRow.state).not_in([HeadState.PUBLISHED.value, HeadState.REFUSED.value])


class SqlAuditedState(SqlLog):
    """Implements `AuditedState` for one municipality."""

    def search(
        self, criteria: Criteria, span: tuple[int, int], before: int | None, limit: int
    ) -> tuple[Tally, Sequence[Entry]]:
        """Return how many entries of a span of indexes are wanted, and the newest of them.

        Args:
            criteria: what is wanted; the block is not looked at.
            span: first index, and the one before which it ends.
            before: only entries of smaller indexes are returned; None for any.
            limit: most entries.
        """
        wanted = self._wanted(criteria, span)
        timed = criteria.since is not None or criteria.until is not None
        tally = self._tally(wanted, MOST_COUNTED_IN_TIME if timed else MOST_COUNTED)
        if not tally.more:  # all of them are within these, so nothing beside is looked at
            span = (tally.first, tally.last + 1)
        if before is not None:
            span = (span[0], min(span[1], before))
        rows = select(LogEntryRow).where(*self._wanted(criteria, span))
        newest = rows.order_by(_INDEX.desc()).limit(limit)
        return tally, [entry_of(row) for row in self._session.exec(newest)]

    def _tally(self, wanted: Sequence[ColumnElement[bool]], most: int) -> Tally:
        some = select(_INDEX.label("at")).where(*wanted).limit(most + 1).subquery()
        counted = select(func.count(), func.min(some.c.at), func.max(some.c.at))
        count, first, last = self._row(counted.select_from(some))
        if not count:
            return Tally(0)
        return Tally(min(count, most), count > most, int(first), int(last))

    def _wanted(self, criteria: Criteria, span: tuple[int, int]) -> list[ColumnElement[bool]]:
        own = col(LogEntryRow.tenant) == self._tenant
        wanted = [own, _INDEX.between(span[0], span[1] - 1)]
        if criteria.kind is not None:
            wanted.append(col(LogEntryRow.kind) == criteria.kind.value)
        if criteria.issuer:
            wanted.append(col(LogEntryRow.issuer) == criteria.issuer)
        if criteria.since is not None:
            wanted.append(col(LogEntryRow.hour) >= criteria.since)
        if criteria.until is not None:
            wanted.append(col(LogEntryRow.hour) < criteria.until)
        return wanted

    def issuers(self) -> Sequence[str]:
        """Return the offices that have entries, each found by one look into the index."""
        found: list[str] = []
        while len(found) < MOST_ISSUERS:
            further = select(func.min(col(LogEntryRow.issuer))).where(
                LogEntryRow.tenant == self._tenant,
                col(LogEntryRow.issuer) > (found[-1] if found else ""),
            )
            issuer = self._row(further)
            if issuer is None:
                break
            found.append(issuer)
        return found

    def growth(self, since: int, until: int) -> Sequence[tuple[int, str, int]]:
        """Return hour, kind and number of the entries from one hour up to before another."""
        hour, kind = col(LogEntryRow.hour), col(LogEntryRow.kind)
        grouped = select(hour, kind, func.count()).where(
            LogEntryRow.tenant == self._tenant, hour >= since, hour < until, _INDEX.is_not(None)
        )
        rows = self._session.exec(grouped.group_by(hour, kind).order_by(hour, kind))
        return [(int(at), str(what), int(count)) for at, what, count in rows]

    def last_hour(self) -> int | None:
        """Return the latest hour of an entry."""
        hours = select(func.max(col(LogEntryRow.hour)))
        found: int | None = self._row(hours.where(LogEntryRow.tenant == self._tenant))
        return found

    def heads_below(self, size: int | None, limit: int) -> Sequence[LogHead]:
        """Return the newest heads of less than `size` entries, newest first; None for any."""
        heads = select(LogHeadRow).where(LogHeadRow.tenant == self._tenant)
        if size is not None:
            heads = heads.where(LogHeadRow.size < size)
        newest = heads.order_by(col(LogHeadRow.size).desc()).limit(limit)
        return [head_of(row) for row in self._session.exec(newest)]

    def head_count(self) -> int:
        """Return the number of heads."""
        counted = select(func.count()).select_from(LogHeadRow)
        found: int = self._row(counted.where(LogHeadRow.tenant == self._tenant))
        return found

    def on_chain(self) -> LogHead | None:
        """Return the newest head on the chain."""
        heads = select(LogHeadRow).where(LogHeadRow.tenant == self._tenant, _ON_CHAIN)
        row = self._session.exec(heads.order_by(col(LogHeadRow.size).desc()).limit(1)).first()
        return None if row is None else head_of(row)

    def covering(self, size: int) -> LogHead | None:
        """Return the smallest head on the chain that covers `size` entries."""
        heads = select(LogHeadRow).where(LogHeadRow.tenant == self._tenant, _ON_CHAIN)
        smallest = heads.where(LogHeadRow.size >= size).order_by(col(LogHeadRow.size)).limit(1)
        row = self._session.exec(smallest).first()
        return None if row is None else head_of(row)

    def span_of_block(self, block: int) -> tuple[int, int]:
        """Return the first index that a block was the first to cover, and the one behind them."""
        own = (LogHeadRow.tenant == self._tenant, _ON_CHAIN)
        size = col(LogHeadRow.size)
        inside = select(func.min(size), func.max(size)).where(*own, LogHeadRow.block == block)
        smallest, largest = self._row(inside)
        if smallest is None:
            return 0, 0
        before = self._row(select(func.max(size)).where(*own, size < smallest))
        return before or 0, largest

    def _row(self, statement: Any) -> Any:  # noqa: ANN401 - SQLModel takes no aggregate for None
        return self._session.exec(statement).one()


class SqlAuditedLogs:
    """Opens what auditors read of one municipality's log."""

    def __init__(self, database: Database, tenant: str) -> None:
        self._database = database
        self._tenant = tenant

    @contextmanager
    def __call__(self) -> Iterator[SqlAuditedState]:
        """Return the state as it is at one moment."""
        with self._database.reading() as session:
            yield SqlAuditedState(session, self._tenant)
