"""What may be fetched by whom, for the two that hand out grants.

A pre-authorized code is exchanged for one, and a person who has logged in gets one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlmodel import Session

from issuer.offers.model import (
    BurntOffer,
    Entitlement,
    InvitedOffer,
    Offer,
    Offered,
    OpenOffer,
    RedeemedOffer,
    hash_of,
)
from issuer.offers.usecases import Known, Offers, new_entitlement
from issuer.sources.model import PersonId
from issuer.types.model import configurations
from issuer.work import Work
from madang.access.authorization.model import Grant, GrantId, GrantReason, GrantRefused
from madang.core.catalog.certificate_type import CertificateType, IdentityLevel, TypeId
from madang.core.protocol.oauth.errors import invalid_request


class CodeOffers(Offers, Protocol):
    """Finds offers by their codes."""

    def by_code(self, tenant: str, code_hash: bytes) -> Offer | None:
        """Return the offer of a code or of an `issuer_state`, in whatever state."""
        ...

    def withdraw(self, offer: str) -> None:
        """Let nobody fetch an offer by reference any more."""
        ...


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What people who have logged in may fetch, in one transaction.

    Attributes:
        offers: keeps it.
        seconds: how long the wallet is waited for.
    """

    offers: CodeOffers
    seconds: int

    def entitle(
        self, work: Work, person: PersonId, level: IdentityLevel, types: tuple[TypeId, ...]
    ) -> GrantId:
        """Let a person fetch these types; return the name of that.

        Args:
            work: the use case.
            person: who has logged in.
            level: how well that is known; the caller has held it against the types.
            types: what the person agreed to.
        """
        entitlement = new_entitlement(work, Known(person, level), types)
        self.offers.keep(work.tenant, RedeemedOffer(entitlement, work.now + self.seconds))
        work.note("offer.entitled", entitlement.id)
        return entitlement.id

    def offered(self, work: Work, issuer_state: str) -> Offered | None:
        """Return the offer that a client came with; None when it is unknown or over."""
        found = self.offers.by_code(work.tenant, hash_of(issuer_state))
        if not isinstance(found, InvitedOffer) or work.now >= found.expires_at:
            return None
        entitlement = found.entitlement
        return Offered(entitlement.id, entitlement.person, entitlement.left)


@dataclass(frozen=True, slots=True)
class CodePolicy:
    """How codes are redeemed, as in the settings.

    Attributes:
        tries: wrong transaction codes that burn an offer.
        seconds: how long the wallet is waited for.
        approval_seconds: the same where a clerk has to approve first.
        approved: types for which that is so.
    """

    tries: int
    seconds: int
    approval_seconds: int
    approved: frozenset[str]

    def waits(self, entitlement: Entitlement) -> bool:
        """Tell whether a clerk may have to approve before all is fetched."""
        return entitlement.approval or not self.approved.isdisjoint(entitlement.left)


@dataclass(frozen=True, slots=True)
class PreAuthorizedOffers:
    """Implements `PreAuthorizedCodes` over the offers.

    Attributes:
        offers: gives a transaction's offers.
        types: what a municipality may attest.
        policy: tries and life.
    """

    offers: Callable[[Session], CodeOffers]
    types: Callable[[str], Mapping[TypeId, CertificateType]]
    policy: CodePolicy

    def redeem(
        self, session: Session, tenant: str, code: str, tx_code: str | None, *, now: int
    ) -> Grant | GrantRefused:
        """Use a code up, in the caller's transaction.

        A refusal is returned and not raised, because a wrong transaction code is counted in this
        very transaction. Whoever does not know the code learns nothing of the transaction code.

        Raises:
            OAuthError: invalid_request, a transaction code is missing or was never asked for;
                nothing is counted.
        """
        offers = self.offers(session)
        offer = offers.by_code(tenant, hash_of(code))
        if not isinstance(offer, OpenOffer):
            return GrantRefused(_why_not_open(offer))
        if now >= offer.expires_at:
            return GrantRefused(GrantReason.CODE_EXPIRED)
        if not _fits(offer, tx_code):
            offers.keep(tenant, offer.missed(self.policy.tries))
            return GrantRefused(GrantReason.TX_CODE_WRONG)
        entitlement, policy = offer.entitlement, self.policy
        longer = policy.approval_seconds if policy.waits(entitlement) else None
        offers.keep(tenant, offer.redeemed(now + (longer or policy.seconds)))
        offers.withdraw(entitlement.id)
        return Grant(entitlement.id, self._configurations(tenant, entitlement), longer)

    def _configurations(self, tenant: str, entitlement: Entitlement) -> tuple[str, ...]:
        types = self.types(tenant)
        return (*configurations({t: types[t] for t in entitlement.left if t in types}),)


def _fits(offer: OpenOffer, tx_code: str | None) -> bool:
    if offer.tx_code is None:
        if tx_code is not None:
            raise invalid_request("the parameter tx_code is not expected; the offer has none")
        return True
    if tx_code is None:
        raise invalid_request("the parameter tx_code is missing; the counter shows it")
    return offer.tx_code.fits(tx_code)


def _why_not_open(offer: Offer | None) -> GrantReason:
    if isinstance(offer, BurntOffer):
        return GrantReason.OFFER_BURNT
    return GrantReason.CODE_USED if isinstance(offer, RedeemedOffer) else GrantReason.CODE_UNKNOWN
