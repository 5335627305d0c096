"""A validator's settings, in the engine's own files; what is not named keeps its default.

Only peers that are named are taken: no exchange of addresses, no place for a peer that is not on
the list of unconditional ones, and each proves its id by its key (CometBFT 0.38, `p2p`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger_node.network.genesis import DENOMINATION
from ledger_node.network.member import Member
from madang.infra.files import write_whole

EVM_CHAIN_ID: Final = 262_144
"""Part of every transaction's signature; a constant in this engine."""
PORTS: Final = 4
_KEPT_STATES: Final = 20_000
_LOOPBACK: Final = "127.0.0.1"
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - only pinned peers get beyond the handshake there


@dataclass(frozen=True, slots=True)
class Ports:
    """Where one validator listens.

    Attributes:
        json_rpc: Ethereum JSON-RPC.
        comet: CometBFT's RPC: blocks, commits, validators.
        peer: the other validators.
        socket: JSON-RPC over WebSocket, which the engine opens with the other.
    """

    json_rpc: int
    comet: int
    peer: int
    socket: int

    @classmethod
    def at(cls, base: int) -> "Ports":
        """Return consecutive ports from `base` on."""
        return cls(*range(base, base + PORTS))


def write_configuration(
    home: Path, chain: str, own: Member, others: Sequence[Member], ports: Ports
) -> None:
    """Write `config.toml`, `app.toml` and `client.toml` of one validator.

    Args:
        home: its folder.
        chain: CometBFT's name of the chain.
        own: the validator itself.
        others: all the others.
        ports: where it listens; on this machine alone, its peer address apart.
    """
    files = {
        "config.toml": _comet(own, others, ports),
        "app.toml": _application(ports),
        "client.toml": _client(chain, ports),
    }
    for name, content in files.items():
        write_whole(home / "config" / name, content.encode())


def _comet(own: Member, others: Sequence[Member], ports: Ports) -> str:
    ids = ",".join(member.node for member in others)
    # With validators on other machines the peer port alone is open to them.
    listen = _LOOPBACK if own.peer.startswith(f"{_LOOPBACK}:") else _EVERYWHERE
    lines = [
        *(f'moniker = "{own.name}"', 'log_level = "error"'),
        *("[rpc]", f'laddr = "tcp://127.0.0.1:{ports.comet}"', 'pprof_laddr = ""'),
        *("[p2p]", f'laddr = "tcp://{listen}:{ports.peer}"'),
        f'persistent_peers = "{",".join(f"{member.node}@{member.peer}" for member in others)}"',
        # A place for each of the others, and for nobody else.
        *(f'unconditional_peer_ids = "{ids}"', "max_num_inbound_peers = 0"),
        *("max_num_outbound_peers = 0", f'private_peer_ids = "{ids}"', "pex = false"),
        *("addr_book_strict = false", "allow_duplicate_ip = true"),
        # A dead peer is tried again at once and for ever, not at growing distances.
        *('persistent_peers_max_dial_period = "1s"', 'handshake_timeout = "5s"'),
        *("[consensus]", 'timeout_commit = "1s"', 'timeout_propose = "1s"'),
        *('timeout_prevote = "500ms"', 'timeout_precommit = "500ms"'),
    ]
    return "\n".join(lines) + "\n"


def _application(ports: Ports) -> str:
    lines = [
        f'minimum-gas-prices = "0{DENOMINATION}"',
        # Proofs of storage are served for the states of the last hours.
        *('pruning = "custom"', f'pruning-keep-recent = "{_KEPT_STATES}"'),
        'pruning-interval = "100"',
        *("[evm]", f"evm-chain-id = {EVM_CHAIN_ID}"),
        *("[json-rpc]", "enable = true", 'api = "eth,net,web3,txpool"'),
        f'address = "127.0.0.1:{ports.json_rpc}"',
        f'ws-address = "127.0.0.1:{ports.socket}"',
        *("allow-insecure-unlock = false", "block-range-cap = 100000000"),
        *("[grpc]", "enable = false", "[grpc-web]", "enable = false", "[api]", "enable = false"),
    ]
    return "\n".join(lines) + "\n"


def _client(chain: str, ports: Ports) -> str:
    lines = [
        *(f'chain-id = "{chain}"', 'keyring-backend = "test"'),
        *('output = "json"', f'node = "tcp://127.0.0.1:{ports.comet}"'),
    ]
    return "\n".join(lines) + "\n"
