"""Every step in the life of an issuer's key becomes one entry of the log.

The entry's key is the step's digest, so a step is entered once however often it is looked at, by
however many processes, and whether or not one was killed in between.
"""

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from issuer.office import Office
from issuer.work import Work
from madang.core.encoding import base64url
from madang.core.keys.ring import Taken
from madang.core.keys.signing import Signer
from madang.core.merkle.entry import EntryKind
from madang.infra import outbox
from madang.infra.background import background, repeat
from madang.infra.key_ring import TURNING
from madang.infra.keystore import KeystoreError
from madang.infra.outbox import OutboxRow, Registered

SALT_BYTES = 16
_log = logging.getLogger(__name__)


class TurningKeys(Protocol):
    """Keys that turn, as the issuer uses them."""

    def signer(self, tenant: str, purpose: str, *, now: int) -> Signer:
        """Return the one that signs now; NoActiveKey if none may."""
        ...

    def published(self, tenant: str, purpose: str, *, now: int) -> Sequence[Signer]:
        """Return those that verifiers are to find now, oldest first."""
        ...

    def taken(self, tenant: str, purpose: str, *, now: int) -> Sequence[Taken]:
        """Return every step up to now, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class KeyBook:
    """Enters steps.

    Attributes:
        office: what every feature shares.
        keys: what happened to them.
    """

    office: Office
    keys: TurningKeys

    def enter_all(self) -> None:
        """Enter what is due of every municipality; a damaged ring is told, and the others go on."""
        for tenant in self.office.catalogue.tenants.ids():
            for purpose in TURNING:
                try:
                    self.enter(tenant, purpose)
                except KeystoreError as error:
                    _log.critical("no step of %s/%s is entered: %s", tenant, purpose, error)

    def enter(self, tenant: str, purpose: str) -> int:
        """Enter the steps of one purpose that are not entered yet; return how many."""
        office = self.office
        steps = self.keys.taken(tenant, purpose, now=office.clock.now())
        named = {base64url.encode(step.digest(purpose)): step for step in steps}
        with office.database.reading() as session:
            due = _missing(session, named)
        if not due:
            return 0
        # Of two processes that come here at once, one has entered all of it.
        with contextlib.suppress(IntegrityError), office.database.transaction() as session:
            for key in _missing(session, named):
                step = named[key]
                self._enter(office.work(session, tenant), session, step, step.digest(purpose))
        return len(due)

    def _enter(self, work: Work, session: Session, step: Taken, digest: bytes) -> None:
        salt, key = work.ids.bytes(SALT_BYTES), base64url.encode(digest)
        entry = Registered(key, EntryKind.KEY, work.issuer, digest, salt)
        outbox.enqueue(session, work.tenant, entry, now=step.at)
        work.note(f"key.{step.step.value.replace('-', '_')}", step.kid)


def _missing(session: Session, named: dict[str, Taken]) -> list[str]:
    entered = {*session.exec(select(OutboxRow.key).where(col(OutboxRow.key).in_(named)))}
    return [key for key in named if key not in entered]


@contextlib.asynccontextmanager
async def keeping(book: KeyBook) -> AsyncIterator[None]:
    """Enter what becomes due while the block lasts."""
    async with background(repeat(book.enter_all, book.office.settings.sweep_seconds)):
        yield
