"""Tables of offers and of the presentations that were acted on."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlmodel import Field, Session, SQLModel, col

from issuer.offers.model import (
    BurntOffer,
    Entitlement,
    InvitedOffer,
    Offer,
    OfferId,
    OpenOffer,
    RedeemedOffer,
    TxCodeHash,
)
from issuer.sources.model import PersonId
from issuer.types.model import ConfigurationId
from madang.access.authorization.model import GrantId
from madang.core.catalog.certificate_type import IdentityLevel, TypeId
from madang.infra.statements import Prepared, Row, Upsert

_OPEN, _INVITED, _REDEEMED, _BURNT = "open", "invited", "redeemed", "burnt"


class OfferRow(SQLModel, table=True):
    """One offer in one of its states.

    Attributes:
        types: type ids separated by spaces.
        issued: `<configuration id>:<copies>` separated by spaces.
        state: open, invited, redeemed or burnt.
        code_hash: of the code or of `issuer_state`, also after its use, so that a second use is
            told apart.
        tx_hash: of the transaction code; empty where none is needed.
        expires_at: of the code while open, then of the time in which the wallet is waited for.
        approval: whether a clerk has to approve.
    """

    __tablename__ = "offer"

    id: str = Field(primary_key=True)
    tenant: str
    person: str
    level: str
    types: str
    issued: str
    created_at: int
    state: str
    code_hash: bytes | None = Field(default=None, unique=True)
    tx_salt: bytes = b""
    tx_hash: bytes = b""
    wrong: int = 0
    expires_at: int = 0
    approval: bool = False


class OfferedRow(SQLModel, table=True):
    """An offer that wallets fetch by reference, sealed under the reference."""

    __tablename__ = "offered"

    key: bytes = Field(primary_key=True)
    offer: str = Field(index=True)
    sealed: bytes
    until: int = Field(index=True)


class PresentationRow(SQLModel, table=True):
    """A presentation that was acted on; forgotten when its result cannot count any more."""

    __tablename__ = "presentation_taken"

    tenant: str = Field(primary_key=True)
    presentation: str = Field(primary_key=True)
    until: int = Field(index=True)


_TABLE, _OFFERED = (SQLModel.metadata.tables[name] for name in ("offer", "offered"))
_OF_TENANT: Any = select(_TABLE).where(_TABLE.c.tenant == bindparam("tenant")).with_for_update()
_BY_ID = Prepared(_OF_TENANT.where(_TABLE.c.id == bindparam("named")))
_BY_CODE = Prepared(_OF_TENANT.where(_TABLE.c.code_hash == bindparam("named")))
_BLANK: Mapping[str, Any] = MappingProxyType(
    {"code_hash": None, "tx_salt": b"", "tx_hash": b"", "wrong": 0, "expires_at": 0}
)


@cache
def _keep(*changing: str) -> Upsert:
    """Return the statement that keeps a new offer, and of a known one changes these columns."""
    return Upsert(
        OfferRow,
        lambda insert: insert.on_conflict_do_update(
            index_elements=["id"], set_={name: insert.excluded[name] for name in changing}
        ),
    )


_TAKE = Upsert(PresentationRow)
_WITHDRAW = Prepared(delete(_OFFERED).where(_OFFERED.c.offer == bindparam("named")))


class OfferStore:
    """Offers in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, tenant: str, offer: Offer) -> None:
        """Keep a new offer, or a known one in its new state."""
        entitlement, changing = offer.entitlement, _changing(offer)
        row = {
            "id": entitlement.id,
            "tenant": tenant,
            "person": entitlement.person,
            "level": entitlement.level.value,
            "types": " ".join(entitlement.types),
            "created_at": entitlement.created_at,
            "approval": entitlement.approval,
        }
        _keep(*changing).run(self._session, {**_BLANK, **row, **changing})

    def get(self, tenant: str, offer: str) -> Offer | None:
        """Return an offer."""
        return self._read(_BY_ID, tenant, offer)

    def by_code(self, tenant: str, code_hash: bytes) -> Offer | None:
        """Return the offer of a code or of an `issuer_state`, in whatever state."""
        return self._read(_BY_CODE, tenant, code_hash)

    def _read(self, wanted: Prepared, tenant: str, named: str | bytes) -> Offer | None:
        found = wanted.first(self._session, {"tenant": tenant, "named": named})
        return None if found is None else _offer(found)

    def publish(self, offer: str, key: bytes, sealed: bytes, *, until: int) -> None:
        """Keep what is fetched by reference, in place of what was."""
        self.withdraw(offer)
        self._session.add(OfferedRow(key=key, offer=offer, sealed=sealed, until=until))

    def published(self, key: bytes, *, now: int) -> bytes | None:
        """Return what is fetched by reference, while it is good."""
        wanted = select(_OFFERED.c.sealed).where(_OFFERED.c.key == key, _OFFERED.c.until > now)
        return self._session.execute(wanted).scalars().first()

    def withdraw(self, offer: str) -> None:
        """Let nobody fetch an offer by reference any more."""
        _WITHDRAW.run(self._session, {"named": offer})

    def sweep(self, now: int) -> None:
        """Forget what cannot be fetched any more."""
        self._session.execute(delete(OfferedRow).where(col(OfferedRow.until) <= now))


