"""Pre-authorized codes of offers, as the authorization server redeems them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlmodel import Session

from issuer.offers.model import BurntOffer, Offer, OpenOffer, RedeemedOffer, hash_of
from issuer.types.model import configurations
from madang.access.authorization.model import Grant, GrantId, GrantReason, GrantRefused
from madang.core.catalog.certificate_type import CertificateType, TypeId
from madang.core.protocol.oauth.errors import invalid_request


class CodeOffers(Protocol):
    """Finds offers by their codes and keeps their new states."""

    def by_code(self, tenant: str, code_hash: bytes) -> Offer | None:
        """Return the offer of a code, in whatever state."""
        ...

    def keep(self, tenant: str, offer: Offer) -> None:
        """Keep a known offer in its new state."""
        ...


@dataclass(frozen=True, slots=True)
class OfferCodes:
    """See `PreAuthorizedCodes`.

    Attributes:
        offers: gives a transaction's store.
        types: what a municipality may attest.
        tries: wrong transaction codes that burn an offer.
        token_seconds: life of the access token that a code is exchanged for.
    """

    offers: Callable[[Session], CodeOffers]
    types: Callable[[str], Mapping[TypeId, CertificateType]]
    tries: int
    token_seconds: int

    def redeem(
        self, session: Session, tenant: str, code: str, tx_code: str | None, *, now: int
    ) -> Grant | GrantRefused:
        """Use a code up.

        A refusal is returned and not raised, because a wrong transaction code is counted in this
        very transaction. Whoever does not know the code learns nothing of the transaction code.

        Raises:
            OAuthError: the transaction code is missing; nothing is counted.
        """
        if tx_code is None:
            raise invalid_request("the parameter tx_code is missing; the counter shows it")
        offers = self.offers(session)
        offer = offers.by_code(tenant, hash_of(code))
        if not isinstance(offer, OpenOffer):
            return GrantRefused(_why_not_open(offer))
        if now >= offer.expires_at:
            return GrantRefused(GrantReason.CODE_EXPIRED)
        if not offer.tx_code.fits(tx_code):
            offers.keep(tenant, offer.missed(self.tries))
            return GrantRefused(GrantReason.TX_CODE_WRONG)
        offers.keep(tenant, offer.redeemed(now + self.token_seconds))
        types = self.types(tenant)
        offered = {each: types[each] for each in offer.entitlement.types if each in types}
        names = tuple(map(str, configurations(offered)))
        return Grant(GrantId(offer.entitlement.id), names)


def _why_not_open(offer: RedeemedOffer | BurntOffer | None) -> GrantReason:
    if offer is None:
        return GrantReason.CODE_UNKNOWN
    used = isinstance(offer, RedeemedOffer)
    return GrantReason.CODE_USED if used else GrantReason.OFFER_BURNT
