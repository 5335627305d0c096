"""Tables of nonces and kept answers, and what the outbox holds of issued copies."""

from collections.abc import Sequence

from sqlalchemy import CursorResult, delete
from sqlmodel import Field, Session, SQLModel, col, select

from issuer.issuance.answers import Answer
from madang.core.encoding import base64url
from madang.core.merkle.entry import Entry, commitment
from madang.infra.outbox import OutboxRow, registered
from madang.infra.receipts import Logged


class NonceRow(SQLModel, table=True):
    """A nonce that was handed out and not used."""

    __tablename__ = "nonce"

    hash: bytes = Field(primary_key=True)
    tenant: str
    until: int = Field(index=True)


class AnswerRow(SQLModel, table=True):
    """A sealed answer."""

    __tablename__ = "kept_answer"

    key: bytes = Field(primary_key=True)
    sealed: bytes
    until: int = Field(index=True)


class NonceStore:
    """Nonces in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, tenant: str, nonce_hash: bytes, *, until: int) -> None:
        """Keep a new nonce."""
        self._session.add(NonceRow(hash=nonce_hash, tenant=tenant, until=until))

    def take(self, tenant: str, nonce_hash: bytes, *, now: int) -> bool:
        """Delete a nonce; False if it was not there or is over."""
        gone = self._session.execute(
            delete(NonceRow).where(
                col(NonceRow.hash) == nonce_hash,
                col(NonceRow.tenant) == tenant,
                col(NonceRow.until) > now,
            )
        )
        return isinstance(gone, CursorResult) and gone.rowcount == 1


class AnswerStore:
    """Sealed answers in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, answer: Answer) -> None:
        """Keep a sealed answer."""
        row = AnswerRow(key=answer.key, sealed=answer.sealed, until=answer.until)
        self._session.add(row)

    def sealed(self, key: bytes, *, now: int) -> bytes | None:
        """Return a sealed answer that is not over."""
        wanted = select(AnswerRow.sealed).where(AnswerRow.key == key, AnswerRow.until > now)
        return self._session.exec(wanted).first()


class LoggedStore:
    """Log entries of copies as the outbox holds them, in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def logged(self, tenant: str, digests: Sequence[bytes]) -> list[Logged]:
        """Return those of the copies that have an index in the log."""
        wanted = select(OutboxRow).where(
            OutboxRow.tenant == tenant,
            col(OutboxRow.digest).in_([base64url.encode(digest) for digest in digests]),
            col(OutboxRow.log_index).is_not(None),
        )
        return [_logged(row, row.log_index or 0) for row in self._session.exec(wanted)]


def sweep(session: Session, now: int) -> None:
    """Delete nonces and answers that are over."""
    session.execute(delete(NonceRow).where(col(NonceRow.until) <= now))
    session.execute(delete(AnswerRow).where(col(AnswerRow.until) <= now))


def _logged(row: OutboxRow, index: int) -> Logged:
    thing = registered(row)
    committed = commitment(thing.salt, thing.digest)
    entry = Entry(index, thing.kind, row.hour, thing.issuer, committed)
    return Logged(thing.digest, thing.salt, entry)
