"""The verifier: the only place that chooses its adapters."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, FastAPI
from sqlalchemy.exc import IntegrityError

from madang.access import log_calls
from madang.access.guard import Guard
from madang.access.service_token import FolderServiceKeys, ServiceKeys
from madang.access.sign_in import sign_in_router
from madang.access.staff import Staff, StaffAccount, StaffSession
from madang.core.merkle.note import VerifierKey
from madang.core.protocol.dcql.authorities import Authorities
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from madang.core.trust.foreign import ForeignAnchors
from madang.infra.anchors import load_anchors
from madang.infra.background import background, repeat
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import Clock, SystemClock
from madang.infra.db import Database
from madang.infra.federation import FederationBounds, FederationPaths, load_authorities
from madang.infra.http import HttpClient, HttpxClient
from madang.infra.ids import Ids, SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.log_client import Authorize, LogClient
from madang.infra.outbox import OutboxRow, OutboxWorker, running
from madang.infra.places import own_hosts
from madang.infra.setup import StateFolders, keystore
from madang.infra.snapshots import KeptSnapshotRow, snapshots
from madang.infra.tenancy import Addresses, TenantId
from madang.infra.transaction_types import load_transaction_types
from madang.infra.trust import (
    Accreditations,
    Trust,
    is_known,
    load_log_key,
    standard_types,
    types_by_vct,
)
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import Texts, load_texts
from madang.infra.web.pages import Pages
from verifier.eligibility.checking import Checker
from verifier.eligibility.deciding import Deciding
from verifier.eligibility.routes import Agency, api_router, page_router
from verifier.eligibility.store import CheckRow, RuleRow, SqlChecks
from verifier.errors import TABLE
from verifier.keys.routes import KeyOffice, key_router
from verifier.keys.store import ApiKeyRow, SqlKeyBook
from verifier.keys.usecases import Keyring
from verifier.presentations.answering import Examiner
from verifier.presentations.attestations import load_attestations
from verifier.presentations.clients import Attestation, Clients, Signers
from verifier.presentations.desk import Desk
from verifier.presentations.did_routes import did_router
from verifier.presentations.explaining import Explainer
from verifier.presentations.identification import Identification
from verifier.presentations.list_shelf import KeptListRow, ListShelf
from verifier.presentations.mdocs import Mdocs
from verifier.presentations.model import Use
from verifier.presentations.opening import Opener
from verifier.presentations.present_routes import Reception, present_router
from verifier.presentations.routes import service_router, wallet_router
from verifier.presentations.scripts import script_router
from verifier.presentations.sending import Sender
from verifier.presentations.status_lists import Bounds, FetchedStatusLists
from verifier.presentations.store import PresentationRow, SqlPresentations
from verifier.presentations.types import known_documents, known_types
from verifier.presentations.watch import Watch
from verifier.requests import api_routes, page_routes
from verifier.requests.asking import Asking, Releasing
from verifier.requests.callers import Callers
from verifier.requests.composing import Composer
from verifier.requests.store import QuestionRow, SqlQuestions
from verifier.settings import Settings

SERVICE = "verifier"
_WITH_PAGES = ("eligibility", "presentations", "requests", "keys")


@dataclass(frozen=True)
class Deps:
    """Every adapter of the service.

    Attributes:
        signers: keys of the municipalities.
        service_keys: public keys of the services that may call.
        http: where status lists are fetched.
        log_keys: keys of the municipalities' logs, known from elsewhere than the logs.
        accreditations: the registry of who attests and asks what.
        attestations: verifier attestations of the municipalities.
        anchors: roots of issuers whose types the catalogue lacks.
        transaction_types: what holders may be asked to authorize.
    """

    clock: Clock
    ids: Ids
    database: Database
    catalogue: Catalogue
    addresses: Addresses
    accreditations: Accreditations
    signers: Signers
    service_keys: ServiceKeys
    http: HttpClient
    log: LogClient
    log_keys: Mapping[str, VerifierKey]
    texts: Texts
    attestations: Mapping[str, Attestation]
    anchors: tuple[bytes, ...]
    authorities: Authorities
    transaction_types: TransactionTypes


def production(settings: Settings) -> Deps:
    """Choose the adapters for a real run."""
    catalogue = load_catalogue(settings.catalog_dir)
    addresses = Addresses(catalogue.tenants, settings.origins)
    folders, clock, signers = StateFolders(settings.state_dir), SystemClock(), keystore(settings)
    http = HttpxClient(
        timeout=settings.http_timeout_seconds,
        max_bytes=min(settings.http_max_bytes, settings.status_list_bytes),
        anchors=load_anchors(settings.tls_anchors),
        own=own_hosts(settings, catalogue.tenants),
    )
    database = Database(settings.database(SERVICE))
    return Deps(
        clock=clock,
        ids=SystemIds(),
        database=database,
        catalogue=catalogue,
        addresses=addresses,
        accreditations=snapshots(settings, addresses, catalogue.tenants, database, http, clock),
        signers=signers,
        service_keys=FolderServiceKeys(folders.services),
        http=http,
        log=log_calls.log_over(http, addresses, log_authorization(signers, addresses, clock)),
        log_keys=load_log_keys(folders.log_keys),
        texts=load_texts(settings.catalog_dir / "texts"),
        attestations=load_attestations(settings.verifier_attestations),
        anchors=load_anchors(settings.credential_anchors),
        authorities=load_authorities(settings.federation_anchors, settings.trusted_lists),
        transaction_types=load_transaction_types(settings.transaction_types),
    )


def log_authorization(signers: Signers, addresses: Addresses, clock: Clock) -> Authorize:
    """Return what makes the headers of a call to the log."""
    return log_calls.log_authorization(
        SERVICE, addresses, lambda tenant: signers.signer(tenant, f"service-{SERVICE}"), clock
    )


def load_log_keys(folder: Path) -> dict[str, VerifierKey]:
    """Return the key of each municipality's log from `<folder>/<tenant>.vkey`."""
    tenants = sorted(path.stem for path in folder.glob("*.vkey"))
    return {tenant: load_log_key(folder, tenant) for tenant in tenants}


