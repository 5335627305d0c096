"""The issuer as an application: which adapters it has, and how the features are put together."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial

from fastapi import FastAPI
from sqlmodel import SQLModel

from issuer import errors
from issuer.authorization import assembly as log_in
from issuer.authorization.desk import Desk as LogInDesk
from issuer.authorization.providers import load_providers
from issuer.authorization.store import SignInRow
from issuer.authorization.view import PAGES
from issuer.issuance import deferral_routes, document_routes
from issuer.issuance import routes as issuance
from issuer.issuance.authorizing import key_authorizations
from issuer.issuance.documents import Documents
from issuer.issuance.store import (
    AnswerRow,
    AnswerStore,
    DeferralRow,
    DeferralStore,
    LoggedStore,
    NonceStore,
    NotificationRow,
    NotificationStore,
    UsedNonceRow,
)
from issuer.key_steps import KeyBook, TurningKeys, keeping
from issuer.licence import Licence
from issuer.offers import routes as offers
from issuer.offers.entitlements import CodePolicy, Entitlements, PreAuthorizedOffers
from issuer.offers.store import (
    OfferedRow,
    OfferRow,
    OfferStore,
    PresentationRow,
    PresentationStore,
)
from issuer.office import Office
from issuer.proofing import routes as proofing
from issuer.proofing.store import ProofingRow, ProofingStore
from issuer.secrets import Secrets, kept_secrets
from issuer.server import CredentialOffering, policy_of
from issuer.settings import Settings
from issuer.sources.claims import ClaimSource
from issuer.sources.model import Register
from issuer.sources.synthetic.stored import stored_register
from issuer.status import routes as status
from issuer.status.adoption import adopt
from issuer.status.list_store import TABLES as LIST_TABLES
from issuer.status.list_store import ListStore
from issuer.status.signers import ActiveSigners
from issuer.status.store import CredentialRow, RecordStore, ReplacementRow
from issuer.status.usecases import aggregation_uri
from issuer.sweeper import sweeping
from issuer.types import routes as types
from issuer.types.rules import TypeRules
from madang.access import log_calls
from madang.access.authorization import client_routes
from madang.access.authorization import routes as authorization
from madang.access.authorization.clients import FileClients, load_clients
from madang.access.authorization.server import AuthorizationServer, ground_of
from madang.access.authorization.store import TABLES as AUTHORIZATION_TABLES
from madang.access.guard import Guard
from madang.access.service_token import FolderServiceKeys, ServiceKeys
from madang.access.used_tokens import SharedTokens
from madang.core.keys.signing import Signer
from madang.core.merkle.note import VerifierKey
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from madang.infra.anchors import load_anchors as configured_anchors
from madang.infra.attestation_statuses import AttestationStatuses, StatusBounds
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.clock import Clock, SystemClock
from madang.infra.db import Database
from madang.infra.http import HttpClient, HttpxClient
from madang.infra.ids import Ids, SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.key_ring import KeyRings
from madang.infra.log_client import LogClient
from madang.infra.outbox import OutboxRow, OutboxWorker, running
from madang.infra.places import own_hosts
from madang.infra.setup import StateFolders, keystore
from madang.infra.snapshots import KeptSnapshotRow, snapshots
from madang.infra.tenancy import Addresses
from madang.infra.transaction_types import load_transaction_types
from madang.infra.trust import Accreditations, is_known, load_anchors, load_log_key
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import load_texts
from madang.infra.web.pages import Pages

SERVICE = "issuer"
TABLES: tuple[type[SQLModel], ...] = (
    *AUTHORIZATION_TABLES,
    SignInRow,
    JournalEntry,
    KeptSnapshotRow,
    OutboxRow,
    ProofingRow,
    OfferRow,
    OfferedRow,
    PresentationRow,
    UsedNonceRow,
    AnswerRow,
    DeferralRow,
    NotificationRow,
    CredentialRow,
    ReplacementRow,
    *LIST_TABLES,
)
"""Everything that the issuer keeps in its database."""
ISSUANCE_STORES = issuance.Stores(
    offers=OfferStore,
    nonces=NonceStore,
    records=RecordStore,
    lists=ListStore,
    answers=AnswerStore,
    deferrals=DeferralStore,
    events=NotificationStore,
    held=RecordStore,
    logged=LoggedStore,
)
OFFER_STORES = offers.Stores(
    offers=OfferStore,
    published=OfferStore,
    events=NotificationStore,
    put_off=DeferralStore,
    proofings=ProofingStore,
    holders=RecordStore,
    presentations=PresentationStore,
)
STATUS_STORES = status.Stores(records=RecordStore, lists=ListStore, flips=ListStore)


@dataclass(frozen=True, slots=True)
class Deps:
    """Every adapter of the issuer.

    Attributes:
        clock: tells the time.
        ids: draws chance.
        database: the issuer's own; `build` makes its tables.
        catalogue: types, municipalities, the federation.
        addresses: identifiers.
        register: the civil register.
        keys: the municipalities' keys as issuers, with their certificates.
        service_keys: public keys of the services that may call.
        anchors: a municipality's roots in DER, for its verifier's word.
        secrets: what a municipality keeps as an issuer beside them.
        service_signer: a municipality's key for calls to its other services.
        http: the network, for key sets of clients and status lists of wallet providers.
        wallet_anchors: DER of the authorities of wallet providers.
        clients: those of the operator's file.
        key_attestation_anchors: roots in DER of providers whose key attestations count.
        transaction_types: what holders may authorize.
        log: the municipalities' logs.
        log_key: the key of a municipality's log.
        accreditations: the registry of who issues what.
    """

    clock: Clock
    ids: Ids
    database: Database
    catalogue: Catalogue
    addresses: Addresses
    register: Register
    keys: TurningKeys
    secrets: Secrets
    service_signer: Callable[[str], Signer]
    http: HttpClient
    wallet_anchors: tuple[bytes, ...]
    key_attestation_anchors: tuple[bytes, ...]
    transaction_types: TransactionTypes
    clients: FileClients
    service_keys: ServiceKeys
    anchors: Callable[[str], Sequence[bytes]]
    log: LogClient
    log_key: Callable[[str], VerifierKey]
    accreditations: Accreditations


def production(settings: Settings) -> Deps:
    """Choose the adapters of a real run; the state folder has been prepared."""
    catalogue = load_catalogue(settings.catalog_dir)
    addresses = Addresses(catalogue.tenants, settings.origins)
    folders, keys, clock = StateFolders(settings.state_dir), keystore(settings), SystemClock()
    http = HttpxClient(
        timeout=settings.http_timeout_seconds,
        max_bytes=settings.http_max_bytes,
        anchors=configured_anchors(settings.tls_anchors),
        own=own_hosts(settings, catalogue.tenants, _upstream(settings, catalogue.tenants.ids())),
    )
    service_signer = cache(lambda tenant: keys.signer(tenant, f"service-{SERVICE}"))
    database = Database(settings.database(SERVICE))
    return Deps(
        clock=clock,
        ids=SystemIds(),
        database=database,
        catalogue=catalogue,
        addresses=addresses,
        register=stored_register(settings, catalogue, clock),
        keys=KeyRings(keys),
        secrets=kept_secrets(keys),
        service_signer=service_signer,
        http=http,
        wallet_anchors=configured_anchors(settings.wallet_anchors),
        clients=load_clients(
            settings.clients_file, allow_loopback_http=settings.allow_loopback_http
        ),
        key_attestation_anchors=configured_anchors(settings.key_attestation_anchors),
        transaction_types=load_transaction_types(settings.transaction_types),
        service_keys=FolderServiceKeys(folders.services),
        anchors=partial(load_anchors, folders.anchors),
        log=log_over(http, addresses, service_signer, clock),
        log_key=cache(partial(load_log_key, folders.log_keys)),
        accreditations=snapshots(settings, addresses, catalogue.tenants, database, http, clock),
    )


def log_over(
    http: HttpClient, addresses: Addresses, signer: Callable[[str], Signer], clock: Clock
) -> LogClient:
    """Return the logs behind HTTP, called in the issuer's name.

    Args:
        http: the network, or applications in this process.
        addresses: identifiers.
        signer: a municipality's key for calls of this service.
        clock: tells the time.
    """
    authorize = log_calls.log_authorization(SERVICE, addresses, signer, clock)
    return log_calls.log_over(http, addresses, authorize)


def _upstream(settings: Settings, tenants: tuple[str, ...]) -> Iterable[str]:
    """Return where the municipalities' own log-ins are, often inside their networks."""
    found = load_providers(
        settings.upstream_file, tenants, allow_loopback_http=settings.allow_loopback_http
    )
    return [provider.issuer for provider in found.values()]


