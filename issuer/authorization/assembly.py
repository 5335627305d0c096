"""How the log-in is put together out of the issuer's adapters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from sqlmodel import Session

from issuer.authorization.desk import Desk, Stores
from issuer.authorization.providers import load_providers
from issuer.authorization.routes import ends_router, pages_router, way_back_router, ways_router
from issuer.authorization.store import SignInStore
from issuer.authorization.upstream import OpenIdProviders
from issuer.authorization.usecases import Entitlements, House, Policy
from issuer.authorization.verifier import VerifierClient
from issuer.authorization.view import View
from issuer.licence import Licence
from issuer.offers.store import PresentationStore
from issuer.office import Office
from issuer.proofing.store import ProofingStore
from issuer.settings import Settings
from issuer.sources.claims import ClaimSource
from issuer.status.store import RecordStore
from madang.access.authorization.model import Authorizations
from madang.core.keys.signing import Signer
from madang.infra.http import HttpClient
from madang.infra.web.pages import Pages

UPSTREAM = "upstream"
"""Where browsers come back from an OpenID provider, below the issuer's identifier."""


@dataclass(frozen=True, slots=True)
class Adapters:
    """What the log-in takes from its issuer.

    Attributes:
        http: the network.
        signer: a municipality's key for calls of this service.
        anchors: roots of a municipality's own verifier.
        authorizations: the requests that wait.
        entitlements: gives a transaction's names for what may be fetched.
    """

    http: HttpClient
    signer: Callable[[str], Signer]
    anchors: Callable[[str], Sequence[bytes]]
    authorizations: Authorizations
    entitlements: Callable[[Session], Entitlements]


def desk_of(office: Office, claims: ClaimSource, licence: Licence, adapters: Adapters) -> Desk:
    """Return what logs residents in.

    Raises:
        ProviderFileError: the file of OpenID providers cannot be used.
    """
    settings = office.settings
    stores = Stores(
        sign_ins=SignInStore,
        proofings=ProofingStore,
        entitlements=adapters.entitlements,
        holders=RecordStore,
        presentations=PresentationStore,
    )
    return Desk(
        office=office,
        authorizations=adapters.authorizations,
        stores=stores,
        verifier=VerifierClient(
            adapters.http,
            office.addresses,
            adapters.signer,
            office.clock,
            settings.log_in_purpose,
        ),
        providers=_providers(office, adapters.http),
        house=House(claims.register, claims, office.day, _policy(settings)),
        anchors=adapters.anchors,
        licence=licence,
    )


def routers(desk: Desk, pages: Pages) -> tuple[APIRouter, ...]:
    """Return the log-in's routes."""
    view = View(desk, pages)
    return pages_router(view), ways_router(desk), ends_router(desk), way_back_router(desk)


def _providers(office: Office, http: HttpClient) -> OpenIdProviders:
    settings, tenants = office.settings, office.catalogue.tenants.ids()
    loopback = settings.allow_loopback_http
    return OpenIdProviders(
        http=http,
        clock=office.clock,
        ids=office.ids,
        providers=load_providers(settings.upstream_file, tenants, allow_loopback_http=loopback),
        redirect_uri=lambda tenant: f"{office.identifier(tenant)}/{UPSTREAM}",
        document_seconds=settings.upstream_document_seconds,
        skew_seconds=settings.skew_seconds,
        token_seconds=settings.upstream_token_seconds,
        allow_loopback_http=loopback,
    )


def _policy(settings: Settings) -> Policy:
    return Policy(
        seconds=settings.log_in_seconds,
        tries=settings.log_in_tries,
        look_seconds=settings.log_in_look_seconds,
        proofing_seconds=settings.proofing_seconds,
        skew_seconds=settings.skew_seconds,
    )