def build(settings: Settings, deps: Deps) -> FastAPI:
    """Return the application; its lifespan enters the rules and delivers to the log."""
    deps.database.create(
        PresentationRow,
        ApiKeyRow,
        QuestionRow,
        KeptListRow,
        KeptSnapshotRow,
        CheckRow,
        RuleRow,
        OutboxRow,
        JournalEntry,
        StaffAccount,
        StaffSession,
    )
    staff = Staff(deps.database, deps.ids, settings)
    here = Path(__file__).parent
    folders = [here / feature / "pages" for feature in _WITH_PAGES]
    pages = Pages(deps.texts, folders, service=SERVICE, tenants=deps.catalogue.tenants)
    desk = _desk(settings, deps)
    agency = _agency(settings, deps, desk, pages)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        _put_rules_in_force(deps, agency.checker)
        outbox = OutboxWorker(deps.database, deps.log)
        async with (
            deps.accreditations.following(),
            running(outbox),
            background(repeat(desk.forget, settings.sweep_seconds)),
        ):
            yield

    guard = Guard(
        SERVICE, deps.catalogue.tenants, deps.addresses, deps.clock, staff, deps.service_keys
    )
    return create_app(
        Parts(
            title="Madang verifier",
            guard=guard.__call__,
            refuser=Refuser(deps.database, deps.clock, pages),
            errors=TABLE,
            routers=[
                wallet_router(desk),
                service_router(desk),
                api_router(agency),
                sign_in_router(SERVICE, staff, deps.clock, pages),
                page_router(agency),
                *_request_routers(settings, deps, desk, pages),
            ],
            max_body_bytes=settings.max_body_bytes,
            lifespan=lifespan,
            health=lambda: {"accreditations": is_known(deps.accreditations, now=deps.clock.now())},
        )
    )


def _federation(settings: Settings, deps: Deps) -> FederationPaths:
    bounds = FederationBounds(settings.federation_cache_seconds, settings.status_retry_seconds)
    return FederationPaths(deps.http, deps.authorities.federation.anchors, bounds)


def _trust(deps: Deps) -> Trust:
    types, shared = types_by_vct(deps.catalogue, deps.addresses), standard_types(deps.catalogue)
    return Trust(deps.accreditations, types, ForeignAnchors(deps.anchors), shared)


