"""Staff accounts and sessions of one service, per municipality."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlmodel import Field, Session, SQLModel, delete, select

from madang.infra import journal
from madang.infra.db import Database
from madang.infra.ids import Ids
from madang.infra.settings import CommonSettings

_HASH_BYTES, _ITERATIONS, _LANES, _MEMORY_KIB = 32, 2, 1, 19 * 1024
_SALT_BYTES = 16


class Role(StrEnum):
    """What a member of staff may do."""

    CLERK = "clerk"
    OFFICER = "officer"
    AGENCY = "agency"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class StaffAccount(SQLModel, table=True):
    """One member of staff of one municipality.

    Attributes:
        name: what the person types; unique in the municipality.
        pseudonym: what journals and other services see.
        roles: role names separated by spaces.
        passphrase_hash: Argon2id.
        failed: wrong passphrases in a row.
        locked_until: epoch seconds.
    """

    __tablename__ = "staff_account"

    tenant: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    pseudonym: str
    roles: str
    passphrase_hash: bytes
    salt: bytes
    failed: int = 0
    locked_until: int = 0


class StaffSession(SQLModel, table=True):
    """One signed-in browser; the token itself is only in the browser's cookie."""

    __tablename__ = "staff_session"

    token_hash: bytes = Field(primary_key=True)
    tenant: str
    name: str
    csrf: str
    started: int
    seen: int


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is signed in.

    Attributes:
        tenant: the municipality.
        pseudonym: what journals and other services see.
        roles: role names.
        csrf: token that this session's forms carry.
    """

    tenant: str
    pseudonym: str
    roles: frozenset[str]
    csrf: str


class SignInError(Exception):
    """A name and passphrase do not open an account; told in the same way for every reason."""


@dataclass(frozen=True)
class Staff:
    """Accounts and sessions.

    Attributes:
        database: the service's own.
        ids: draws tokens.
        settings: life of sessions, tries.
    """

    database: Database
    ids: Ids
    settings: CommonSettings

    def add(
        self, tenant: str, name: str, passphrase: str, roles: Iterable[Role], *, now: int
    ) -> None:
        """Create an account, or give an existing one this passphrase and these roles.

        Another passphrase ends its sessions: whoever opened them may know the old one only.

        Args:
            tenant: whose member of staff.
            name: what the person types.
            passphrase: the same.
            roles: all that the person may do.
            now: epoch seconds, for the journal.
        """
        salt = self.ids.bytes(_SALT_BYTES)
        with self.database.transaction() as session:
            known = session.get(StaffAccount, (tenant, name))
            pseudonym = known.pseudonym if known else self.ids.token(9)
            if known is not None and not _opens(known, passphrase):
                for each in self._sessions(session, known):
                    session.delete(each)
            session.merge(
                StaffAccount(
                    tenant=tenant,
                    name=name,
                    pseudonym=pseudonym,
                    roles=" ".join(sorted(roles)),
                    passphrase_hash=_stretch(passphrase, salt),
                    salt=salt,
                )
            )
            code = "account.entered" if known is None else "account.changed"
            journal.record(session, tenant, code, at=now, reference=pseudonym)

    def _sessions(self, session: Session, account: StaffAccount) -> Iterable[StaffSession]:
        wanted = select(StaffSession).where(
            StaffSession.tenant == account.tenant, StaffSession.name == account.name
        )
        return session.exec(wanted)

    def sign_in(self, tenant: str, name: str, passphrase: str, *, now: int) -> str:
        """Open a session and return its token.

        Raises:
            SignInError: unknown name, wrong passphrase, or a locked account; each takes the same
                time, is counted and leaves a line in the journal.
        """
        with self.database.transaction() as session:
            account = session.get(StaffAccount, (tenant, name), with_for_update=True)
            opened = _opens(account, passphrase) and account is not None
            if account is None or not opened or now < account.locked_until:
                self._count(session, tenant, account, now)
                token = None
            else:
                account.failed = 0
                token = self._open(session, account, now)
        if token is None:
            raise SignInError
        return token

    def _count(self, session: Session, tenant: str, account: StaffAccount | None, now: int) -> None:
        code, actor = "sign_in.refused", None
        if account is not None:
            actor = account.pseudonym
            account.failed += 1
            if account.failed >= self.settings.sign_in_tries and now >= account.locked_until:
                account.locked_until = now + self.settings.sign_in_lock_seconds
                account.failed = 0
                code = "sign_in.locked"
        journal.record(session, tenant, code, at=now, actor=actor)

    def _open(self, session: Session, account: StaffAccount, now: int) -> str:
        oldest = now - self.settings.session_seconds
        session.execute(delete(StaffSession).where(StaffSession.started < oldest))  # type: ignore[arg-type]
        token = self.ids.token(32)
        session.add(
            StaffSession(
                token_hash=_hash(token),
                tenant=account.tenant,
                name=account.name,
                csrf=self.ids.token(),
                started=now,
                seen=now,
            )
        )
        journal.record(session, account.tenant, "sign_in.opened", at=now, actor=account.pseudonym)
        return token

    def actor(self, token: str, *, now: int) -> Actor | None:
        """Return who is signed in with this token; None when nobody is, or no longer."""
        with self.database.transaction() as session:
            found = session.get(StaffSession, _hash(token))
            if found is None or not self._alive(found, now):
                return None
            account = session.get(StaffAccount, (found.tenant, found.name))
            if account is None:
                return None
            found.seen = now
            roles = frozenset(account.roles.split())
            return Actor(found.tenant, account.pseudonym, roles, found.csrf)

    def _alive(self, found: StaffSession, now: int) -> bool:
        settings = self.settings
        idle = now - found.seen
        return (
            now - found.started < settings.session_seconds and idle < settings.session_idle_seconds
        )

    def sign_out(self, token: str) -> None:
        """Close a session; nothing happens if there is none."""
        with self.database.transaction() as session:
            found = session.exec(
                select(StaffSession).where(StaffSession.token_hash == _hash(token))
            )
            for each in found:
                session.delete(each)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _stretch(passphrase: str, salt: bytes) -> bytes:
    argon = Argon2id(
        salt=salt,
        length=_HASH_BYTES,
        iterations=_ITERATIONS,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
    return argon.derive(passphrase.encode("utf-8", "replace"))


def _opens(account: StaffAccount | None, passphrase: str) -> bool:
    """Compare in the same time whether or not there is such an account."""
    salt = account.salt if account else bytes(_SALT_BYTES)
    stretched = _stretch(passphrase, salt)
    return account is not None and hmac.compare_digest(stretched, account.passphrase_hash)
