"""The ledger node: the only place that chooses its adapters."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from ledger_node.accreditation.founding import founding_records
from ledger_node.accreditation.publishing import publish, publishing
from ledger_node.accreditation.reader import ChainReader
from ledger_node.accreditation.routes import snapshot_router
from ledger_node.accreditation.store import SnapshotRow, SqlSnapshotStores
from ledger_node.accreditation.usecases import Publication, Seals
from ledger_node.audit.desk import Desk
from ledger_node.audit.routes import audit_router
from ledger_node.audit.sending import sending_router
from ledger_node.audit.store import SqlAuditedLogs
from ledger_node.chain.deployment import FoundingRecords, no_records
from ledger_node.chain.store import ChainTransactionRow
from ledger_node.chain.usecases import Watch
from ledger_node.chain.work import ChainWork
from ledger_node.chain_word import chain_word
from ledger_node.condition import Health
from ledger_node.errors import TABLE
from ledger_node.evidence.routes import evidence_router
from ledger_node.evidence.usecases import AnchoredLog, EvidenceOffice
from ledger_node.following import Following
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles, only_writer
from ledger_node.publisher.routes import append_router, reading_router
from ledger_node.publisher.store import LOG_ROWS, SqlLogs
from ledger_node.publisher.usecases import Publisher
from ledger_node.publisher.witness_points import witness_points
from ledger_node.publisher.witnessing import Witnessing
from ledger_node.settings import Settings
from ledger_node.wiring import ChainParts, chain_work
from ledger_node.witness_word import MOST_BYTES, witness_word
from ledger_node.worker import Node
from madang.access.guard import Guard
from madang.access.service_token import FolderServiceKeys, ServiceKeys
from madang.access.sign_in import sign_in_router
from madang.access.staff import Staff, StaffAccount, StaffSession
from madang.core.evidence.finality.model import Engine
from madang.infra.anchors import load_anchors
from madang.infra.authority import ACCREDITATIONS
from madang.infra.background import background
from madang.infra.catalogue import load_catalogue
from madang.infra.chain import ChainAccount
from madang.infra.clock import Clock, SystemClock
from madang.infra.db import Database
from madang.infra.http import HttpClient, HttpxClient
from madang.infra.ids import Ids, SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.keystore import Keystore
from madang.infra.proofs import StateProofs
from madang.infra.rpc import Rpc
from madang.infra.setup import LOG, LOG_SECOND, StateFolders, keystore
from madang.infra.state_proofs import CometProofs, EthereumProofs
from madang.infra.tenancy import Addresses, Tenants
from madang.infra.trust import load_witness_keys
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import Texts, load_texts
from madang.infra.web.pages import Pages

SERVICE = "log"
TABLES: Final = (
    *LOG_ROWS,
    ChainTransactionRow,
    SnapshotRow,
    JournalEntry,
    StaffAccount,
    StaffSession,
)
"""Every table of the service."""
_PAGES = Path(__file__).parent / "audit" / "pages"


@dataclass(frozen=True)
class Deps:
    """Every adapter of the service.

    Attributes:
        lead: the municipality that deploys the contracts.
        anchors: folder of the municipalities' roots.
        http: the network to the witnesses.
        founding: the records that the Accreditation contract begins with.
    """

    clock: Clock
    ids: Ids
    database: Database
    tenants: Tenants
    lead: str
    addresses: Addresses
    keys: Keystore
    service_keys: ServiceKeys
    texts: Texts
    anchors: Path
    http: HttpClient
    founding: FoundingRecords = no_records


def production(settings: Settings) -> Deps:
    """Choose the adapters for a real run."""
    catalogue = load_catalogue(settings.catalog_dir)
    addresses = Addresses(catalogue.tenants, settings.origins)
    folders = StateFolders(settings.state_dir)
    return Deps(
        clock=SystemClock(),
        ids=SystemIds(),
        database=Database(settings.database(SERVICE)),
        tenants=catalogue.tenants,
        lead=catalogue.federation.lead,
        addresses=addresses,
        keys=keystore(settings),
        service_keys=FolderServiceKeys(folders.services),
        texts=load_texts(settings.catalog_dir / "texts"),
        anchors=folders.anchors,
        http=HttpxClient(
            timeout=settings.witness_seconds,
            max_bytes=MOST_BYTES,
            anchors=load_anchors(settings.tls_anchors),
        ),
        founding=founding_records(catalogue, addresses, folders),
    )


def build(settings: Settings, deps: Deps) -> FastAPI:
    """Return the application; its lifespan runs the node."""
    deps.database.create(*TABLES)
    stores: dict[str, SqlLogs] = {
        tenant: SqlLogs(deps.database, tenant) for tenant in deps.tenants.ids()
    }
    publishers = _publishers(settings, deps, stores)
    witnessing = _witnessing(settings, deps, publishers)
    work = chain_of(settings, deps)
    node = _node(settings, deps, publishers, work)
    comet = Rpc(settings.comet_url)
    publication = _publication(settings, deps, work)
    staff = Staff(deps.database, deps.ids, settings)
    pages = Pages(deps.texts, [_PAGES], service=SERVICE, tenants=deps.tenants)
    desk = Desk(
        publishers=publishers,
        logs={tenant: SqlAuditedLogs(deps.database, tenant) for tenant in stores},
        pages=pages,
        upload_bytes=settings.audit_upload_bytes,
        utc_offset_hours=settings.utc_offset_hours,
        chain=chain_word(work),
        witnesses=lambda tenant: [point.key for point in witnessing[tenant].points],
        quorum=settings.witness_quorum,
        cosignatures=lambda tenant, size: publishers[tenant].cosignatures(size),
        conflicts=witness_word(
            deps.http, settings.witnesses, lambda tenant: publishers[tenant].key
        ),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with only_writer(settings.state_dir / SERVICE):
            await node.start()
            await asyncio.gather(*(each.begin() for each in witnessing.values()))
            try:
                await publish(publication)
                beat = publishing(publication, settings.snapshot_seconds)
                handing = [each.run() for each in witnessing.values()]
                async with background(node.run(), beat, *handing):
                    yield
            finally:
                await node.stop()
                await comet.close()

    return create_app(
        Parts(
            title="Madang ledger node",
            guard=Guard(
                SERVICE, deps.tenants, deps.addresses, deps.clock, staff, deps.service_keys
            ).__call__,
            refuser=Refuser(deps.database, deps.clock, pages),
            errors=TABLE,
            routers=[
                append_router(publishers, settings.append_entries),
                reading_router(publishers, stores, witnessing),
                snapshot_router(publication.stores, settings.snapshot_seconds),
                sign_in_router(SERVICE, staff, deps.clock, pages),
                audit_router(desk),
                sending_router(desk),
                evidence_router(_office(settings, work, comet), _logs(settings, work, stores)),
            ],
            max_body_bytes=settings.max_body_bytes,
            lifespan=lifespan,
            health=Health(publishers, node.conditions, stores, deps.clock),
        )
    )


def _publishers(settings: Settings, deps: Deps, stores: dict[str, SqlLogs]) -> dict[str, Publisher]:
    return {
        tenant: Publisher(
            origin=deps.addresses.log_origin(tenant),
            signer=deps.keys.signer(tenant, LOG),
            cosigner=Cosigner(
                deps.addresses.identifier(tenant, SERVICE),
                deps.keys.signer(tenant, LOG_SECOND),
                deps.clock,
            ),
            files=LogFiles(settings.state_dir / SERVICE / tenant),
            stores=store,
            shuffle=deps.ids.shuffled,
            limit=settings.checkpoint_entries,
        )
        for tenant, store in stores.items()
    }


def _witnessing(
    settings: Settings, deps: Deps, publishers: dict[str, Publisher]
) -> dict[str, Witnessing]:
    keys = load_witness_keys(StateFolders(settings.state_dir).witness_keys)
    urls, quorum = settings.witnesses, settings.witness_quorum
    return {
        tenant: Witnessing(
            publisher=publisher,
            points=witness_points(urls, keys, tenant, quorum),
            quorum=quorum,
            http=deps.http,
            pause=settings.checkpoint_seconds / 4,
            patience=settings.witness_patience_seconds,
        )
        for tenant, publisher in publishers.items()
    }


def _publication(settings: Settings, deps: Deps, work: ChainWork) -> Publication:
    return Publication(
        reader=ChainReader(work, deps.lead),
        stores=SqlSnapshotStores(deps.database),
        seals={
            tenant: Seals(
                deps.addresses.identifier(tenant, SERVICE),
                deps.keys.signer(tenant, ACCREDITATIONS),
                deps.keys.signer(tenant, LOG_SECOND),
            )
            for tenant in deps.tenants.ids()
        },
        anchors=lambda: [path.read_bytes() for path in sorted(deps.anchors.glob("*/*.der"))],
        clock=deps.clock,
        renew=settings.snapshot_renew_seconds,
        idle=settings.snapshot_idle_seconds,
    )


def chain_of(settings: Settings, deps: Deps) -> ChainWork:
    """Return the work on the chain, not started; DeploymentError as `chain_work`."""
    tenants = deps.tenants.ids()
    parts = ChainParts(
        clock=deps.clock,
        database=deps.database,
        accounts={
            tenant: ChainAccount(deps.keys.secret(tenant, "chain"), settings.chain_id)
            for tenant in tenants
        },
        origins={tenant: deps.addresses.log_origin(tenant) for tenant in tenants},
        lead=deps.lead,
        founding=deps.founding,
    )
    return chain_work(settings, parts)


def _node(
    settings: Settings, deps: Deps, publishers: dict[str, Publisher], work: ChainWork
) -> Node:
    following = Following(work, Watch(work.anchoring.chain, work.stores, deps.clock))
    return Node(publishers, following, settings.checkpoint_seconds)


def _office(settings: Settings, work: ChainWork, comet: Rpc) -> EvidenceOffice:
    if settings.chain_engine is Engine.COMETBFT:
        proofs: StateProofs = CometProofs(comet)
    else:
        proofs = EthereumProofs(work.anchoring.chain.rpc, settings.chain_engine)
    return EvidenceOffice(settings.state_dir / "contract.json", proofs)


def _logs(
    settings: Settings, work: ChainWork, stores: Mapping[str, SqlLogs]
) -> dict[str, AnchoredLog]:
    return {
        tenant: AnchoredLog(
            origin=work.anchoring.origins[tenant],
            opener=partial(work.anchoring.opener, tenant),
            folder=settings.state_dir / SERVICE / tenant,
            heads=heads,
        )
        for tenant, heads in stores.items()
    }
