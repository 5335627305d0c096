"""Settings of the ledger node."""

from pathlib import Path

from madang.core.evidence.finality.model import Engine
from madang.infra.settings import CommonSettings

_ENGINE = "engine/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"


class Settings(CommonSettings):
    """What the ledger node needs beyond what every service has.

    Attributes:
        rpc_urls: JSON-RPC addresses of nodes of one chain, as a JSON array, in the order in which
            they are tried; the embedded engine is started when there are none.
        rpc_timeout_seconds: longest wait for a whole answer of a node.
        rpc_max_bytes: longest answer of a node accepted.
        final_depth: after how many further blocks one is final, 0 where the engine never takes a
            block back; empty where the engine tells it by the tag `finalized`. It goes into the
            record of the deployment, which counts from then on. The embedded engine has 0.
        chain_engine: what makes the blocks of the chain at `rpc_urls`, and their finality.
        comet_url: CometBFT address of one of the nodes, where that is its engine.
        engine: program of the embedded engine.
        chain_port: loopback port of the embedded engine.
        chain_id: id of the chain, which transactions are signed for.
        checkpoint_seconds: least time between two checkpoints of a log.
        checkpoint_entries: most entries that one checkpoint takes in.
        append_entries: most entries in one call.
        cache_seconds: least time between two writes of the embedded engine's file.
        receipt_seconds: longest wait for a block.
        witnesses: identifiers of the witnesses; each has a key in `trust/witnesses`, and is not
            asked for the log of its own municipality.
        witness_quorum: how many of them make a head final.
        witness_seconds: longest wait for a witness.
        witness_patience_seconds: longest wait for witnesses before the first head is signed.
        rotation_delay_seconds: time lock of the contracts, 1 to 90 days.
        snapshot_seconds: time between two looks whether the accreditations have changed; others
            may keep a snapshot for so long.
        snapshot_renew_seconds: after so long unchanged accreditations are signed again, with a
            newer block.
        snapshot_idle_seconds: a chain that has made no block for so long is made to make one.
        audit_upload_bytes: longest database export that an auditor's page takes in.
        utc_offset_hours: of the clock by which auditors read and type times.
    """

    rpc_urls: tuple[str, ...] = ()
    rpc_timeout_seconds: float = 10.0
    rpc_max_bytes: int = 32_000_000
    final_depth: int | None = None
    chain_engine: Engine = Engine.DEVELOPMENT
    comet_url: str = ""
    engine: Path = Path(__file__).parent / _ENGINE
    chain_port: int = 8406
    chain_id: int = 8283
    checkpoint_seconds: float = 1.0
    checkpoint_entries: int = 10_000
    append_entries: int = 1_000
    cache_seconds: float = 30.0
    receipt_seconds: float = 30.0
    witnesses: tuple[str, ...] = ()
    witness_quorum: int = 0
    witness_seconds: float = 5.0
    witness_patience_seconds: float = 3.0
    rotation_delay_seconds: int = 7 * 86_400
    snapshot_seconds: int = 5
    snapshot_renew_seconds: int = 300
    snapshot_idle_seconds: int = 3_600
    audit_upload_bytes: int = 64_000_000
    utc_offset_hours: int = 9
