"""Block headers of Ethereum, as RLP."""

from dataclasses import dataclass
from typing import Final

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.storage.rlp import Rlp, decode_list
from madang.core.evidence.storage.slots import WORD

MAX_HEADER_BYTES: Final = 16 * 1024
LEAST_FIELDS, MOST_FIELDS = 15, 32
"""The fields of the first headers, and room for what later rules add behind."""
STATE_ROOT, NUMBER, TIMESTAMP, EXTRA_DATA, MIX_HASH = 3, 8, 11, 12, 13
_UINT64_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """A header.

    Attributes:
        items: all of its fields.
        state_root: 32 bytes.
        number: of the block.
        time: epoch seconds.
    """

    items: tuple[bytes, ...]
    state_root: bytes
    number: int
    time: int


def parse_header(data: bytes) -> BlockHeader:
    """Read an encoded header.

    Raises:
        EvidenceError: "header" or "rlp", when it has another form.
    """
    items = [each for each in decode_list(data) if isinstance(each, bytes)]
    if len(decode_list(data)) != len(items) or not LEAST_FIELDS <= len(items) <= MOST_FIELDS:
        raise _bad(f"a list of {LEAST_FIELDS} to {MOST_FIELDS} texts was expected")
    if len(items[STATE_ROOT]) != WORD:
        raise _bad("its state root has not 32 bytes")
    number, time = _number(items[NUMBER]), _number(items[TIMESTAMP])
    return BlockHeader(tuple(items), items[STATE_ROOT], number, time)


def _number(raw: Rlp) -> int:
    if not isinstance(raw, bytes) or len(raw) > _UINT64_BYTES or raw[:1] == b"\0":
        raise _bad("a number is over 64 bits or not in its shortest form")
    return int.from_bytes(raw)


def _bad(message: str) -> EvidenceError:
    return EvidenceError("header", f"header of a block: {message}")
