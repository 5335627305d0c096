"""The table of log-ins; a row is gone when its request is answered or its time is over."""

from typing import Any

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from issuer.authorization.model import (
    AtProvider,
    Choosing,
    Device,
    Known,
    PresentationId,
    Presenting,
    SignIn,
    Trouble,
    Visit,
)
from issuer.proofing.model import ProofingId
from issuer.sources.model import PersonId
from madang.core.catalog.certificate_type import IdentityLevel
from madang.infra.statements import Upsert, replacing

_CHOOSING, _PRESENTING, _AT_PROVIDER, _KNOWN = "choosing", "presenting", "at_provider", "known"


class SignInRow(SQLModel, table=True):
    """One log-in in one of its states; what belongs to other states is None."""

    __tablename__ = "sign_in"

    tenant: str = Field(primary_key=True)
    authorization: str = Field(primary_key=True)
    csrf: str
    tries: int
    expires_at: int = Field(index=True)
    state: str
    trouble: str | None = None
    presentation: str | None = None
    device: str | None = None
    link: str | None = None
    looked_at: int | None = None
    state_hash: bytes | None = Field(default=None, unique=True)
    nonce: str | None = None
    code_verifier: str | None = None
    person: str | None = None
    level: str | None = None
    proofing: str | None = None


_KEEP = Upsert(SignInRow, replacing)


class SignInStore:
    """Log-ins in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, tenant: str, authorization: str, *, now: int) -> SignIn | None:
        """Return the log-in for a request; None when there is none, or no longer."""
        wanted = select(SignInRow).where(
            SignInRow.tenant == tenant, SignInRow.authorization == authorization
        )
        row = self._session.exec(wanted.with_for_update()).first()
        return None if row is None or now >= row.expires_at else _sign_in(row)

    def by_state(self, tenant: str, state_hash: bytes, *, now: int) -> AtProvider | None:
        """Return the log-in that a provider's answer belongs to."""
        wanted = select(SignInRow).where(
            SignInRow.tenant == tenant, SignInRow.state_hash == state_hash
        )
        row = self._session.exec(wanted.with_for_update()).first()
        found = None if row is None or now >= row.expires_at else _sign_in(row)
        return found if isinstance(found, AtProvider) else None

    def keep(self, tenant: str, sign_in: SignIn) -> None:
        """Keep a log-in in its new state; nothing of the one before stays."""
        _KEEP.run(self._session, _row(tenant, sign_in))

    def end(self, tenant: str, authorization: str) -> None:
        """Forget a log-in."""
        self._session.execute(
            delete(SignInRow).where(
                col(SignInRow.tenant) == tenant, col(SignInRow.authorization) == authorization
            )
        )

    def sweep(self, now: int) -> None:
        """Forget those whose time is over."""
        self._session.execute(delete(SignInRow).where(col(SignInRow.expires_at) <= now))


def _row(tenant: str, sign_in: SignIn) -> dict[str, Any]:
    visit = sign_in.visit
    every: dict[str, Any] = dict.fromkeys(SignInRow.model_fields)
    every |= {
        "tenant": tenant,
        "authorization": visit.authorization,
        "csrf": visit.csrf,
        "tries": visit.tries,
        "expires_at": visit.expires_at,
        **_members(sign_in),
    }
    return every


def _members(sign_in: SignIn) -> dict[str, object]:
    match sign_in:
        case Choosing(_, trouble):
            return {"state": _CHOOSING, "trouble": None if trouble is None else trouble.value}
        case Presenting(_, presentation, device, link, looked_at):
            return {
                "state": _PRESENTING,
                "presentation": presentation,
                "device": device.value,
                "link": link,
                "looked_at": looked_at,
            }
        case AtProvider(_, state_hash, nonce, code_verifier):
            return {
                "state": _AT_PROVIDER,
                "state_hash": state_hash,
                "nonce": nonce,
                "code_verifier": code_verifier,
            }
        case Known(_, person, level, proofing):
            return {"state": _KNOWN, "person": person, "level": level.value, "proofing": proofing}


def _sign_in(row: SignInRow) -> SignIn:
    visit = Visit(row.authorization, row.csrf, row.tries, row.expires_at)
    if row.state == _PRESENTING:
        presentation, device = PresentationId(row.presentation or ""), Device(str(row.device))
        return Presenting(visit, presentation, device, row.link or "", row.looked_at or 0)
    if row.state == _AT_PROVIDER:
        return AtProvider(visit, row.state_hash or b"", row.nonce or "", row.code_verifier or "")
    if row.state == _KNOWN:
        proofing = None if row.proofing is None else ProofingId(row.proofing)
        return Known(visit, PersonId(row.person or ""), IdentityLevel(str(row.level)), proofing)
    return Choosing(visit, None if row.trouble is None else Trouble(row.trouble))
