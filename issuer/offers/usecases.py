"""Make offers from a proofing or a presentation, renew them, tell their state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Protocol

from issuer.offers.model import (
    Entitlement,
    InvitedOffer,
    Offer,
    OfferCode,
    OfferId,
    OfferRefused,
    OpenOffer,
    TxCodeHash,
    hash_of,
)
from issuer.proofing.model import reaches
from issuer.proofing.usecases import Proofings
from issuer.sources.claims import ClaimSource
from issuer.sources.model import PersonId
from issuer.status.model import CredentialRecord
from issuer.work import Work
from madang.access.authorization.model import GrantId
from madang.core.catalog.certificate_type import CertificateType, IdentityLevel, TypeId
from madang.core.protocol.oauth.names import PreAuthorizedCode
from madang.core.protocol.oid4vp.result import PresentationResult

CODE_BYTES = 32
SALT_BYTES = 16


class Offers(Protocol):
    """Keeps offers."""

    def keep(self, tenant: str, offer: Offer) -> None:
        """Keep a new offer, or a known one in its new state."""
        ...

    def get(self, tenant: str, offer: str) -> Offer | None:
        """Return an offer."""
        ...


class Holders(Protocol):
    """Knows which copies were issued to whom."""

    def by_digest(self, tenant: str, digest: bytes) -> CredentialRecord | None:
        """Return the record of a copy."""
        ...


class Events(Protocol):
    """Knows what wallets said of what they were sent."""

    def of(self, tenant: str, offer: str) -> Mapping[str, str]:
        """Return the last event of each configuration of an offer."""
        ...


class PutOff(Protocol):
    """Knows what wallets asked for and a clerk has to approve."""

    def forget(self, tenant: str, offer: str) -> None:
        """Forget what was not fetched of an offer; what a clerk refused stays refused."""
        ...


class Presentations(Protocol):
    """Remembers which presentations were acted on."""

    def take(self, tenant: str, presentation: str, *, until: int) -> bool:
        """Take a presentation; False if it was taken before. It may be forgotten after `until`."""
        ...


@dataclass(frozen=True, slots=True)
class OfferPolicy:
    """Lives and sizes of offers, as in the settings."""

    offer_seconds: int
    renew_seconds: int
    proofing_seconds: int
    tx_code_digits: int
    tx_code_free_level: IdentityLevel
    skew_seconds: int


class Invitation(StrEnum):
    """By which grant an offer is redeemed."""

    PRE_AUTHORIZED_CODE = "pre-authorized_code"
    AUTHORIZATION_CODE = "authorization_code"


@dataclass(frozen=True, slots=True)
class Terms:
    """How what is offered can be fetched.

    Attributes:
        invitation: by which grant.
        tx_code: whether a transaction code is needed beside the pre-authorized code.
        approval: whether a clerk has to approve before anything is issued.
    """

    invitation: Invitation = Invitation.PRE_AUTHORIZED_CODE
    tx_code: bool = True
    approval: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What an offer is made with.

    Attributes:
        offers: keeps them.
        types: what this municipality may attest.
        claims: makes claims, to try them at the counter.
        day: the office's calendar day of a moment.
        policy: lives and sizes.
    """

    offers: Offers
    types: Mapping[TypeId, CertificateType]
    claims: ClaimSource
    day: Callable[[int], date]
    policy: OfferPolicy


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer with its secrets, which nobody can read again.

    Attributes:
        offer: as it is kept.
        code: for the wallet: the pre-authorized code, or `issuer_state` of an invitation.
        tx_code: for the person; empty where none is needed.
    """

    offer: OpenOffer | InvitedOffer
    code: PreAuthorizedCode
    tx_code: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the counter wants to offer, and how."""

    types: tuple[str, ...]
    terms: Terms = Terms()


def offer_to_proven(
    work: Work, desk: Desk, proofings: Proofings, proofing: str, asked: Wanted
) -> NewOffer:
    """Offer to a person who proved identity by a document.

    Raises:
        OfferRefused: type_unknown, tx_code_required, digital_id_required, proofing_unknown or
            level_too_low.
        NothingToCertify: the register has nothing for one of the types.
    """
    wanted = _types(desk, asked)
    if any(each.requires_digital_id for each in wanted):
        raise OfferRefused(OfferCode.DIGITAL_ID_REQUIRED)
    since = work.now - desk.policy.proofing_seconds
    proven = proofings.take(work.tenant, proofing, since=since)
    if proven is None:
        raise OfferRefused(OfferCode.PROOFING_UNKNOWN)
    return _offer(work, desk, wanted, Known(proven.person, proven.level), asked.terms)


@dataclass(frozen=True, slots=True)
class Presented:
    """A Digital ID was presented, as a verifier says.

    Attributes:
        result: the verifier's checked word.
        holders: this issuer's own records.
        presentations: which were acted on.
    """

    result: PresentationResult
    holders: Holders
    presentations: Presentations


