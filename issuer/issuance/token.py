"""Exchange a pre-authorized code and a transaction code for an access token."""

from dataclasses import dataclass
from typing import Protocol

from issuer.issuance.model import GrantReason, GrantRefused
from issuer.offers.model import BurntOffer, Offer, OpenOffer, RedeemedOffer, hash_of
from issuer.work import Work
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError, invalid_request
from madang.core.protocol.oauth.names import AccessToken
from madang.core.protocol.oauth.token import TokenRequest

TOKEN_BYTES = 32


class CodeOffers(Protocol):
    """Finds offers by their codes and keeps their new states."""

    def by_code(self, tenant: str, code_hash: bytes) -> Offer | None:
        """Return the offer of a code, in whatever state."""
        ...

    def keep(self, tenant: str, offer: Offer) -> None:
        """Keep a known offer in its new state."""
        ...


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """Life of a token in seconds, and wrong transaction codes that burn an offer."""

    seconds: int
    tries: int


def redeem(
    work: Work, offers: CodeOffers, asked: TokenRequest, policy: TokenPolicy
) -> AccessToken | GrantRefused:
    """Return an access token, or why not.

    A refusal is returned and not raised, because a wrong transaction code is counted in this very
    transaction. Whoever does not know the code learns nothing of the transaction code.

    Raises:
        OAuthError: a parameter is missing or not offered here; nothing is counted.
    """
    tx_code = _tx_code(asked)
    offer = offers.by_code(work.tenant, hash_of(asked.pre_authorized_code))
    if not isinstance(offer, OpenOffer):
        return GrantRefused(_why_not_open(offer))
    if work.now >= offer.expires_at:
        return GrantRefused(GrantReason.CODE_EXPIRED)
    if not offer.tx_code.fits(tx_code):
        offers.keep(work.tenant, offer.missed(policy.tries))
        return GrantRefused(GrantReason.TX_CODE_WRONG)
    token = AccessToken(work.ids.token(TOKEN_BYTES))
    offers.keep(work.tenant, offer.redeemed(hash_of(token), work.now + policy.seconds))
    return token


def _tx_code(asked: TokenRequest) -> str:
    if asked.authorization_details:
        told = "authorization_details are not offered; use credential_configuration_id"
        raise OAuthError(OAuthCode.INVALID_AUTHORIZATION_DETAILS, told)
    if asked.tx_code is None:
        raise invalid_request("the parameter tx_code is missing; the counter shows it")
    return asked.tx_code


def _why_not_open(offer: RedeemedOffer | BurntOffer | None) -> GrantReason:
    if offer is None:
        return GrantReason.CODE_UNKNOWN
    used = isinstance(offer, RedeemedOffer)
    return GrantReason.CODE_USED if used else GrantReason.OFFER_BURNT
