"""The counter's calls about offers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlmodel import Session

from issuer.calls import MalformedCall, read_call
from issuer.licence import Licence
from issuer.offers.model import OfferCode, OfferId, OfferRefused, state
from issuer.offers.usecases import (
    Desk,
    Holders,
    NewOffer,
    OfferPolicy,
    Offers,
    Presentations,
    Presented,
    known,
    offer_to_holder,
    offer_to_proven,
    renew,
)
from issuer.office import Office
from issuer.proofing.usecases import Proofings
from issuer.settings import Settings
from issuer.sources.claims import ClaimSource
from issuer.types.model import configurations
from issuer.work import Work
from madang.access.authorization.model import AccessTokens, GrantId
from madang.access.marks import service
from madang.core.catalog.certificate_type import TypeId
from madang.core.protocol.message import Array, Message
from madang.core.protocol.oid4vci.offer import TxCode, pre_authorized_offer
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.result import PresentationResult, check_result
from madang.core.protocol.typed_jwt import Window
from madang.infra.web.errors import NO_STORE

Anchors = Callable[[str], Sequence[bytes]]
"""From a municipality to its roots in DER."""


class OfferCall(Message):
    """By what a person is known, and what to offer."""

    types: Annotated[Array[str], Field(min_length=1, max_length=32)]
    proofing_id: str | None = None
    presentation_result: str | None = None


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores.

    Attributes:
        offers: keeps offers.
        proofings: keeps proofings.
        holders: knows which copies were issued to whom.
        presentations: remembers which presentations were acted on.
    """

    offers: Callable[[Session], Offers]
    proofings: Callable[[Session], Proofings]
    holders: Callable[[Session], Holders]
    presentations: Callable[[Session], Presentations]


@dataclass(frozen=True, slots=True)
class _Calls:
    office: Office
    claims: ClaimSource
    anchors: Anchors
    stores: Stores
    licence: Licence
    tokens: AccessTokens

    def desk(self, session: Session, tenant: str) -> Desk:
        settings, office = self.office.settings, self.office
        policy = _policy(settings)
        offers, types = self.stores.offers(session), office.types(tenant)

        def revoke(offer: OfferId) -> None:
            self.tokens.revoke(session, tenant, GrantId(offer))

        return Desk(offers, types, self.claims, office.day, policy, revoke)

    def make(self, call: OfferCall, tenant: str, clerk: str) -> NewOffer:
        if (call.proofing_id is None) == (call.presentation_result is None):
            raise MalformedCall("exactly one of proofing_id and presentation_result is needed")
        self.licence.require(tenant, map(TypeId, call.types))
        with self.office.database.transaction() as session:
            work, desk = self.office.work(session, tenant, clerk), self.desk(session, tenant)
            if call.proofing_id is not None:
                proofings = self.stores.proofings(session)
                return offer_to_proven(work, desk, proofings, call.proofing_id, call.types)
            result = self.checked(work, call.presentation_result or "")
            holders, taken = self.stores.holders(session), self.stores.presentations(session)
            return offer_to_holder(work, desk, Presented(result, holders, taken), call.types)

    def checked(self, work: Work, compact: str) -> PresentationResult:
        settings = self.office.settings
        try:
            return check_result(
                compact,
                verifier=self.office.addresses.identifier(work.tenant, "verifier"),
                issuer=work.issuer,
                anchors=self.anchors(work.tenant),
                window=Window(work.now, settings.presentation_seconds, settings.skew_seconds),
            )
        except VpError as error:
            raise OfferRefused(OfferCode.PRESENTATION_REFUSED) from error

    def renewed(self, offer: str, tenant: str, clerk: str) -> NewOffer:
        with self.office.database.transaction() as session:
            work, desk = self.office.work(session, tenant, clerk), self.desk(session, tenant)
            self.licence.require(tenant, known(work, desk.offers, offer).entitlement.left)
            return renew(work, desk, offer)

    def told(self, offer: str, tenant: str) -> dict[str, object]:
        with self.office.database.reading() as session:
            work = self.office.work(session, tenant)
            found = known(work, self.stores.offers(session), offer)
        issued = found.entitlement.issued.items()
        return {
            "state": state(found, work.now).value,
            "issued": [
                {"credential_configuration_id": name, "count": count} for name, count in issued
            ],
        }

    def answer(self, new: NewOffer, tenant: str) -> dict[str, object]:
        tx_code = TxCode(length=self.office.settings.tx_code_digits)
        types, issuer = self.office.types(tenant), self.office.identifier(tenant)
        left = {type_id: types[type_id] for type_id in new.offer.entitlement.left}
        offer = pre_authorized_offer(issuer, (*configurations(left),), new.code, tx_code=tx_code)
        return {
            "offer_id": new.offer.entitlement.id,
            "offer_uri": offer.to_uri(),
            "tx_code": new.tx_code,
            "expires_at": new.offer.expires_at,
        }


def _policy(settings: Settings) -> OfferPolicy:
    return OfferPolicy(
        offer_seconds=settings.offer_seconds,
        renew_seconds=settings.renew_seconds,
        proofing_seconds=settings.proofing_seconds,
        tx_code_digits=settings.tx_code_digits,
        skew_seconds=settings.skew_seconds,
    )


def router(
    office: Office,
    claims: ClaimSource,
    anchors: Anchors,
    stores: Stores,
    licence: Licence,
    tokens: AccessTokens,
) -> APIRouter:
    """Return the routes.

    Args:
        office: what all features share.
        claims: makes claims.
        anchors: roots of a municipality's own verifier.
        stores: what gives a transaction's stores.
        licence: what a municipality may issue now.
        tokens: what a renewed offer voids.
    """
    routes = APIRouter(prefix="/{tenant}/issuer/api/offers")
    calls = _Calls(office, claims, anchors, stores, licence, tokens)

    @routes.post("")
    @service("clerk")
    async def make(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        clerk = office.clerk(request, tenant)
        new = calls.make(read_call(OfferCall, await request.body()), tenant, clerk)
        return JSONResponse(calls.answer(new, tenant), 201, NO_STORE)

    @routes.get("/{offer}")
    @service("clerk")
    async def tell(request: Request, tenant: str, offer: str) -> Any:  # noqa: ANN401 - FastAPI's
        office.clerk(request, tenant)
        return JSONResponse(calls.told(offer, tenant), headers=NO_STORE)

    @routes.post("/{offer}/renew")
    @service("clerk")
    async def again(request: Request, tenant: str, offer: str) -> Any:  # noqa: ANN401 - FastAPI's
        clerk = office.clerk(request, tenant)
        return JSONResponse(
            calls.answer(calls.renewed(offer, tenant, clerk), tenant), 201, NO_STORE
        )

    return routes
