"""From a service's own transaction to the log: kept with the record, delivered until it is in.

A row is written in the transaction of the thing it speaks of. The worker hands rows to the log
under their keys and asks again until each has an index; the log takes a key once, so neither a
crash nor a lost answer doubles or loses an entry.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from sqlmodel import Field, Session, SQLModel, select

from madang.core.encoding import base64url
from madang.core.merkle.entry import EntryKind, commitment, hour_of
from madang.infra.background import background
from madang.infra.db import Database
from madang.infra.log_client import AppendEntry, LogClient, LogUnavailable

BATCH = 200
IDLE_SECONDS = 0.25
RETRY_SECONDS = 2.0


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


def enqueue(session: Session, tenant: str, thing: Registered, *, now: int) -> None:
    """Add an entry in the caller's transaction."""
    session.add(
        OutboxRow(
            key=thing.key,
            tenant=tenant,
            kind=thing.kind.value,
            issuer=thing.issuer,
            digest=base64url.encode(thing.digest),
            salt=base64url.encode(thing.salt),
            hour=hour_of(now),
        )
    )


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

    async def run(self) -> None:
        """Deliver for ever; ends when cancelled."""
        while True:
            try:
                waiting = await self.deliver()
            except (LogUnavailable, OperationalError):
                # A database that is locked or away for a while is no end of the work either.
                await asyncio.sleep(RETRY_SECONDS)
                continue
            await asyncio.sleep(0 if waiting > self._batch else IDLE_SECONDS)

    async def deliver(self) -> int:
        """Hand over one batch a tenant; return how many rows had no index before.

        A log that does not answer keeps no other municipality's entries waiting.

        Raises:
            LogUnavailable: of some log; nothing is lost; call again.
        """
        with self._database.reading() as session:
            found = select(OutboxRow).where(OutboxRow.log_index == None)  # noqa: E711 - SQL
            waiting = list(session.exec(found))
        by_tenant: dict[str, list[OutboxRow]] = {}
        for row in waiting:
            by_tenant.setdefault(row.tenant, []).append(row)
        trouble: LogUnavailable | None = None
        for tenant, rows in by_tenant.items():
            try:
                await self._hand_over(tenant, rows[: self._batch])
            except LogUnavailable as error:
                trouble = error
        if trouble is not None:
            raise trouble
        return len(waiting)

    async def _hand_over(self, tenant: str, batch: list[OutboxRow]) -> None:
        indexes = await self._log.append(tenant, [_entry(row) for row in batch])
        self._keep({row.key: indexes.get(row.key) for row in batch})

    def _keep(self, indexes: Mapping[str, int | None]) -> None:
        known = {key: index for key, index in indexes.items() if index is not None}
        if not known:
            return
        with self._database.transaction() as session:
            for key, index in known.items():
                session.execute(
                    update(OutboxRow).where(OutboxRow.key == key).values(log_index=index)  # type: ignore[arg-type]
                )


def _entry(row: OutboxRow) -> AppendEntry:
    thing = registered(row)
    committed = commitment(thing.salt, thing.digest)
    return AppendEntry(thing.key, thing.kind, committed, thing.issuer, row.hour)


@asynccontextmanager
async def running(*workers: OutboxWorker) -> AsyncIterator[None]:
    """Run workers while the block lasts."""
    async with background(*(worker.run() for worker in workers)):
        yield