def build(settings: Settings, deps: Deps) -> FastAPI:
    """Put the application together."""
    deps.database.create(*TABLES)
    adopt(deps.database)
    office = Office(settings, deps.clock, deps.ids, deps.database, deps.catalogue, deps.addresses)
    tenants = deps.catalogue.tenants
    texts = load_texts(settings.catalog_dir / "texts")
    pages = Pages(texts, [PAGES], service=SERVICE, tenants=tenants)
    claims = ClaimSource(deps.register, tenants)
    signer = signer_of(deps.keys, deps.clock)
    licence = Licence(office, deps.accreditations)
    rules = type_rules(settings, deps)
    server = server_of(office, deps)
    residents = log_in_of(office, deps, claims, licence, server)
    mint = issuance.Mint(
        claims=claims,
        signer=signer,
        log=deps.log,
        log_key=deps.log_key,
        licence=licence,
        tokens=server.tokens,
        rules=rules,
        secrets=deps.secrets,
        statuses=attestation_statuses(settings, deps, deps.key_attestation_anchors),
        may_sign=key_authorizations(deps.transaction_types, deps.catalogue),
    )
    documents = Documents(office, rules, deps.secrets)
    parts = Parts(
        title="Madang issuer",
        guard=Guard(
            SERVICE,
            tenants,
            deps.addresses,
            deps.clock,
            None,
            deps.service_keys,
            residents=residents,
            shared=SharedTokens(deps.database),
        ),
        refuser=Refuser(deps.database, deps.clock, pages),
        errors=errors.TABLE,
        routers=(
            # They are looked through in this order: what every wallet calls comes first.
            issuance.router(office, mint, ISSUANCE_STORES),
            authorization.router(server, aggregation_uri, settings.document_seconds),
            document_routes.metadata_router(office, deps.keys, documents),
            document_routes.router(office, deps.keys, documents),
            deferral_routes.router(office, DeferralStore),
            status.router(office, ActiveSigners(deps.keys, deps.clock), STATUS_STORES),
            types.router(office),
            proofing.router(office, deps.register, ProofingStore),
            offers.router(office, claims, deps.anchors, OFFER_STORES, licence, server.tokens),
            client_routes.router(server, office.clerk),
            *log_in.routers(residents, pages),
        ),
        max_body_bytes=settings.max_body_bytes,
        health=lambda: {"accreditations": is_known(deps.accreditations, now=deps.clock.now())},
        lifespan=_lifespan(
            KeyBook(office, deps.keys),
            OutboxWorker(deps.database, deps.log),
            deps.accreditations,
        ),
    )
    return create_app(parts)