def offer_to_holder(work: Work, desk: Desk, presented: Presented, asked: Wanted) -> NewOffer:
    """Offer to the holder of a Digital ID that was presented.

    Raises:
        OfferRefused: type_unknown, tx_code_required, proofing_required, presentation_used,
            digital_id_unknown, digital_id_not_valid or level_too_low.
        NothingToCertify: the register has nothing for one of the types.
    """
    wanted = _types(desk, asked)
    if not all(each.requires_digital_id for each in wanted):
        raise OfferRefused(OfferCode.PROOFING_REQUIRED)
    record = presenter(work, presented, skew_seconds=desk.policy.skew_seconds)
    return _offer(work, desk, wanted, Known(record.person, record.level), asked.terms)


def presenter(work: Work, presented: Presented, *, skew_seconds: int) -> CredentialRecord:
    """Return the record of a copy that was presented; the presentation is used up.

    Raises:
        OfferRefused: presentation_used, digital_id_unknown or digital_id_not_valid.
    """
    result = presented.result
    until = result.expires_at + skew_seconds
    if not presented.presentations.take(work.tenant, result.presentation_id, until=until):
        raise OfferRefused(OfferCode.PRESENTATION_USED)
    record = presented.holders.by_digest(work.tenant, result.credential_digest)
    if record is None or not record.identity or record.holder != result.holder:
        raise OfferRefused(OfferCode.DIGITAL_ID_UNKNOWN)
    if not record.holds(work.now):
        raise OfferRefused(OfferCode.DIGITAL_ID_NOT_VALID)
    return record


def _types(desk: Desk, asked: Wanted) -> tuple[CertificateType, ...]:
    found = [desk.types.get(TypeId(type_id)) for type_id in asked.types]
    known = tuple(each for each in found if each is not None)
    if not known or len(known) < len(found) or len({*asked.types}) < len(asked.types):
        raise OfferRefused(OfferCode.TYPE_UNKNOWN)
    invited = asked.terms.invitation is Invitation.AUTHORIZATION_CODE
    free = desk.policy.tx_code_free_level
    if not (invited or asked.terms.tx_code or all(reaches(free, t.identity_level) for t in known)):
        raise OfferRefused(OfferCode.TX_CODE_REQUIRED)
    return known


@dataclass(frozen=True, slots=True)
class Known:
    """Whom an offer is made to, and how well that is known."""

    person: PersonId
    level: IdentityLevel


def _offer(
    work: Work, desk: Desk, types: tuple[CertificateType, ...], known: Known, terms: Terms
) -> NewOffer:
    if not all(reaches(known.level, each.identity_level) for each in types):
        raise OfferRefused(OfferCode.LEVEL_TOO_LOW)
    for each in types:
        # Tried now, so that the person hears at the counter what cannot be certified.
        desk.claims.payload(work.tenant, known.person, each, desk.day(work.now))
    ids = tuple(each.id for each in types)
    entitlement = replace(new_entitlement(work, known, ids), approval=terms.approval)
    work.note("offer.made", entitlement.id)
    return _opened(work, desk, entitlement, terms)


def new_entitlement(work: Work, known: Known, types: tuple[TypeId, ...]) -> Entitlement:
    """Return what a person may fetch, under a name of its own; it is not kept yet."""
    name = OfferId(GrantId(work.ids.token()))
    return Entitlement(name, known.person, known.level, types, {}, work.now)


def renew(work: Work, desk: Desk, offer: str) -> NewOffer:
    """Give an offer a new code and transaction code; the old ones are void.

    What was fetched already stays fetched; the new code is for the rest. The caller voids the
    tokens.

    Raises:
        OfferRefused: offer_unknown, offer_issued or offer_too_old.
    """
    found = known_offer(work, desk.offers, offer)
    entitlement = found.entitlement
    if entitlement.complete:
        raise OfferRefused(OfferCode.OFFER_ISSUED)
    if work.now >= entitlement.created_at + desk.policy.renew_seconds:
        raise OfferRefused(OfferCode.OFFER_TOO_OLD)
    work.note("offer.renewed", entitlement.id)
    if isinstance(found, InvitedOffer):
        return _opened(work, desk, entitlement, Terms(Invitation.AUTHORIZATION_CODE))
    # One that needed no transaction code does not come to need one.
    free = isinstance(found, OpenOffer) and found.tx_code is None
    return _opened(work, desk, entitlement, Terms(tx_code=not free))


def known_offer(work: Work, offers: Offers, offer: str) -> Offer:
    """Return an offer; OfferRefused("offer_unknown") if this municipality made none."""
    found = offers.get(work.tenant, offer)
    if found is None:
        raise OfferRefused(OfferCode.OFFER_UNKNOWN)
    return found


def _opened(work: Work, desk: Desk, entitlement: Entitlement, terms: Terms) -> NewOffer:
    code = PreAuthorizedCode(work.ids.token(CODE_BYTES))
    until = work.now + desk.policy.offer_seconds
    tx_code = ""
    offer: OpenOffer | InvitedOffer
    if terms.invitation is Invitation.AUTHORIZATION_CODE:
        offer = InvitedOffer(entitlement, hash_of(code), until)
    else:
        tx_code = work.ids.digits(desk.policy.tx_code_digits) if terms.tx_code else ""
        hashed = TxCodeHash.of(tx_code, work.ids.bytes(SALT_BYTES)) if tx_code else None
        offer = OpenOffer(entitlement, hash_of(code), hashed, wrong=0, expires_at=until)
    desk.offers.keep(work.tenant, offer)
    return NewOffer(offer, code, tx_code)
