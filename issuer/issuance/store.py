"""Tables of used nonces, kept answers, deferrals and notifications, and what the outbox holds."""

from collections.abc import Mapping, Sequence

from sqlalchemy import UniqueConstraint, bindparam, delete, insert
from sqlalchemy import select as sql_select
from sqlmodel import Field, Session, SQLModel, col, select

from issuer.issuance.answers import Answer
from issuer.issuance.deferral import Deferral, DeferralState
from issuer.offers.model import OfferId
from issuer.types.model import ConfigurationId
from madang.access.authorization.model import GrantId
from madang.core.encoding import base64url, strict_json
from madang.core.keys.jwk import PublicKey
from madang.core.merkle.entry import Entry, commitment
from madang.core.protocol.oid4vci.notification import Event
from madang.infra.outbox import OutboxRow, registered
from madang.infra.receipts import Logged
from madang.infra.statements import Prepared, Upsert, replacing


class UsedNonceRow(SQLModel, table=True):
    """A nonce that was used; forgotten when it would be over anyway."""

    __tablename__ = "used_nonce"

    hash: bytes = Field(primary_key=True)
    until: int = Field(index=True)


class AnswerRow(SQLModel, table=True):
    """A sealed answer."""

    __tablename__ = "kept_answer"

    key: bytes = Field(primary_key=True)
    sealed: bytes
    until: int = Field(index=True)


class DeferralRow(SQLModel, table=True):
    """An issue that was put off.

    Attributes:
        keys: the holder keys, an array of JWKs.
    """

    __tablename__ = "deferral"
    __table_args__ = (UniqueConstraint("tenant", "offer", "configuration"),)

    id: str = Field(primary_key=True)
    tenant: str
    offer: str
    configuration: str
    keys: str
    state: str = Field(index=True)
    asked_at: int


class NotificationRow(SQLModel, table=True):
    """What a wallet last said of what it was sent; nothing in its own words."""

    __tablename__ = "notification"

    tenant: str = Field(primary_key=True)
    offer: str = Field(primary_key=True)
    configuration: str = Field(primary_key=True)
    event: str
    at: int


_ANSWERS = SQLModel.metadata.tables["kept_answer"]
_KEEP_ANSWER = Prepared(insert(_ANSWERS))
_ANSWER = Prepared(
    sql_select(_ANSWERS.c.sealed).where(
        _ANSWERS.c.key == bindparam("named"), _ANSWERS.c.until > bindparam("now")
    )
)
_USE, _NOTIFY = Upsert(UsedNonceRow), Upsert(NotificationRow, replacing)


class NonceStore:
    """Used nonces in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def use(self, nonce_hash: bytes, *, until: int) -> bool:
        """Note a nonce as used; False if it was noted before, by whatever process."""
        return _USE.run(self._session, {"hash": nonce_hash, "until": until}) == 1


class AnswerStore:
    """Sealed answers in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, answer: Answer) -> None:
        """Keep a sealed answer."""
        row = {"key": answer.key, "sealed": answer.sealed, "until": answer.until}
        _KEEP_ANSWER.run(self._session, row)

    def sealed(self, key: bytes, *, now: int) -> bytes | None:
        """Return a sealed answer that is not over."""
        found = _ANSWER.first(self._session, {"named": key, "now": now})
        return None if found is None else found.sealed


class DeferralStore:
    """Issues that were put off, in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, tenant: str, deferral: Deferral) -> None:
        """Keep a new one, or a known one in its new state."""
        row = DeferralRow(
            id=deferral.id,
            tenant=tenant,
            offer=deferral.offer,
            configuration=deferral.configuration,
            keys=strict_json.dumps([key.to_jwk() for key in deferral.keys]),
            state=deferral.state.value,
            asked_at=deferral.asked_at,
        )
        self._session.merge(row)

    def get(self, tenant: str, deferral: str) -> Deferral | None:
        """Return one."""
        wanted = select(DeferralRow).where(DeferralRow.id == deferral, DeferralRow.tenant == tenant)
        row = self._session.exec(wanted.with_for_update()).first()
        return None if row is None else _deferral(row)

    def of(self, tenant: str, offer: str, configuration: str) -> Deferral | None:
        """Return that of a configuration under an offer."""
        wanted = select(DeferralRow).where(
            DeferralRow.tenant == tenant,
            DeferralRow.offer == offer,
            DeferralRow.configuration == configuration,
        )
        row = self._session.exec(wanted.with_for_update()).first()
        return None if row is None else _deferral(row)

    def forget(self, tenant: str, offer: str) -> None:
        """Forget what was not fetched of an offer; what a clerk refused stays refused."""
        theirs = col(DeferralRow.tenant) == tenant, col(DeferralRow.offer) == offer
        states = (DeferralState.WAITING.value, DeferralState.APPROVED.value)
        mine = delete(DeferralRow).where(*theirs, col(DeferralRow.state).in_(states))
        self._session.execute(mine)

    def waiting(self, tenant: str, most: int) -> Sequence[Deferral]:
        """Return those that no clerk has decided, oldest first."""
        wanted = select(DeferralRow).where(
            DeferralRow.tenant == tenant, DeferralRow.state == DeferralState.WAITING.value
        )
        ordered = wanted.order_by(col(DeferralRow.asked_at), col(DeferralRow.id)).limit(most)
        return [_deferral(row) for row in self._session.exec(ordered)]


class NotificationStore:
    """Notifications in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def last(self, tenant: str, offer: OfferId, configuration: ConfigurationId) -> str | None:
        """Return the last event; None before there was one."""
        row = self._session.get(NotificationRow, (tenant, offer, configuration))
        return None if row is None else row.event

    def keep(
        self, tenant: str, offer: OfferId, configuration: ConfigurationId, event: Event, *, at: int
    ) -> None:
        """Keep an event in place of the one before."""
        key = {"tenant": tenant, "offer": offer, "configuration": configuration}
        _NOTIFY.run(self._session, {**key, "event": event.value, "at": at})

    def of(self, tenant: str, offer: str) -> Mapping[str, str]:
        """Return the last event of each configuration of an offer."""
        wanted = select(NotificationRow).where(
            NotificationRow.tenant == tenant, NotificationRow.offer == offer
        )
        return {row.configuration: row.event for row in self._session.exec(wanted)}


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


def sweep(session: Session, now: int, deferred_seconds: int) -> None:
    """Delete nonces and answers that are over, and deferrals that were asked for long ago."""
    session.execute(delete(UsedNonceRow).where(col(UsedNonceRow.until) <= now))
    session.execute(delete(AnswerRow).where(col(AnswerRow.until) <= now))
    old = col(DeferralRow.asked_at) <= now - deferred_seconds
    session.execute(delete(DeferralRow).where(old))


def _deferral(row: DeferralRow) -> Deferral:
    keys = strict_json.loads(row.keys, max_bytes=len(row.keys))
    return Deferral(
        id=row.id,
        offer=OfferId(GrantId(row.offer)),
        configuration=ConfigurationId(row.configuration),
        keys=tuple(PublicKey.from_jwk(jwk) for jwk in keys),
        state=DeferralState(row.state),
        asked_at=row.asked_at,
    )


def _logged(row: OutboxRow, index: int) -> Logged:
    thing = registered(row)
    committed = commitment(thing.salt, thing.digest)
    entry = Entry(index, thing.kind, row.hour, thing.issuer, committed)
    return Logged(thing.digest, thing.salt, entry)