def _changing(offer: Offer) -> dict[str, Any]:
    """Return what depends on the state; a code that was used stays as it is."""
    issued = " ".join(f"{name}:{count}" for name, count in offer.entitlement.issued.items())
    match offer:
        case OpenOffer(code_hash=code_hash, tx_code=tx_code, wrong=wrong, expires_at=end):
            salt, hashed = (tx_code.salt, tx_code.hash) if tx_code else (b"", b"")
            code = {"code_hash": code_hash, "tx_salt": salt, "tx_hash": hashed, "wrong": wrong}
            return {"issued": issued, "state": _OPEN, "expires_at": end, **code}
        case InvitedOffer(state_hash=state_hash, expires_at=end):
            more = {"state": _INVITED, "expires_at": end, "code_hash": state_hash}
            return {"issued": issued, **more}
        case RedeemedOffer(expires_at=end):
            return {"issued": issued, "state": _REDEEMED, "expires_at": end}
        case BurntOffer():
            return {"issued": issued, "state": _BURNT}


def _offer(row: Row) -> Offer:
    entitlement = _entitlement(row)
    if row.state == _OPEN and row.code_hash is not None:
        tx_code = TxCodeHash(row.tx_salt, row.tx_hash) if row.tx_hash else None
        return OpenOffer(entitlement, row.code_hash, tx_code, row.wrong, row.expires_at)
    if row.state == _INVITED and row.code_hash is not None:
        return InvitedOffer(entitlement, row.code_hash, row.expires_at)
    if row.state == _REDEEMED:
        return RedeemedOffer(entitlement, row.expires_at)
    return BurntOffer(entitlement)


def _entitlement(row: Row) -> Entitlement:
    pairs = (pair.partition(":") for pair in row.issued.split())
    return Entitlement(
        id=OfferId(GrantId(row.id)),
        person=PersonId(row.person),
        level=IdentityLevel(row.level),
        types=tuple(TypeId(name) for name in row.types.split()),
        issued={ConfigurationId(name): int(count) for name, _, count in pairs},
        created_at=row.created_at,
        approval=row.approval,
    )


class PresentationStore:
    """Presentations that were acted on, in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def take(self, tenant: str, presentation: str, *, until: int) -> bool:
        """Take a presentation; False if it was taken before."""
        row = {"tenant": tenant, "presentation": presentation, "until": until}
        return _TAKE.run(self._session, row) == 1

    def sweep(self, now: int) -> None:
        """Forget what cannot count any more."""
        self._session.execute(delete(PresentationRow).where(col(PresentationRow.until) <= now))
