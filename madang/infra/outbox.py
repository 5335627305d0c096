"""From a service's own transaction to the log: kept with the record, delivered until it is in.

A row is written in the transaction of the thing it speaks of. The worker hands rows to the log
under their keys and asks again until each has an index; the log takes a key once, so neither a
crash nor a lost answer doubles or loses an entry.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Field, Session, SQLModel, col, select

from madang.core.encoding import base64url
from madang.core.merkle.entry import EntryKind, commitment, hour_of
from madang.infra.background import background
from madang.infra.db import Database
from madang.infra.log_client import AppendEntry, LogClient, LogRefused, LogUnavailable
from madang.infra.statements import Prepared

BATCH = 200
IDLE_SECONDS = 0.25
RETRY_SECONDS = 2.0
REST = 2
"""A round that took a second is followed by so many seconds of rest."""
_logger = logging.getLogger(__name__)


class OutboxRow(SQLModel, table=True):
    """One entry of the log as the office keeps it.

    Attributes:
        key: idempotency key; an opaque id.
        kind: kind of the entry.
        issuer: identifier of the office.
        digest: base64url digest of the thing.
        salt: base64url; with it the commitment can be opened.
        hour: epoch seconds of the hour.
        log_index: index in the log once it has one.
    """

    __tablename__ = "outbox"

    key: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    kind: str
    issuer: str
    digest: str = Field(index=True)
    salt: str
    hour: int
    log_index: int | None = Field(default=None, index=True)


_WAITS = col(OutboxRow.log_index).is_(None)
_ENTER = Prepared(insert(OutboxRow))
_SET_INDEX = Prepared(
    update(OutboxRow).where(col(OutboxRow.key) == bindparam("of")).values(log_index=bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What the log is to hold.

    Attributes:
        key: opaque id, unique for ever.
        kind: kind of the entry.
        issuer: identifier of the office.
        digest: 32 bytes.
        salt: at least 16 bytes of chance.
    """

    key: str
    kind: EntryKind
    issuer: str
    digest: bytes
    salt: bytes


def enqueue(session: Session, tenant: str, *things: Registered, now: int) -> None:
    """Add entries in the caller's transaction."""
    hour = hour_of(now)
    rows = [
        {
            "key": thing.key,
            "tenant": tenant,
            "kind": thing.kind.value,
            "issuer": thing.issuer,
            "digest": base64url.encode(thing.digest),
            "salt": base64url.encode(thing.salt),
            "hour": hour,
        }
        for thing in things
    ]
    _ENTER.run_each(session, rows)


def registered(row: OutboxRow) -> Registered:
    """Return what a row hands to the log."""
    salt, digest = base64url.decode(row.salt), base64url.decode(row.digest)
    return Registered(row.key, EntryKind(row.kind), row.issuer, digest, salt)


def find(session: Session, tenant: str, digest: bytes) -> OutboxRow | None:
    """Return the row of a thing by its digest."""
    wanted = select(OutboxRow).where(
        OutboxRow.tenant == tenant, OutboxRow.digest == base64url.encode(digest)
    )
    return session.exec(wanted).first()


def export_rows(session: Session, tenant: str) -> list[dict[str, Any]]:
    """Return a tenant's rows for an auditor: kind, digest, salt, index, reference."""
    rows = session.exec(select(OutboxRow).where(OutboxRow.tenant == tenant))
    return [
        {
            "kind": row.kind,
            "digest": row.digest,
            "salt": row.salt,
            "index": row.log_index,
            "reference": row.key,
        }
        for row in sorted(rows, key=lambda row: (row.log_index is None, row.log_index, row.key))
    ]


class OutboxWorker:
    """Delivers what waits, until it is told to stop.

    Args:
        database: the service's own.
        log: where entries go.
        batch: most entries in one call.
    """

    def __init__(self, database: Database, log: LogClient, batch: int = BATCH) -> None:
        self._database = database
        self._log = log
        self._batch = batch
        self._refused: set[str] = set()

    async def run(self) -> None:
        """Deliver for ever; ends when cancelled."""
        loop, told = asyncio.get_running_loop(), False
        while True:
            started = loop.time()
            try:
                await self.deliver()
                pause, told = max(IDLE_SECONDS, REST * (loop.time() - started)), False
            except (LogUnavailable, OperationalError) as error:
                # A database that is locked or away for a while is no end of the work either.
                if not told:
                    _logger.warning("entries wait for the log: %s", type(error).__name__)
                pause, told = RETRY_SECONDS, True
            await asyncio.sleep(pause)

    async def deliver(self) -> int:
        """Hand everything that has no index to its log; return how many rows that were.

        A log that does not answer keeps no other municipality's entries waiting.

        Raises:
            LogUnavailable: of some log; nothing is lost; call again.
        """
        handed, trouble = 0, None
        for tenant in self._waiting_tenants():
            try:
                async for batch in self._batches(tenant):
                    await self._hand_over(tenant, batch)
                    handed += len(batch)
            except LogUnavailable as error:
                trouble = error
        if trouble is not None:
            raise trouble
        return handed

    def _waiting_tenants(self) -> list[str]:
        with self._database.reading() as session:
            return list(session.exec(select(OutboxRow.tenant).where(_WAITS).distinct()))

    async def _batches(self, tenant: str) -> AsyncIterator[list[AppendEntry]]:
        """Page through a tenant's rows by key: each comes once a round, however many wait."""
        last = ""
        while True:
            wanted = (
                select(OutboxRow)
                .where(_WAITS, OutboxRow.tenant == tenant, OutboxRow.key > last)
                .order_by(OutboxRow.key)
                .limit(self._batch)
            )
            with self._database.reading() as session:
                batch = [_entry(row) for row in session.exec(wanted)]
            if not batch:
                return
            last = batch[-1].key
            yield batch

    async def _hand_over(self, tenant: str, batch: list[AppendEntry]) -> None:
        """Hand over a batch; of one that is refused, everything but what is refused alone."""
        try:
            indexes = await self._log.append(tenant, batch)
        except LogRefused:
            if len(batch) == 1:
                self._tell_refused(tenant, batch[0].key)
                return
            middle = len(batch) // 2
            await self._hand_over(tenant, batch[:middle])
            await self._hand_over(tenant, batch[middle:])
            return
        self._keep({entry.key: indexes.get(entry.key) for entry in batch})

    def _tell_refused(self, tenant: str, key: str) -> None:
        if key not in self._refused:
            self._refused.add(key)
            _logger.warning("the log of %s does not take the entry %s", tenant, key)

    def _keep(self, indexes: Mapping[str, int | None]) -> None:
        known = [{"of": key, "at": at} for key, at in indexes.items() if at is not None]
        if not known:
            return
        with self._database.transaction() as session:
            _SET_INDEX.run_each(session, known)


def _entry(row: OutboxRow) -> AppendEntry:
    thing = registered(row)
    committed = commitment(thing.salt, thing.digest)
    return AppendEntry(thing.key, thing.kind, committed, thing.issuer, row.hour)


@asynccontextmanager
async def running(*workers: OutboxWorker) -> AsyncIterator[None]:
    """Run workers while the block lasts."""
    async with background(*(worker.run() for worker in workers)):
        yield
