"""Two municipalities with their registry on a real embedded chain, and a reader beside it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ledger_node.accreditation.founding import founding_records
from ledger_node.accreditation.reader import ChainReader
from ledger_node.accreditation.store import SnapshotRow, SqlSnapshotStores
from ledger_node.accreditation.usecases import Publication, Seals
from ledger_node.chain.store import ChainTransactionRow
from ledger_node.chain.work import ChainWork
from ledger_node.settings import Settings
from ledger_node.wiring import ChainParts, chain_work
from madang.cli.governance import Governance
from madang.core.trust.changes import Action
from madang.core.trust.registry import Record
from madang.infra.accreditation import AccreditationContract
from madang.infra.catalogue import Catalogue, load_catalogue
from madang.infra.chain import ChainAccount
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.http import Answer, HttpError
from madang.infra.ids import SystemIds
from madang.infra.journal import JournalEntry
from madang.infra.keystore import Keystore
from madang.infra.setup import StateFolders, keystore
from madang.infra.snapshots import Bounds, KeptSnapshotRow, OutOfBand, Snapshots
from madang.infra.tenancy import Addresses

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
TENANT, OTHER = "hanbit", "saebyeol"
DAY = 86_400
GENESIS = 1_795_000_000


@dataclass
class Web:
    """The network's twin: the published snapshots at their addresses, while it is up."""

    stores: SqlSnapshotStores
    addresses: Addresses
    up: bool = True
    instead: bytes | None = None
    stuck: dict[str, str] = field(default_factory=dict)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,  # the port's shape
        content: bytes | None = None,  # noqa: ARG002  # the port's shape
    ) -> Answer:
        if not self.up:
            raise HttpError(f"{method} {url}: nobody there")
        if self.instead is not None:
            return Answer(200, headers or {}, self.instead)
        if url in self.stuck:
            return Answer(200, headers or {}, self.stuck[url].encode())
        for tenant in (TENANT, OTHER):
            if url == f"{self.addresses.identifier(tenant, 'log')}/accreditations":
                with self.stores() as store:
                    found = store.newest(tenant)
                if found is not None:
                    return Answer(200, headers or {}, found.compact.encode())
        return Answer(404, {}, b"")


@dataclass
class RegistryCity:
    """The chain, the node's publication, and one reader.

    Attributes:
        clock: of node and reader; the engine has its own, which `travel` moves.
    """

    settings: Settings
    keys: Keystore
    catalogue: Catalogue
    addresses: Addresses
    clock: FixedClock
    database: Database
    work: ChainWork
    publication: Publication
    web: Web
    reader: Snapshots

    def identifier(self, service: str, tenant: str = TENANT) -> str:
        return self.addresses.identifier(tenant, service)

    def vct(self, type_id: str) -> str:
        return self.catalogue.vct(self.addresses, type_id)

    def governance(self, tenant: str = TENANT) -> Governance:
        anchoring = self.work.anchoring
        account = anchoring.accounts[tenant]
        deployment = self.work.deployment
        return Governance(anchoring.chain, deployment, account, anchoring.sender, SystemIds())

    @property
    def contract(self) -> AccreditationContract:
        return self.governance().contract

    def new_reader(self, database: Database | None = None, **bounds: int) -> Snapshots:
        """Return a reader, with what one before it has kept if it has the same database."""
        kept = database or Database()
        kept.create(KeptSnapshotRow)
        folders = StateFolders(self.settings.state_dir)
        logs = [self.identifier("log", each) for each in (TENANT, OTHER)]
        return Snapshots(
            self.web,
            kept,
            [f"{log}/accreditations" for log in logs],
            OutOfBand(folders.anchors, self.settings.state_dir / "contract.json", logs),
            Bounds(bounds.get("max_age", DAY), 15),
            self.clock,
        )

    async def look(self) -> None:
        """Publish what is due and have the reader fetch it."""
        await self.publication.refresh()
        await self.reader.refresh()

    async def suspend(self, service: str, tenant: str = TENANT) -> bytes:
        """Have a body suspend its own newest record."""
        desk = self.governance(tenant)
        record = (await self.record_of(service, tenant)).id
        await desk.send("suspend", desk.contract.suspend_call(record))
        return record

    async def record_of(self, service: str, tenant: str = TENANT) -> Record:
        state = await self.governance().state()
        wanted = self.identifier(service, tenant)
        found = [r for r in state.records if r.document is not None and r.document.id == wanted]
        return found[-1]

    async def decide(self, action: Action, target: bytes, document: bytes = b"") -> int:
        """Propose something in one municipality's name and approve it in the other's."""
        desk, other = self.governance(), self.governance(OTHER)
        account = {} if not document else {"account": desk.account.address}
        data = desk.contract.propose_call(action, target, document=document, **account)
        await desk.send("propose", data)
        made = (await desk.contract.proposals())[-1]
        await other.send("approve", other.contract.approve_call(made.id))
        return made.id

    async def execute(self, proposal: int) -> None:
        desk = self.governance()
        await desk.send("execute", desk.contract.execute_call(await desk.proposal(proposal)))

    async def travel(self, seconds: int) -> None:
        """Let time go by, for the chain and for everybody."""
        self.clock.advance(seconds)
        assert self.work.engine is not None
        await self.work.engine.rpc.call("evm_setTime", self.clock.now() * 1000)


@asynccontextmanager
async def registry_city(state: Path, port: int) -> AsyncIterator[RegistryCity]:
    """Found and seal a registry on a chain of its own, over a prepared state folder."""
    settings = Settings(
        state_dir=state, catalog_dir=CATALOG, key_passphrase="open sesame", chain_port=port,
        rotation_delay_seconds=DAY,
    )  # fmt: skip
    keys, catalogue = keystore(settings), load_catalogue(CATALOG)
    addresses, clock, database = Addresses(catalogue.tenants), FixedClock(GENESIS), Database()
    database.create(ChainTransactionRow, JournalEntry, SnapshotRow)
    accounts = {
        tenant: ChainAccount(keys.secret(tenant, "chain"), settings.chain_id)
        for tenant in catalogue.tenants.ids()
    }
    folders = StateFolders(state)
    work = chain_work(
        settings,
        ChainParts(
            clock=clock,
            database=database,
            accounts=accounts,
            origins={tenant: addresses.log_origin(tenant) for tenant in accounts},
            lead=TENANT,
            founding=founding_records(catalogue, addresses, folders),
        ),
    )
    publication = Publication(
        reader=ChainReader(work, TENANT),
        stores=SqlSnapshotStores(database),
        seals={
            tenant: Seals(
                addresses.identifier(tenant, "log"),
                keys.signer(tenant, "accreditations"),
                keys.signer(tenant, "log-second"),
            )
            for tenant in accounts
        },
        anchors=lambda: [path.read_bytes() for path in sorted(folders.anchors.glob("*/*.der"))],
        clock=clock,
        renew=300,
        idle=3_600,
    )
    web = Web(SqlSnapshotStores(database), addresses)
    await work.start()
    try:
        await work.deploy()
        city = RegistryCity(
            settings, keys, catalogue, addresses, clock, database, work, publication, web,
            reader=None,  # type: ignore[arg-type]  # made of the rest
        )  # fmt: skip
        city.reader = city.new_reader()
        yield city
    finally:
        await work.stop()
        database.close()
