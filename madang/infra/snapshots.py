"""Snapshots of the registry as a service keeps them: fetched whole, checked, kept through restarts.

They are fetched on a beat of their own and never for a visit, so a look-up betrays nothing. Where
no ledger node answers, the one kept is relied on until its block is too old; then nothing is.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import OperationalError
from sqlmodel import Field, SQLModel

from madang.core.trust.place import Place, PlaceError, parse_place
from madang.core.trust.registry import Registry
from madang.core.trust.snapshot import MEDIA_TYPE, SnapshotError
from madang.core.trust.snapshot_check import Expectation, Verdict, verify, verify_kept
from madang.infra.background import background
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.http import HttpClient, HttpError
from madang.infra.settings import CommonSettings
from madang.infra.setup import StateFolders
from madang.infra.statements import Upsert, replacing
from madang.infra.tenancy import Addresses, Tenants

PATH: Final = "accreditations"
MISSING: Final = "snapshot_missing"
UNREACHABLE: Final = "snapshot_unreachable"
_OK: Final = 200
_FIRST_SECONDS: Final = 0.5
_RECENT_SECONDS: Final = 7_200
"""Age that a node which does its work keeps below, also on a chain that is seldom used."""
_log = logging.getLogger(__name__)


class KeptSnapshotRow(SQLModel, table=True):
    """The newest snapshot that was relied on, as it was fetched."""

    __tablename__ = "kept_snapshot"

    id: int = Field(default=1, primary_key=True)
    compact: str


_KEEP = Upsert(KeptSnapshotRow, replacing)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How a reader treats snapshots.

    Attributes:
        max_age: seconds from the block's time after which one is not relied on.
        refresh: seconds between two looks for a newer one.
    """

    max_age: int
    refresh: float


@dataclass(frozen=True, slots=True)
class OutOfBand:
    """What a reader was given by another way than the snapshots: read anew at every use.

    Attributes:
        anchors: folder of the municipalities' roots.
        record: `contract.json`, which tells where the registry is.
        publishers: identifiers of the municipalities' logs.
    """

    anchors: Path
    record: Path
    publishers: Sequence[str]

    def roots(self) -> tuple[bytes, ...]:
        """Return the roots, one of which has to be behind a snapshot's signature."""
        return tuple(path.read_bytes() for path in sorted(self.anchors.glob("*/*.der")))

    def place(self) -> Place:
        """Return where the registry is; PlaceError if the record is missing or malformed."""
        try:
            return parse_place(self.record.read_bytes())
        except OSError as error:
            raise PlaceError(f"no record of the contracts at {self.record}") from error


class Snapshots:
    """Implements `Accreditations` over HTTP, with one row in the service's own database.

    Args:
        http: the network.
        database: keeps the newest one.
        sources: addresses of snapshots, asked in turn until one gives one that holds and is recent.
        given: what was given out of band.
        bounds: age and beat.
        clock: tells the time.
    """

    def __init__(
        self,
        http: HttpClient,
        database: Database,
        sources: Sequence[str],
        given: OutOfBand,
        bounds: Bounds,
        clock: Clock,
    ) -> None:
        self._http = http
        self._database = database
        self._sources = tuple(sources)
        self._given = given
        self._bounds = bounds
        self._clock = clock
        self._known: Verdict | None = None
        self._why = SnapshotError(MISSING, "no snapshot of the accreditations was fetched yet")

    def registry(self, *, now: int) -> Registry:
        """Return the registry; SnapshotError: as of the last attempt, or of its age."""
        known = self._known or self._taken_out()
        if known is None:
            raise self._why
        return known.relied_at(now, max_age=self._bounds.max_age)

    def following(self) -> AbstractAsyncContextManager[None]:
        """Look for a newer one before the block, and again and again while it lasts."""
        return self._following()

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[None]:
        await self._look()
        async with background(self._follow()):
            yield

    async def _follow(self) -> None:
        while True:
            first = min(_FIRST_SECONDS, self._bounds.refresh)
            await asyncio.sleep(self._bounds.refresh if self._known else first)
            await self._look()

    async def _look(self) -> None:
        try:
            await self.refresh()
        except SnapshotError as error:
            _log.warning("no newer snapshot: %s: %s", error.code, error)
        except OperationalError:
            _log.warning("the database does not answer; the snapshot is not kept")

    async def refresh(self) -> None:
        """Fetch one that holds, the first recent one or else the newest of all, and keep it.

        Raises:
            SnapshotError: no source has one; the one kept stays.
        """
        now, found = self._clock.now(), None
        self._known = self._known or self._taken_out()
        for address in self._sources:
            try:
                compact = await self._fetched(address)
                verdict = verify(compact, self._expected(self._known), now=now)
                basis = verdict.relied().basis
            except SnapshotError as error:
                self._why = error
                continue
            self._known, found = verdict, compact
            if basis.age(now) <= _RECENT_SECONDS:
                break
        if found is None:
            raise self._why
        self._keep(found)

    async def _fetched(self, address: str) -> str:
        try:
            answer = await self._http.request("GET", address, headers={"accept": MEDIA_TYPE})
        except HttpError as error:
            raise SnapshotError(UNREACHABLE, str(error)) from error
        if answer.status != _OK:
            raise SnapshotError(UNREACHABLE, f"{address} answered {answer.status}")
        return answer.body.decode("ascii", "replace")

    def _expected(self, known: Verdict | None) -> Expectation:
        try:
            place = self._given.place()
        except PlaceError as error:
            raise SnapshotError(MISSING, str(error)) from error
        seen = None if known is None else known.seen
        return Expectation(
            self._given.roots(), place, self._given.publishers, seen, self._bounds.max_age
        )

    def _taken_out(self) -> Verdict | None:
        """Return the one kept before a restart, checked anew, however old."""
        with self._database.reading() as session:
            row = session.get(KeptSnapshotRow, 1)
        if row is None:
            return None
        try:
            verdict = verify_kept(row.compact, self._expected(None))
            verdict.relied()
        except SnapshotError as error:
            self._why = error
            return None
        return verdict

    def _keep(self, compact: str) -> None:
        with self._database.transaction() as session:
            _KEEP.run(session, {"id": 1, "compact": compact})


def sources_of(settings: CommonSettings, tenants: Tenants, addresses: Addresses) -> tuple[str, ...]:
    """Return where snapshots are: the addresses of the settings, or the municipalities' logs."""
    own = tuple(f"{log}/{PATH}" for log in publishers_of(tenants, addresses))
    return settings.accreditation_sources or own


def publishers_of(tenants: Tenants, addresses: Addresses) -> tuple[str, ...]:
    """Return whose snapshots count, wherever they are fetched: the municipalities' logs."""
    return tuple(addresses.identifier(tenant, "log") for tenant in tenants.ids())


def snapshots(
    settings: CommonSettings,
    addresses: Addresses,
    tenants: Tenants,
    database: Database,
    http: HttpClient,
    clock: Clock,
) -> Snapshots:
    """Return the snapshots of a service by its settings."""
    folders = StateFolders(settings.state_dir)
    record = settings.accreditation_record or settings.state_dir / "contract.json"
    return Snapshots(
        http,
        database,
        sources_of(settings, tenants, addresses),
        OutOfBand(folders.anchors, record, publishers_of(tenants, addresses)),
        Bounds(settings.accreditation_max_age, settings.accreditation_refresh_seconds),
        clock,
    )
