"""Make offers from a proofing or a presentation, renew them, tell their state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from issuer.offers.model import (
    Entitlement,
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
    skew_seconds: int


@dataclass(frozen=True, slots=True)
class Desk:
    """What an offer is made with.

    Attributes:
        offers: keeps them.
        types: what this municipality may attest.
        claims: makes claims, to try them at the counter.
        day: the office's calendar day of a moment.
        policy: lives and sizes.
        revoke: voids every token of an offer.
    """

    offers: Offers
    types: Mapping[TypeId, CertificateType]
    claims: ClaimSource
    day: Callable[[int], date]
    policy: OfferPolicy
    revoke: Callable[[OfferId], None]


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer with its secrets, which nobody can read again.

    Attributes:
        offer: as it is kept.
        code: for the wallet.
        tx_code: for the person.
    """

    offer: OpenOffer
    code: PreAuthorizedCode
    tx_code: str


def offer_to_proven(
    work: Work, desk: Desk, proofings: Proofings, proofing: str, types: tuple[str, ...]
) -> NewOffer:
    """Offer to a person who proved identity by a document.

    Raises:
        OfferRefused: type_unknown, digital_id_required, proofing_unknown or level_too_low.
        NothingToCertify: the register has nothing for one of the types.
    """
    wanted = _types(desk, types)
    if any(each.requires_digital_id for each in wanted):
        raise OfferRefused(OfferCode.DIGITAL_ID_REQUIRED)
    since = work.now - desk.policy.proofing_seconds
    proven = proofings.take(work.tenant, proofing, since=since)
    if proven is None:
        raise OfferRefused(OfferCode.PROOFING_UNKNOWN)
    return _offer(work, desk, wanted, proven.person, proven.level)


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


def offer_to_holder(
    work: Work, desk: Desk, presented: Presented, types: tuple[str, ...]
) -> NewOffer:
    """Offer to the holder of a Digital ID that was presented.

    Raises:
        OfferRefused: type_unknown, proofing_required, presentation_used, digital_id_unknown,
            digital_id_not_valid or level_too_low.
        NothingToCertify: the register has nothing for one of the types.
    """
    wanted = _types(desk, types)
    if not all(each.requires_digital_id for each in wanted):
        raise OfferRefused(OfferCode.PROOFING_REQUIRED)
    result = presented.result
    until = result.expires_at + desk.policy.skew_seconds
    if not presented.presentations.take(work.tenant, result.presentation_id, until=until):
        raise OfferRefused(OfferCode.PRESENTATION_USED)
    record = presented.holders.by_digest(work.tenant, result.credential_digest)
    if record is None or not record.identity or record.holder != result.holder:
        raise OfferRefused(OfferCode.DIGITAL_ID_UNKNOWN)
    if not record.holds(work.now):
        raise OfferRefused(OfferCode.DIGITAL_ID_NOT_VALID)
    return _offer(work, desk, wanted, record.person, record.level)


def _types(desk: Desk, types: tuple[str, ...]) -> tuple[CertificateType, ...]:
    found = [desk.types.get(TypeId(type_id)) for type_id in types]
    known = tuple(each for each in found if each is not None)
    if not known or len(known) < len(found) or len({*types}) < len(types):
        raise OfferRefused(OfferCode.TYPE_UNKNOWN)
    return known


def _offer(
    work: Work,
    desk: Desk,
    types: tuple[CertificateType, ...],
    person: PersonId,
    level: IdentityLevel,
) -> NewOffer:
    if not all(reaches(level, each.identity_level) for each in types):
        raise OfferRefused(OfferCode.LEVEL_TOO_LOW)
    for each in types:
        # Tried now, so that the person hears at the counter what cannot be certified.
        desk.claims.payload(work.tenant, person, each, desk.day(work.now))
    ids = tuple(each.id for each in types)
    entitlement = Entitlement(OfferId(work.ids.token()), person, level, ids, {}, work.now)
    work.note("offer.made", entitlement.id)
    return _opened(work, desk, entitlement)


def renew(work: Work, desk: Desk, offer: str) -> NewOffer:
    """Give an offer a new code and transaction code; the old ones and the token are void.

    What was fetched already stays fetched; the new code is for the rest.

    Raises:
        OfferRefused: offer_unknown, offer_issued or offer_too_old.
    """
    entitlement = known(work, desk.offers, offer).entitlement
    if entitlement.complete:
        raise OfferRefused(OfferCode.OFFER_ISSUED)
    if work.now >= entitlement.created_at + desk.policy.renew_seconds:
        raise OfferRefused(OfferCode.OFFER_TOO_OLD)
    work.note("offer.renewed", entitlement.id)
    desk.revoke(entitlement.id)
    return _opened(work, desk, entitlement)


def known(work: Work, offers: Offers, offer: str) -> Offer:
    """Return an offer; OfferRefused("offer_unknown") if this municipality made none."""
    found = offers.get(work.tenant, offer)
    if found is None:
        raise OfferRefused(OfferCode.OFFER_UNKNOWN)
    return found


def _opened(work: Work, desk: Desk, entitlement: Entitlement) -> NewOffer:
    code = PreAuthorizedCode(work.ids.token(CODE_BYTES))
    tx_code = work.ids.digits(desk.policy.tx_code_digits)
    offer = OpenOffer(
        entitlement=entitlement,
        code_hash=hash_of(code),
        tx_code=TxCodeHash.of(tx_code, work.ids.bytes(SALT_BYTES)),
        wrong=0,
        expires_at=work.now + desk.policy.offer_seconds,
    )
    desk.offers.keep(work.tenant, offer)
    return NewOffer(offer, code, tx_code)
