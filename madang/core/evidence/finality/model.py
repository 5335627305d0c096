"""A head of a chain, and what there is to say of it, whatever the engine."""

from dataclasses import dataclass
from enum import StrEnum

from madang.core.evidence.receipt import Failure


class Engine(StrEnum):
    """What makes the blocks of a chain, and by whose word they are final."""

    COMETBFT = "cometbft"
    QBFT = "qbft"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class Validator:
    """One that decides on blocks, as known from elsewhere.

    Attributes:
        key: Ed25519 key of 32 bytes for CometBFT, address of 20 bytes for QBFT.
        power: its vote's weight; 1 for QBFT.
    """

    key: bytes
    power: int = 1


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain that is trusted.

    Attributes:
        engine: of this chain and no other.
        chain_id: EIP-155 chain id.
        genesis_hash: hash of its first block, 32 bytes.
        network: CometBFT's chain id, which every vote names; empty for the other engines.
        validators: all of them; none on a development chain.
    """

    engine: Engine
    chain_id: int
    genesis_hash: bytes
    network: str = ""
    validators: tuple[Validator, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a head.

    Attributes:
        failures: why it is not to be believed, in the order of the steps.
        state_root: root of the state that it stands for, empty when it cannot be read.
        block: number of the block behind whose transactions that state is.
        time: of the header, epoch seconds.
        final: whether validators made it so; a development chain has none.
    """

    failures: tuple[Failure, ...]
    state_root: bytes = b""
    block: int = 0
    time: int = 0
    final: bool = False
