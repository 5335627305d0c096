"""The residents' services: the only place that chooses their adapters."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from madang.access.guard import Guard
from madang.access.service_token import FolderServiceKeys, ServiceKeys
from madang.infra.background import background, repeat
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import Clock, SystemClock
from madang.infra.db import Database
from madang.infra.ids import Ids, SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.key_ring import KeyRings
from madang.infra.setup import StateFolders, keystore
from madang.infra.tenancy import Addresses
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import Texts, load_texts
from madang.infra.web.pages import Pages
from wallet_api.errors import TABLE
from wallet_api.guide.routes import guide_router
from wallet_api.guide.usecases import Guides
from wallet_api.provider import store
from wallet_api.provider.model import Bounds, Statements
from wallet_api.provider.nonces import SECRET_BYTES
from wallet_api.provider.routes import (
    Keys,
    Office,
    Stores,
    administration_router,
    provider_router,
)
from wallet_api.settings import Settings

SERVICE = "wallet"
STORES = Stores(store.InstanceStore, store.ListStore, store.NonceStore)
_PAGES = Path(__file__).parent / "guide" / "pages"


@dataclass(frozen=True)
class Deps:
    """Every adapter of the service.

    Attributes:
        keys: of the municipalities as wallet providers.
        service_keys: keys of the services that may call.
    """

    clock: Clock
    ids: Ids
    database: Database
    catalogue: Catalogue
    addresses: Addresses
    keys: Keys
    service_keys: ServiceKeys
    texts: Texts


def production(settings: Settings) -> Deps:
    """Choose the adapters for a real run."""
    catalogue = load_catalogue(settings.catalog_dir)
    return Deps(
        clock=SystemClock(),
        ids=SystemIds(),
        database=Database(settings.database(SERVICE)),
        catalogue=catalogue,
        addresses=Addresses(catalogue.tenants, settings.origins),
        keys=KeyRings(keystore(settings)),
        service_keys=FolderServiceKeys(StateFolders(settings.state_dir).services),
        texts=load_texts(settings.catalog_dir / "texts"),
    )


def build(settings: Settings, deps: Deps) -> FastAPI:
    """Return the application."""
    deps.database.create(JournalEntry, *store.TABLES)
    pages = Pages(deps.texts, [_PAGES], service=SERVICE, tenants=deps.catalogue.tenants)
    guard = Guard(
        SERVICE, deps.catalogue.tenants, deps.addresses, deps.clock, None, deps.service_keys
    )
    guides, office = Guides(deps.catalogue, deps.clock), _office(settings, deps)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with background(repeat(partial(_sweep, deps), settings.sweep_seconds)):
            yield

    return create_app(
        Parts(
            title="Madang services for residents",
            guard=guard.__call__,
            refuser=Refuser(deps.database, deps.clock, pages),
            errors=TABLE,
            routers=[
                guide_router(guides, pages, settings.page_seconds),
                provider_router(office),
                administration_router(office),
            ],
            max_body_bytes=settings.max_body_bytes,
            lifespan=lifespan,
        )
    )


def _office(settings: Settings, deps: Deps) -> Office:
    with deps.database.transaction() as session:
        secret = store.seal_secret(session, deps.ids.bytes(SECRET_BYTES))
    statements = Statements(
        client_id=settings.wallet_client_id,
        name=settings.wallet_name,
        link=settings.wallet_link,
        key_storage=settings.key_storage,
        user_authentication=settings.user_authentication,
        wallet_seconds=settings.wallet_attestation_seconds,
        key_seconds=settings.key_attestation_seconds,
    )
    bounds = Bounds(
        nonce_seconds=settings.nonce_seconds,
        proof_seconds=settings.proof_seconds,
        skew_seconds=settings.skew_seconds,
        list_size=settings.status_list_size,
        list_fill_percent=settings.status_list_fill_percent,
        list_ttl=settings.status_list_ttl_seconds,
        list_seconds=settings.status_list_seconds,
    )
    return Office(
        database=deps.database,
        clock=deps.clock,
        ids=deps.ids,
        addresses=deps.addresses,
        keys=deps.keys,
        stores=STORES,
        statements=statements,
        bounds=bounds,
        secret=secret,
    )


def _sweep(deps: Deps) -> None:
    with deps.database.transaction() as session:
        store.sweep(session, deps.clock.now())
