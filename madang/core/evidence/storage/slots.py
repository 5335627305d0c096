"""Where the contract AnchorLog keeps the head of a log, and what it keeps there."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.primitives import Primitives

WORD: Final = 32
ADDRESS: Final = 20
HEADS_SLOT: Final = 1
"""Slot of `_heads` in the contract's storage layout; a test holds it against the artifact."""
_SIZE_SHIFT, _TIME_SHIFT = 160, 224
_OWNER_MASK: Final = 2**160 - 1
_SIZE_MASK: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """A log's head on the chain.

    Attributes:
        address: of the contract, 20 bytes.
        log_id: 32 bytes, see `log_id`.
    """

    address: bytes
    log_id: bytes

    def slots(self, primitives: Primitives) -> tuple[bytes, bytes]:
        """Return the storage keys of root and packed word: keccak256(slot || id), and the next."""
        base = int.from_bytes(primitives.keccak(HEADS_SLOT.to_bytes(WORD) + self.log_id))
        return base.to_bytes(WORD), ((base + 1) % 2 ** (8 * WORD)).to_bytes(WORD)


@dataclass(frozen=True, slots=True)
class LogState:
    """What the contract holds of a log.

    Attributes:
        root: Merkle tree hash, 32 bytes.
        size: number of entries that the owner claims.
        time: epoch seconds of the block that took the head.
        owner: address that may append now, 20 bytes.
        code_hash: keccak256 of the contract's code, 32 bytes.
    """

    root: bytes
    size: int
    time: int
    owner: bytes
    code_hash: bytes


def log_id(opener: bytes, origin: str, primitives: Primitives) -> bytes:
    """Return the id that `open` gives to the log of an origin: keccak256(abi(opener, label))."""
    label = sha256(origin.encode()).digest()
    return primitives.keccak(opener.rjust(WORD, b"\0") + label)


def unpack(root: bytes, packed: bytes, code_hash: bytes) -> LogState:
    """Return the state from the two words, without their leading zeros or with them.

    Raises:
        EvidenceError: "state", when a value is longer than a word or a hash shorter than one.
    """
    if len(root) > WORD or len(packed) > WORD or len(code_hash) != WORD:
        raise EvidenceError("state", "a value of the contract's storage is no word of 32 bytes")
    word = int.from_bytes(packed)
    return LogState(
        root=root.rjust(WORD, b"\0"),
        size=word >> _SIZE_SHIFT & _SIZE_MASK,
        time=word >> _TIME_SHIFT,
        owner=(word & _OWNER_MASK).to_bytes(ADDRESS),
        code_hash=code_hash,
    )