def _desk(settings: Settings, deps: Deps) -> Desk:
    trust = _trust(deps)
    clients = Clients(
        addresses=deps.addresses,
        signers=deps.signers,
        prefix=settings.client_id_prefix,
        attestations=deps.attestations,
        allow_loopback_http=settings.allow_loopback_http,
    )
    opener = Opener(
        catalogue=deps.catalogue,
        addresses=deps.addresses,
        mdocs=Mdocs(deps.catalogue, deps.addresses),
        trust=trust,
        clients=clients,
        ids=deps.ids,
        outside=settings.ask_outside_registry,
        foreign=bool(deps.anchors),
        authorities=deps.authorities,
        transaction_types=deps.transaction_types,
        allow_loopback_http=settings.allow_loopback_http,
        seconds=settings.presentation_seconds,
    )
    bounds = Bounds(
        list_bytes=settings.status_list_bytes,
        seconds=settings.status_cache_seconds,
        offline=settings.status_offline_seconds,
        lists=settings.status_cache_lists,
        bytes=settings.status_cache_bytes,
        retry=settings.status_retry_seconds,
    )
    shelf = ListShelf(deps.database, bounds.lists, bounds.bytes)
    identification = Identification(deps.addresses, deps.signers, settings.result_seconds)
    return Desk(
        database=deps.database,
        clock=deps.clock,
        ids=deps.ids,
        presentations=lambda session: SqlPresentations(session, settings.result_seconds),
        opener=opener,
        sender=Sender(opener, clients, deps.addresses, settings.authorization_endpoint),
        examiner=Examiner(
            trust=trust,
            lists=FetchedStatusLists(deps.http, trust, bounds, shelf),
            lapses={
                Use.IDENTIFICATION: frozenset(settings.identification_lapses),
                Use.ELIGIBILITY: frozenset(settings.eligibility_lapses),
                Use.REQUEST: frozenset(settings.request_lapses),
            },
            limits=DEFAULT_LIMITS,
            max_age=settings.key_binding_seconds,
            max_skew=settings.clock_skew_seconds,
            allow_loopback_http=settings.allow_loopback_http,
            types=known_types(deps.catalogue, deps.addresses),
            documents=known_documents(deps.catalogue),
            transaction_types=deps.transaction_types,
            authorities=deps.authorities,
            federation=_federation(settings, deps),
        ),
        conclusions={
            Use.IDENTIFICATION: lambda _: identification,
            Use.REQUEST: lambda _: Releasing(),
            Use.ELIGIBILITY: lambda session: Deciding(
                SqlChecks(session), deps.catalogue, deps.addresses, deps.ids
            ),
        },
        limits=DEFAULT_LIMITS,
        tries=settings.presentation_tries,
        watch=Watch(settings.event_seconds, settings.event_streams),
    )


def _request_routers(
    settings: Settings, deps: Deps, desk: Desk, pages: Pages
) -> tuple[APIRouter, ...]:
    """Return the routes of agencies' own requests, and of those who are asked."""
    explainer = Explainer(deps.catalogue, deps.addresses)
    asking = Asking(desk)
    callers = Callers(deps.addresses, deps.clock, deps.database, SqlKeyBook, deps.service_keys)
    office = KeyOffice(
        database=deps.database,
        clock=deps.clock,
        book=SqlKeyBook,
        keyring=Keyring(deps.ids),
        pages=pages,
        utc_offset_hours=settings.utc_offset_hours,
    )
    study = page_routes.Study(
        asking=asking,
        composer=Composer(desk.opener),
        explainer=explainer,
        questions=SqlQuestions,
        pages=pages,
        refresh=settings.refresh_seconds,
        utc_offset_hours=settings.utc_offset_hours,
    )
    return (
        api_routes.api_router(asking, callers),
        page_routes.page_router(study),
        key_router(office),
        present_router(Reception(desk, explainer, pages, settings.refresh_seconds)),
        did_router(desk.sender.clients),
        script_router(),
    )


def _agency(settings: Settings, deps: Deps, desk: Desk, pages: Pages) -> Agency:
    return Agency(
        desk=desk,
        checks=SqlChecks,
        checker=Checker(
            deps.catalogue, deps.addresses, deps.ids, desk.opener, settings.decision_days
        ),
        pages=pages,
        log=deps.log,
        log_keys=deps.log_keys,
        refresh=settings.refresh_seconds,
        utc_offset_hours=settings.utc_offset_hours,
    )


def _put_rules_in_force(deps: Deps, checker: Checker) -> None:
    for tenant in deps.catalogue.tenants.ids():
        try:
            _put_in_force(deps, checker, tenant)
        except IntegrityError:  # of two processes that start at once, the other was first
            _put_in_force(deps, checker, tenant)


def _put_in_force(deps: Deps, checker: Checker, tenant: TenantId) -> None:
    with deps.database.transaction() as session:
        checker.put_in_force(SqlChecks(session), tenant, now=deps.clock.now())
