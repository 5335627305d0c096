"""Settings of the ledger node."""

from pathlib import Path

from madang.infra.settings import CommonSettings

_ENGINE = "engine/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"


class Settings(CommonSettings):
    """What the ledger node needs beyond what every service has.

    Attributes:
        rpc_url: JSON-RPC address of a chain; the embedded engine is started when it is empty.
        engine: program of the embedded engine.
        chain_port: loopback port of the embedded engine.
        chain_id: id of the embedded chain.
        checkpoint_seconds: least time between two checkpoints of a log.
        checkpoint_entries: most entries that one checkpoint takes in.
        append_entries: most entries in one call.
        cache_seconds: least time between two writes of the embedded engine's file.
        receipt_seconds: longest wait for a block.
        rotation_delay_seconds: time lock of the contract, 1 to 90 days.
    """

    rpc_url: str = ""
    engine: Path = Path(__file__).parent / _ENGINE
    chain_port: int = 8406
    chain_id: int = 8283
    checkpoint_seconds: float = 1.0
    checkpoint_entries: int = 10_000
    append_entries: int = 1_000
    cache_seconds: float = 30.0
    receipt_seconds: float = 30.0
    rotation_delay_seconds: int = 7 * 86_400
