"""The residents' services: the only place that chooses their adapters."""

from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from madang.access.guard import Guard
from madang.access.service_token import FolderServiceKeys, ServiceKeys
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import Clock, SystemClock
from madang.infra.db import Database
from madang.infra.journal import JournalEntry
from madang.infra.setup import StateFolders
from madang.infra.tenancy import Addresses
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import Texts, load_texts
from madang.infra.web.pages import Pages
from wallet_api.errors import TABLE
from wallet_api.guide.routes import guide_router
from wallet_api.guide.usecases import Guides
from wallet_api.settings import Settings

SERVICE = "wallet"
_PAGES = Path(__file__).parent / "guide" / "pages"


@dataclass(frozen=True)
class Deps:
    """Every adapter of the service.

    Attributes:
        service_keys: keys of the services that may call; none may.
    """

    clock: Clock
    database: Database
    catalogue: Catalogue
    addresses: Addresses
    service_keys: ServiceKeys
    texts: Texts


def production(settings: Settings) -> Deps:
    """Choose the adapters for a real run."""
    catalogue = load_catalogue(settings.catalog_dir)
    return Deps(
        clock=SystemClock(),
        database=Database(settings.database(SERVICE)),
        catalogue=catalogue,
        addresses=Addresses(catalogue.tenants, settings.origins),
        service_keys=FolderServiceKeys(StateFolders(settings.state_dir).services),
        texts=load_texts(settings.catalog_dir / "texts"),
    )


def build(settings: Settings, deps: Deps) -> FastAPI:
    """Return the application."""
    deps.database.create(JournalEntry)
    pages = Pages(deps.texts, [_PAGES], service=SERVICE, tenants=deps.catalogue.tenants)
    guard = Guard(
        SERVICE, deps.catalogue.tenants, deps.addresses, deps.clock, None, deps.service_keys
    )
    guides = Guides(deps.catalogue, deps.clock)
    return create_app(
        Parts(
            title="Madang guide for residents",
            guard=guard.__call__,
            refuser=Refuser(deps.database, deps.clock, pages),
            errors=TABLE,
            routers=[guide_router(guides, pages, settings.page_seconds)],
            max_body_bytes=settings.max_body_bytes,
        )
    )
