"""The chain's parts put together, for the service and for the command that deploys."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts import addresses
from ledger_node.chain.anchoring import Anchoring
from ledger_node.chain.deployment import Deployer, FoundingRecords
from ledger_node.chain.engine import EmbeddedEngine, EngineSettings
from ledger_node.chain.store import SqlTransactionStores
from ledger_node.chain.usecases import TransactionSender
from ledger_node.chain.work import ChainWork
from ledger_node.settings import Settings
from madang.infra.anchors import load_anchors
from madang.infra.chain import Block, ChainAccount, RpcChain
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.files import EVERYBODY, write_whole
from madang.infra.known_chain import KnownChain
from madang.infra.rpc import JsonRpc, Rpc, RpcNodes
from madang.infra.setup import StateFolders

GENESIS_FILE: Final = "genesis-time"
_EMBEDDED_DEPTH: Final = 0


@dataclass(frozen=True)
class ChainParts:
    """What the chain's work is made of.

    Attributes:
        clock: tells the time.
        database: keeps the record of transactions.
        accounts: the account of each municipality.
        origins: the origin of each municipality's log.
        lead: the municipality that deploys.
        founding: the records that the Accreditation contract begins with.
    """

    clock: Clock
    database: Database
    accounts: Mapping[str, ChainAccount]
    origins: Mapping[str, str]
    lead: str
    founding: FoundingRecords


def chain_work(settings: Settings, parts: ChainParts) -> ChainWork:
    """Return the work on the chain that the settings name, or on the embedded one.

    Raises:
        DeploymentError: the record of the deployment is no such record, or of an earlier form.
    """
    record = settings.state_dir / "contract.json"
    stores = SqlTransactionStores(parts.database)
    engine = None
    if not settings.rpc_urls:
        engine = EmbeddedEngine(_engine_settings(settings, parts.clock), parts.clock)
    rpc = _nodes(settings, record, stores) if engine is None else engine.door
    chain = RpcChain(rpc)
    sender = TransactionSender(
        chain, stores, settings.receipt_seconds, turn_file=turn_file(settings)
    )
    deployer = Deployer(
        chain=chain,
        sender=sender,
        accounts=parts.accounts,
        lead=parts.lead,
        records=parts.founding,
        record=record,
        delay=settings.rotation_delay_seconds,
        final_depth=settings.final_depth if engine is None else _EMBEDDED_DEPTH,
    )
    owners = StateFolders(settings.state_dir).log_keys
    anchoring = Anchoring(chain, sender, parts.accounts, parts.origins, owners)
    return ChainWork(deployer, anchoring, stores, engine, settings.cache_seconds)


def turn_file(settings: Settings) -> Path | None:
    """Return what every sender to the embedded engine locks; None for a chain elsewhere."""
    return None if settings.rpc_urls else settings.state_dir / "chain" / "turn"


def _nodes(settings: Settings, record: Path, stores: SqlTransactionStores) -> JsonRpc:
    def newest_final() -> Block | None:
        with stores() as store:
            return store.newest_final()

    genesis = addresses.read(record).genesis_hash if record.exists() else None
    known = KnownChain(settings.chain_id, genesis, newest_final)
    anchors = load_anchors(settings.tls_anchors)
    nodes = [
        Rpc(url, settings.rpc_timeout_seconds, settings.rpc_max_bytes, anchors)
        for url in settings.rpc_urls
    ]
    return RpcNodes(nodes, known.check)


def _engine_settings(settings: Settings, clock: Clock) -> EngineSettings:
    """Return how the engine runs; the time of its first block is kept for the chain's life."""
    folder = settings.state_dir / "chain"
    folder.mkdir(parents=True, exist_ok=True)
    genesis = folder / GENESIS_FILE
    if not genesis.exists():
        write_whole(genesis, str(clock.now()).encode(), EVERYBODY)
    return EngineSettings(
        binary=settings.engine,
        port=settings.chain_port,
        chain_id=settings.chain_id,
        genesis_time=int(genesis.read_text("ascii")),
        cache=folder / "state",
    )