def server_of(office: Office, deps: Deps) -> AuthorizationServer:
    """Put the authorization server together; its tables are there."""
    settings = office.settings
    ground = ground_of(
        SERVICE,
        policy_of(settings),
        clock=deps.clock,
        ids=deps.ids,
        database=deps.database,
        addresses=deps.addresses,
        http=deps.http,
        statuses=attestation_statuses(settings, deps, deps.wallet_anchors),
    )
    policy = CodePolicy(
        tries=settings.tx_code_tries,
        seconds=settings.token_seconds,
        approval_seconds=settings.approval_seconds,
        approved=settings.approved_types,
    )
    codes = PreAuthorizedOffers(OfferStore, office.types, policy)
    return AuthorizationServer(ground, CredentialOffering(office), codes, deps.clients)


def log_in_of(
    office: Office,
    deps: Deps,
    claims: ClaimSource,
    licence: Licence,
    server: AuthorizationServer,
) -> LogInDesk:
    """Put together what logs residents in."""
    seconds = office.settings.token_seconds
    adapters = log_in.Adapters(
        http=deps.http,
        signer=deps.service_signer,
        anchors=deps.anchors,
        authorizations=server.requests,
        entitlements=lambda session: Entitlements(OfferStore(session), seconds),
    )
    return log_in.desk_of(office, claims, licence, adapters)


def type_rules(settings: Settings, deps: Deps) -> TypeRules:
    """Return what the settings ask for certain types.

    Raises:
        ValueError: a type that the catalogue lacks, or key attestations without anchors.
    """
    named = {*settings.approved_types, *settings.key_attestations_required}
    unknown = named - {str(each) for each in deps.catalogue.types}
    if unknown:
        raise ValueError(f"the catalogue has no certificate type {sorted(unknown)}")
    attestations = bool(deps.key_attestation_anchors)
    if settings.key_attestations_required and not attestations:
        raise ValueError(
            "MADANG_KEY_ATTESTATIONS_REQUIRED asks for attestations that nobody could check;"
            " set MADANG_KEY_ATTESTATION_ANCHORS"
        )
    return TypeRules(settings.approved_types, settings.key_attestations_required, attestations)


def attestation_statuses(
    settings: Settings, deps: Deps, anchors: Sequence[bytes]
) -> AttestationStatuses:
    """Return what knows which attestations of the providers under these anchors were revoked."""
    bounds = StatusBounds(
        seconds=settings.attestation_status_seconds,
        allow_loopback_http=settings.allow_loopback_http,
    )
    return AttestationStatuses(deps.http, deps.clock, anchors, bounds)


def signer_of(keys: TurningKeys, clock: Clock) -> Callable[[str], Signer]:
    """Return what gives the key with which a municipality signs certificates now."""
    return lambda tenant: keys.signer(tenant, SERVICE, now=clock.now())


def _lifespan(
    book: KeyBook, worker: OutboxWorker, accreditations: Accreditations
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with (
            accreditations.following(),
            running(worker),
            sweeping(book.office),
            keeping(book),
        ):
            yield

    return lifespan
