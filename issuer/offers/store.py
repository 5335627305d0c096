"""Tables of offers and of the presentations that were acted on."""

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

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


class OfferStore:
    """Offers in an open transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # A session knows a row only as long as somebody holds it: this saves `keep` a look.
        self._held: list[OfferRow] = []

    def keep(self, tenant: str, offer: Offer) -> None:
        """Keep a new offer, or a known one in its new state."""
        entitlement = offer.entitlement
        row = self._session.get(OfferRow, entitlement.id)
        if row is None:
            row = OfferRow(
                id=entitlement.id,
                tenant=tenant,
                person=entitlement.person,
                level=entitlement.level.value,
                types=" ".join(entitlement.types),
                issued="",
                created_at=entitlement.created_at,
                state=_OPEN,
                approval=entitlement.approval,
            )
        row.issued = " ".join(f"{name}:{count}" for name, count in entitlement.issued.items())
        _put(row, offer)
        self._session.add(row)

    def get(self, tenant: str, offer: str) -> Offer | None:
        """Return an offer."""
        wanted = select(OfferRow).where(OfferRow.id == offer, OfferRow.tenant == tenant)
        return self._read(self._session.exec(wanted.with_for_update()).first())

    def by_code(self, tenant: str, code_hash: bytes) -> Offer | None:
        """Return the offer of a code or of an `issuer_state`, in whatever state."""
        wanted = select(OfferRow).where(OfferRow.code_hash == code_hash, OfferRow.tenant == tenant)
        return self._read(self._session.exec(wanted.with_for_update()).first())

    def _read(self, row: OfferRow | None) -> Offer | None:
        if row is None:
            return None
        self._held.append(row)
        return _offer(row)

    def publish(self, offer: str, key: bytes, sealed: bytes, *, until: int) -> None:
        """Keep what is fetched by reference, in place of what was."""
        self.withdraw(offer)
        self._session.add(OfferedRow(key=key, offer=offer, sealed=sealed, until=until))

    def published(self, key: bytes, *, now: int) -> bytes | None:
        """Return what is fetched by reference, while it is good."""
        wanted = select(OfferedRow.sealed).where(OfferedRow.key == key, OfferedRow.until > now)
        return self._session.exec(wanted).first()

    def withdraw(self, offer: str) -> None:
        """Let nobody fetch an offer by reference any more."""
        self._session.execute(delete(OfferedRow).where(col(OfferedRow.offer) == offer))

    def sweep(self, now: int) -> None:
        """Forget what cannot be fetched any more."""
        self._session.execute(delete(OfferedRow).where(col(OfferedRow.until) <= now))


def _put(row: OfferRow, offer: Offer) -> None:
    """Write what depends on the state."""
    if isinstance(offer, OpenOffer):
        row.state, row.code_hash, row.wrong = _OPEN, offer.code_hash, offer.wrong
        tx_code = offer.tx_code
        row.tx_salt, row.tx_hash = (tx_code.salt, tx_code.hash) if tx_code else (b"", b"")
    elif isinstance(offer, InvitedOffer):
        row.state, row.code_hash = _INVITED, offer.state_hash
    else:
        row.state = _REDEEMED if isinstance(offer, RedeemedOffer) else _BURNT
    if not isinstance(offer, BurntOffer):
        row.expires_at = offer.expires_at


def _offer(row: OfferRow) -> Offer:
    entitlement = _entitlement(row)
    if row.state == _OPEN and row.code_hash is not None:
        tx_code = TxCodeHash(row.tx_salt, row.tx_hash) if row.tx_hash else None
        return OpenOffer(entitlement, row.code_hash, tx_code, row.wrong, row.expires_at)
    if row.state == _INVITED and row.code_hash is not None:
        return InvitedOffer(entitlement, row.code_hash, row.expires_at)
    if row.state == _REDEEMED:
        return RedeemedOffer(entitlement, row.expires_at)
    return BurntOffer(entitlement)


def _entitlement(row: OfferRow) -> Entitlement:
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
        if self._session.get(PresentationRow, (tenant, presentation)) is not None:
            return False
        self._session.add(PresentationRow(tenant=tenant, presentation=presentation, until=until))
        return True

    def sweep(self, now: int) -> None:
        """Forget what cannot count any more."""
        self._session.execute(delete(PresentationRow).where(col(PresentationRow.until) <= now))
