"""The counter's calls about offers, and the offers that wallets fetch by reference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field
from sqlmodel import Session

from issuer.calls import MalformedCall, read_call
from issuer.licence import Licence
from issuer.offers import references
from issuer.offers.model import InvitedOffer, NoSuchOffer, OfferCode, OfferRefused, state
from issuer.offers.references import PublishedOffers
from issuer.offers.usecases import (
    Desk,
    Events,
    Holders,
    Invitation,
    NewOffer,
    OfferPolicy,
    Offers,
    Presentations,
    Presented,
    PutOff,
    Terms,
    Wanted,
    known_offer,
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
from madang.access.authorization.model import AccessTokens
from madang.access.marks import public, service
from madang.core.catalog.certificate_type import TypeId
from madang.core.protocol.message import Array, Message
from madang.core.protocol.oid4vci.offer import (
    CredentialOffer,
    OfferReference,
    TxCode,
    authorization_offer,
    pre_authorized_offer,
)
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.result import PresentationResult, check_result
from madang.core.protocol.typed_jwt import Window
from madang.infra.web.errors import NO_STORE
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, describe

Anchors = Callable[[str], Sequence[bytes]]
"""From a municipality to its roots in DER."""


class Shape(Message):
    """How a wallet gets to know of an offer.

    Attributes:
        by_reference: whether it fetches the offer, instead of reading it in the link.
        scheme: of the link.
    """

    by_reference: bool = False
    scheme: Literal["openid-credential-offer", "haip-vci"] = "openid-credential-offer"


class OfferCall(Shape):
    """By what a person is known, and what to offer.

    Attributes:
        types: certificate types.
        proofing_id: of a proofing here.
        presentation_result: a verifier's word.
        grant: by which grant it is redeemed.
        tx_code: whether a transaction code is needed.
        approval: whether a clerk has to approve before anything is issued.
    """

    types: Annotated[Array[str], Field(min_length=1, max_length=32)]
    proofing_id: str | None = None
    presentation_result: str | None = None
    grant: Annotated[Invitation, Field(strict=False)] = Invitation.PRE_AUTHORIZED_CODE
    tx_code: bool = True
    approval: bool = False

    @property
    def wanted(self) -> Wanted:
        """What is to be offered, and how."""
        return Wanted(self.types, Terms(self.grant, self.tx_code, self.approval))


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores.

    Attributes:
        offers: keeps offers.
        published: keeps those that are fetched by reference.
        proofings: keeps proofings.
        events: knows what wallets said of what they were sent.
        put_off: knows what a clerk has to approve.
        holders: knows which copies were issued to whom.
        presentations: remembers which presentations were acted on.
    """

    offers: Callable[[Session], Offers]
    published: Callable[[Session], PublishedOffers]
    proofings: Callable[[Session], Proofings]
    events: Callable[[Session], Events]
    put_off: Callable[[Session], PutOff]
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
        return Desk(offers, types, self.claims, office.day, policy)

    def make(self, call: OfferCall, tenant: str, clerk: str) -> dict[str, object]:
        if (call.proofing_id is None) == (call.presentation_result is None):
            raise MalformedCall("exactly one of proofing_id and presentation_result is needed")
        self.licence.require(tenant, map(TypeId, call.types))
        with self.office.database.transaction() as session:
            work, desk = self.office.work(session, tenant, clerk), self.desk(session, tenant)
            if call.proofing_id is not None:
                proofings = self.stores.proofings(session)
                new = offer_to_proven(work, desk, proofings, call.proofing_id, call.wanted)
            else:
                result = self.checked(work, call.presentation_result or "")
                holders, taken = self.stores.holders(session), self.stores.presentations(session)
                presented = Presented(result, holders, taken)
                new = offer_to_holder(work, desk, presented, call.wanted)
            return self.answer(session, work, new, call)

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

    def renewed(self, offer: str, shape: Shape, tenant: str, clerk: str) -> dict[str, object]:
        with self.office.database.transaction() as session:
            work, desk = self.office.work(session, tenant, clerk), self.desk(session, tenant)
            found = known_offer(work, desk.offers, offer).entitlement
            self.licence.require(tenant, found.left)
            new = renew(work, desk, offer)
            self.tokens.revoke(session, tenant, found.id)
            # It waits for keys that the wallet with the new code need not have.
            self.stores.put_off(session).forget(tenant, found.id)
            return self.answer(session, work, new, shape)

    def told(self, offer: str, tenant: str) -> dict[str, object]:
        with self.office.database.reading() as session:
            work = self.office.work(session, tenant)
            found = known_offer(work, self.stores.offers(session), offer)
            events = self.stores.events(session).of(tenant, found.entitlement.id)
        issued = found.entitlement.issued.items()
        return {
            "state": state(found, work.now).value,
            "issued": [
                {"credential_configuration_id": name, "count": count}
                | ({"event": events[name]} if name in events else {})
                for name, count in issued
            ],
        }

    def answer(
        self, session: Session, work: Work, new: NewOffer, shape: Shape
    ) -> dict[str, object]:
        entitlement = new.offer.entitlement
        offer, scheme = self.offer(new, work.tenant), shape.scheme
        published = self.stores.published(session)
        published.withdraw(entitlement.id)
        uri = offer.to_uri(scheme=scheme)
        if shape.by_reference:
            name = references.publish(work, published, new, offer)
            uri = OfferReference(f"{work.issuer}/offers/{name}").to_uri(scheme=scheme)
        told = {"offer_id": entitlement.id, "offer_uri": uri, "expires_at": new.offer.expires_at}
        return told | ({"tx_code": new.tx_code} if new.tx_code else {})

    def offer(self, new: NewOffer, tenant: str) -> CredentialOffer:
        types, issuer = self.office.types(tenant), self.office.identifier(tenant)
        left = {type_id: types[type_id] for type_id in new.offer.entitlement.left}
        names = (*configurations(left),)
        if isinstance(new.offer, InvitedOffer):
            return authorization_offer(issuer, names, new.code)
        digits = self.office.settings.tx_code_digits
        tx_code = TxCode(length=digits) if new.tx_code else None
        return pre_authorized_offer(issuer, names, new.code, tx_code=tx_code)

    def published(self, tenant: str, reference: str) -> str:
        with self.office.database.reading() as session:
            found = references.fetch(
                self.stores.published(session), tenant, reference, now=self.office.clock.now()
            )
        if found is None:
            raise NoSuchOffer
        return found


