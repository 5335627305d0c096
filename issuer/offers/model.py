"""The states of an offer, one type each, and how one becomes another."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from issuer.sources.model import PersonId
from issuer.types.model import ConfigurationId, type_of
from madang.access.authorization.model import GrantId
from madang.core.catalog.certificate_type import IdentityLevel, TypeId

OfferId = NewType("OfferId", GrantId)
"""An offer's own name, by which an access token says what it is good for."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What an offer is good for, whatever its state.

    Attributes:
        id: opaque.
        person: key in the municipality's register.
        level: level of the proofing behind it.
        types: what may be fetched, each once in each of its formats.
        issued: copies by configuration, of what was fetched.
        created_at: epoch seconds.
        approval: whether a clerk has to approve before anything is issued.
    """

    id: OfferId
    person: PersonId
    level: IdentityLevel
    types: tuple[TypeId, ...]
    issued: Mapping[ConfigurationId, int]
    created_at: int
    approval: bool = False

    def with_issued(self, configuration: ConfigurationId, count: int) -> "Entitlement":
        """Return what is left after one type was fetched in one format, for the first time or anew.

        Args:
            configuration: the type in its format.
            count: copies.
        """
        had = self.issued.get(configuration, 0)
        return replace(self, issued={**self.issued, configuration: had + count})

    @property
    def complete(self) -> bool:
        """Tell whether every type was fetched, in whatever format."""
        return not self.left

    @property
    def left(self) -> tuple[TypeId, ...]:
        """Return what was not fetched yet."""
        fetched = {type_of(each) for each in self.issued}
        return tuple(type_id for type_id in self.types if type_id not in fetched)


@dataclass(frozen=True, slots=True)
class TxCodeHash:
    """A transaction code that is known by its salted hash only."""

    salt: bytes
    hash: bytes

    @classmethod
    def of(cls, tx_code: str, salt: bytes) -> "TxCodeHash":
        """Hash a transaction code."""
        return cls(salt, _salted(tx_code, salt))

    def fits(self, tx_code: str) -> bool:
        """Tell whether this is the code; in the same time for every wrong one."""
        return hmac.compare_digest(self.hash, _salted(tx_code, self.salt))


def _salted(tx_code: str, salt: bytes) -> bytes:
    return hashlib.sha256(salt + tx_code.encode("utf-8", "replace")).digest()


@dataclass(frozen=True, slots=True)
class BurntOffer:
    """Too many wrong transaction codes: nothing can be fetched until a clerk renews it."""

    entitlement: Entitlement


@dataclass(frozen=True, slots=True)
class RedeemedOffer:
    """Access tokens are good for it: the code was exchanged, or the person has logged in.

    Attributes:
        entitlement: what it is good for.
        expires_at: until when the wallet is waited for, epoch seconds; what a token is good for
            is the authorization server's to say.
    """

    entitlement: Entitlement
    expires_at: int

    def with_issued(self, configuration: ConfigurationId, count: int) -> "RedeemedOffer":
        """Return the offer after one type was fetched in one format."""
        return replace(self, entitlement=self.entitlement.with_issued(configuration, count))


@dataclass(frozen=True, slots=True)
class InvitedOffer:
    """The person can log in for it (authorization code grant).

    Attributes:
        entitlement: what it is good for, and for whom.
        state_hash: of `issuer_state`.
        expires_at: epoch seconds.
    """

    entitlement: Entitlement
    state_hash: bytes
    expires_at: int

    def with_issued(self, configuration: ConfigurationId, count: int) -> "InvitedOffer":
        """Return the offer after one type was fetched in one format."""
        return replace(self, entitlement=self.entitlement.with_issued(configuration, count))


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """The code can be exchanged.

    Attributes:
        entitlement: what it is good for.
        code_hash: of the pre-authorized code.
        tx_code: hash of the transaction code; None where none is needed.
        wrong: wrong transaction codes so far.
        expires_at: epoch seconds.
    """

    entitlement: Entitlement
    code_hash: bytes
    tx_code: TxCodeHash | None
    wrong: int
    expires_at: int

    def missed(self, tries: int) -> "OpenOffer | BurntOffer":
        """Return the offer after a wrong transaction code."""
        if self.wrong + 1 >= tries:
            return BurntOffer(self.entitlement)
        return replace(self, wrong=self.wrong + 1)

    def redeemed(self, expires_at: int) -> RedeemedOffer:
        """Return the offer after its code was exchanged."""
        return RedeemedOffer(self.entitlement, expires_at)


Granted = RedeemedOffer | InvitedOffer
"""An offer for which there can be access tokens: whose they are, the authorization server knows."""
Offer = OpenOffer | Granted | BurntOffer


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer with which a wallet sent its person to log in.

    Attributes:
        grant: its name as a grant.
        person: who alone may log in for it.
        types: what is left to fetch.
    """

    grant: GrantId
    person: PersonId
    types: tuple[TypeId, ...]


class OfferState(StrEnum):
    """What the counter sees."""

    OFFERED = "offered"
    CODE_USED = "code_used"
    ISSUED = "issued"
    EXPIRED = "expired"
    BURNT = "burnt"


def state(offer: Offer, now: int) -> OfferState:
    """Return what the counter sees of an offer."""
    if offer.entitlement.complete:
        return OfferState.ISSUED
    if isinstance(offer, BurntOffer):
        return OfferState.BURNT
    if now >= offer.expires_at:
        return OfferState.EXPIRED
    return OfferState.CODE_USED if isinstance(offer, RedeemedOffer) else OfferState.OFFERED


def hash_of(secret: str) -> bytes:
    """Return the hash under which a code or token of chance is kept."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


class OfferCode(StrEnum):
    """Why the counter's call for an offer is refused."""

    TYPE_UNKNOWN = "type_unknown"
    PROOFING_UNKNOWN = "proofing_unknown"
    LEVEL_TOO_LOW = "level_too_low"
    DIGITAL_ID_REQUIRED = "digital_id_required"
    PROOFING_REQUIRED = "proofing_required"
    PRESENTATION_REFUSED = "presentation_refused"
    PRESENTATION_USED = "presentation_used"
    DIGITAL_ID_UNKNOWN = "digital_id_unknown"
    DIGITAL_ID_NOT_VALID = "digital_id_not_valid"
    OFFER_UNKNOWN = "offer_unknown"
    OFFER_ISSUED = "offer_issued"
    OFFER_TOO_OLD = "offer_too_old"
    TX_CODE_REQUIRED = "tx_code_required"


class NoSuchOffer(LookupError):  # noqa: N818 - a state of the reference
    """No offer is fetched by this reference: unknown, over, or used."""


class OfferRefused(ValueError):  # noqa: N818 - a refusal, not a mistake of ours
    """The counter's call for an offer is refused.

    Attributes:
        code: fixed word.
    """

    def __init__(self, code: OfferCode) -> None:
        super().__init__(code)
        self.code = code
