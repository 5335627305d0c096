"""The counter: the only place that chooses its adapters."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from counter.approvals import routes as approvals
from counter.cases.routes import Desk, cases_router, steps_router
from counter.cases.store import CaseRow, LinkRow, SqlCaseBooks, StatusTimeRow
from counter.cases.usecases import Counter
from counter.client import Caller, IssuerClient, VerifierClient
from counter.errors import TABLE
from counter.settings import Settings
from madang.access.guard import Guard
from madang.access.service_token import FolderServiceKeys, ServiceKeys
from madang.access.sign_in import sign_in_router
from madang.access.staff import Staff, StaffAccount, StaffSession
from madang.core.keys.signing import Signer
from madang.infra import anchors
from madang.infra.background import background, repeat
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import Clock, SystemClock
from madang.infra.db import Database
from madang.infra.http import HttpClient, HttpxClient
from madang.infra.ids import Ids, SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.setup import StateFolders, keystore
from madang.infra.tenancy import Addresses
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import Texts, load_texts
from madang.infra.web.pages import Pages

SERVICE = "counter"
_PAGES = [Path(__file__).parent / feature / "pages" for feature in ("cases", "approvals")]


@dataclass(frozen=True)
class Deps:
    """Every adapter of the service.

    Attributes:
        signers: the counter's signing key, by municipality.
        service_keys: keys of the services that may call; none may.
    """

    clock: Clock
    ids: Ids
    database: Database
    catalogue: Catalogue
    addresses: Addresses
    http: HttpClient
    signers: Mapping[str, Signer]
    service_keys: ServiceKeys
    texts: Texts


def production(settings: Settings) -> Deps:
    """Choose the adapters for a real run."""
    catalogue, keys = load_catalogue(settings.catalog_dir), keystore(settings)
    return Deps(
        clock=SystemClock(),
        ids=SystemIds(),
        database=Database(settings.database(SERVICE)),
        catalogue=catalogue,
        addresses=Addresses(catalogue.tenants, settings.origins),
        http=HttpxClient(
            timeout=settings.http_timeout_seconds,
            max_bytes=settings.http_max_bytes,
            anchors=anchors.load_anchors(settings.tls_anchors),
        ),
        signers={
            tenant: keys.signer(tenant, f"service-{SERVICE}") for tenant in catalogue.tenants.ids()
        },
        service_keys=FolderServiceKeys(StateFolders(settings.state_dir).services),
        texts=load_texts(settings.catalog_dir / "texts"),
    )


def build(settings: Settings, deps: Deps) -> FastAPI:
    """Return the application; its lifespan deletes what has ended."""
    deps.database.create(CaseRow, StatusTimeRow, LinkRow, JournalEntry, StaffAccount, StaffSession)
    books = SqlCaseBooks(deps.database, deps.clock)
    staff = Staff(deps.database, deps.ids, settings)
    pages = Pages(deps.texts, _PAGES, service=SERVICE, tenants=deps.catalogue.tenants)
    desk = _desk(settings, deps, books, pages)
    guard = Guard(
        SERVICE, deps.catalogue.tenants, deps.addresses, deps.clock, staff, deps.service_keys
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        sweep = partial(books.sweep, settings.case_seconds)
        async with background(repeat(sweep, settings.sweep_seconds)):
            yield

    return create_app(
        Parts(
            title="Madang counter",
            guard=guard.__call__,
            refuser=Refuser(deps.database, deps.clock, pages),
            errors=TABLE,
            routers=[
                sign_in_router(SERVICE, staff, deps.clock, pages),
                cases_router(desk),
                steps_router(desk),
                approvals.router(IssuerClient(_caller(deps)), books, pages, settings, desk.names),
            ],
            max_body_bytes=settings.max_body_bytes,
            lifespan=lifespan,
        )
    )


def _caller(deps: Deps) -> Caller:
    return Caller(deps.http, deps.addresses, deps.signers, deps.clock)


def _desk(settings: Settings, deps: Deps, books: SqlCaseBooks, pages: Pages) -> Desk:
    caller = _caller(deps)
    counter = Counter(
        books, IssuerClient(caller), VerifierClient(caller, settings.purpose), deps.clock, deps.ids
    )
    names = {str(each.id): each.names for each in deps.catalogue.types.values()}
    return Desk(counter, pages, settings, names)