def _policy(settings: Settings) -> OfferPolicy:
    return OfferPolicy(
        offer_seconds=settings.offer_seconds,
        renew_seconds=settings.renew_seconds,
        proofing_seconds=settings.proofing_seconds,
        tx_code_digits=settings.tx_code_digits,
        tx_code_free_level=settings.tx_code_free_level,
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
        tokens: voids those of an offer that gets a new code.
    """
    routes = APIRouter(prefix="/{tenant}/issuer")
    calls = _Calls(office, claims, anchors, stores, licence, tokens)

    @routes.post("/api/offers")
    @service("clerk")
    @describe(OfferCall, gives={201: OBJECT})
    async def make(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        clerk = office.clerk(request, tenant)
        told = calls.make(read_call(OfferCall, await request.body()), tenant, clerk)
        return JSONResponse(told, 201, NO_STORE)

    @routes.get("/api/offers/{offer}")
    @service("clerk")
    @describe(gives={200: OBJECT})
    async def tell(request: Request, tenant: str, offer: str) -> Any:  # noqa: ANN401 - FastAPI's
        office.clerk(request, tenant)
        return JSONResponse(calls.told(offer, tenant), headers=NO_STORE)

    @routes.post("/api/offers/{offer}/renew")
    @service("clerk")
    @describe(gives={201: OBJECT})
    async def again(request: Request, tenant: str, offer: str) -> Any:  # noqa: ANN401 - FastAPI's
        clerk = office.clerk(request, tenant)
        shape = read_call(Shape, await request.body() or b"{}")
        return JSONResponse(calls.renewed(offer, shape, tenant, clerk), 201, NO_STORE)

    @routes.get("/offers/{reference}")
    @public("whoever was shown the reference may read the offer", Form.PROBLEM)
    @describe(gives={200: OBJECT})
    async def by_reference(tenant: str, reference: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = calls.published(tenant, reference)
        return Response(found, media_type="application/json", headers=NO_STORE)

    return routes
