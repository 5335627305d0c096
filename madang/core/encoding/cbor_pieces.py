"""Pieces of encoded CBOR (RFC 8949 section 3), for what is written often or kept as received."""

from functools import lru_cache
from typing import Final

from madang.core.encoding import cbor

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP = 0, 1, 2, 3, 4, 5
"""Major types (RFC 8949 section 3.1)."""
HEADS_KEPT: Final = 4096
"""How many heads are remembered: the same few begin most items."""
_ENCODED_TAG: Final = b"\xd8\x18"
_IN_HEAD: Final = 24
_LONGEST_HEAD: Final = len(_ENCODED_TAG) + 9


@lru_cache(maxsize=HEADS_KEPT)
def head(major: int, argument: int) -> bytes:
    """Return the shortest head of a data item (RFC 8949 section 3)."""
    if argument < _IN_HEAD:
        return bytes((major << 5 | argument,))
    size = (argument.bit_length() + 7) // 8
    power = (size - 1).bit_length()
    return bytes((major << 5 | _IN_HEAD + power,)) + argument.to_bytes(1 << power, "big")


_SHORT: Final = 512
_BEGUN: Final = tuple(_ENCODED_TAG + head(BYTES, size) for size in range(_SHORT))
"""How encoded CBOR of each of the usual sizes begins."""


def text(value: str) -> bytes:
    """Return an encoded text."""
    data = value.encode()
    return head(TEXT, len(data)) + data


def octets(data: bytes) -> bytes:
    """Return encoded bytes."""
    return head(BYTES, len(data)) + data


def wrapped(data: bytes) -> bytes:
    """Return encoded CBOR as a data item of its own: tag 24 over its bytes."""
    size = len(data)
    begun = _BEGUN[size] if size < _SHORT else _ENCODED_TAG + head(BYTES, size)
    return begun + data


def unwrapped_bytes(data: bytes) -> bytes | None:
    """Return the bytes inside encoded tag 24 over bytes; None if `data` is not exactly that."""
    at = len(_ENCODED_TAG)
    if data[:at] != _ENCODED_TAG or len(data) == at or data[at] >> 5 != BYTES:
        return None
    size = data[at] & 0x1F
    start = at + 1
    if size >= _IN_HEAD:
        start += 1 << size - _IN_HEAD
        if start > _LONGEST_HEAD:
            return None
        size = int.from_bytes(data[at + 1 : start], "big")
    return data[start:] if len(data) - start == size else None


def unwrapped(value: cbor.Cbor) -> bytes | None:
    """Return the bytes inside tag 24, None if `value` is something else."""
    if isinstance(value, cbor.Tag) and value.tag == cbor.ENCODED and type(value.value) is bytes:
        return value.value
    return None
