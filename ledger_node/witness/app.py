"""The witnesses: the only place that chooses their adapters."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from ledger_node.publisher.files import only_writer
from ledger_node.witness.errors import TABLE
from ledger_node.witness.routes import witness_router
from ledger_node.witness.settings import Settings
from ledger_node.witness.store import SqlWitnesses, WitnessConflictRow, WitnessHeadRow
from ledger_node.witness.usecases import Witness
from madang.access.guard import Guard
from madang.access.service_token import FolderServiceKeys, ServiceKeys
from madang.core.merkle.note import VerifierKey
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import Clock, SystemClock
from madang.infra.db import Database
from madang.infra.journal import JournalEntry
from madang.infra.keystore import Keystore
from madang.infra.setup import WITNESS, StateFolders, audit_body, keystore
from madang.infra.tenancy import Addresses, Tenants
from madang.infra.trust import load_log_keys
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import Texts, load_texts
from madang.infra.web.pages import Pages

SERVICE = "witness"


@dataclass(frozen=True)
class Deps:
    """Every adapter of the service.

    Attributes:
        tenants: who has a witness here: the municipalities, or one audit body.
        log_keys: keys of the logs that are watched, by the municipality that owns each; those
            that only the settings name have none.
        service_keys: keys of the services that may call; none may.
    """

    clock: Clock
    database: Database
    tenants: Tenants
    addresses: Addresses
    keys: Keystore
    log_keys: Mapping[VerifierKey, str]
    service_keys: ServiceKeys
    texts: Texts


def production(settings: Settings) -> Deps:
    """Choose the adapters for a real run.

    Raises:
        WitnessNameError: an audit body without an address, or with a name that it cannot have.
    """
    municipalities = load_catalogue(settings.catalog_dir).tenants
    name = settings.witness_name
    tenants = audit_body(name, settings.origins, municipalities) if name else municipalities
    folders = StateFolders(settings.state_dir)
    further = {VerifierKey.parse(each): "" for each in settings.witness_logs}
    known = {key: tenant for tenant, key in load_log_keys(folders.log_keys).items()}
    return Deps(
        clock=SystemClock(),
        database=Database(settings.database(_folder(settings))),
        tenants=tenants,
        addresses=Addresses(tenants, settings.origins),
        keys=keystore(settings),
        log_keys={**further, **known},
        service_keys=FolderServiceKeys(folders.services),
        texts=load_texts(settings.catalog_dir / "texts"),
    )


def _folder(settings: Settings) -> str:
    return f"{SERVICE}-{settings.witness_name}" if settings.witness_name else SERVICE


def build(settings: Settings, deps: Deps) -> FastAPI:
    """Return the application; while it runs, no other process writes what it remembers."""
    deps.database.create(WitnessHeadRow, WitnessConflictRow, JournalEntry)
    folder = settings.state_dir / _folder(settings)
    pages = Pages(deps.texts, [], service=SERVICE, tenants=deps.tenants)
    guard = Guard(SERVICE, deps.tenants, deps.addresses, deps.clock, None, deps.service_keys)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with only_writer(folder):
            yield
        deps.database.close()

    return create_app(
        Parts(
            title="Madang witness",
            guard=guard.__call__,
            refuser=Refuser(deps.database, deps.clock, pages),
            errors=TABLE,
            routers=[witness_router(_built(deps))],
            max_body_bytes=settings.max_body_bytes,
            lifespan=lifespan,
        )
    )


def _built(deps: Deps) -> dict[str, Witness]:
    return {
        tenant: Witness(
            name=deps.addresses.bare(tenant, SERVICE),
            signer=deps.keys.signer(tenant, WITNESS),
            logs=_watched(deps.log_keys, tenant),
            stores=SqlWitnesses(deps.database, deps.addresses.bare(tenant, SERVICE)),
            clock=deps.clock,
        )
        for tenant in deps.tenants.ids()
    }


def _watched(known: Mapping[VerifierKey, str], owner: str) -> dict[str, tuple[VerifierKey, ...]]:
    """Return the logs that are watched: nobody is a witness of what it writes itself."""
    own = {key.name for key, tenant in known.items() if tenant == owner}
    origins = sorted({key.name for key in known} - own)
    return {each: tuple(key for key in known if key.name == each) for each in origins}
