"""The bits of a Bitstring Status List (W3C Bitstring Status List v1.0, sections 3.3, 3.4, 7.1)."""

import zlib
from typing import Final

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.unpack import GZIP, UnpackError, unpack
from madang.core.status.errors import BitstringError

MALFORMED_VALUE: Final = "MALFORMED_VALUE_ERROR"
RANGE: Final = "RANGE_ERROR"
LENGTH: Final = "STATUS_LIST_LENGTH_ERROR"
MIN_ENTRIES: Final = 131_072
"""Fewer would not hide one among them (section 3.2, step 2)."""
MAX_BYTES = 16_000_000
MAX_SIZE: Final = 8
"""Most bits of one status here; the specification names no limit."""
_BASE64URL = "u"


class Bitstring:
    """Statuses by index, the first one leftmost (section 2.2, `encodedList`).

    Args:
        size: bits of each status, the specification's `statusSize`.
        values: the bytes; they are kept and changed, not copied.
    """

    def __init__(self, size: int, values: bytearray) -> None:
        if not 1 <= size <= MAX_SIZE:
            raise BitstringError(MALFORMED_VALUE, f"statusSize {size}, at most {MAX_SIZE}")
        self.size = size
        self.values = values

    @classmethod
    def of_entries(cls, entries: int = MIN_ENTRIES, size: int = 1) -> "Bitstring":
        """Return a list with room for `entries` statuses, all 0.

        Raises:
            BitstringError: STATUS_LIST_LENGTH_ERROR for fewer than 131,072.
        """
        if entries < MIN_ENTRIES:
            raise BitstringError(LENGTH, f"{entries} entries, at least {MIN_ENTRIES} hide one")
        return cls(size, bytearray((entries * size + 7) // 8))

    def __len__(self) -> int:
        return len(self.values) * 8 // self.size

    def get(self, index: int) -> int:
        """Return the status at `index`; BitstringError(RANGE_ERROR) if there is none."""
        first, last, shift = self._place(index)
        return int.from_bytes(self.values[first:last]) >> shift & (1 << self.size) - 1

    def set(self, index: int, value: int) -> None:
        """Change the status at `index`; BitstringError for an index or a value without room."""
        first, last, shift = self._place(index)
        mask = (1 << self.size) - 1
        if not 0 <= value <= mask:
            raise BitstringError(RANGE, f"status {value} does not fit into {self.size} bits")
        around = int.from_bytes(self.values[first:last]) & ~(mask << shift)
        self.values[first:last] = (around | value << shift).to_bytes(last - first)

    def _place(self, index: int) -> tuple[int, int, int]:
        """Return the bytes from and to that hold a status, and the bits to its right in them."""
        if not 0 <= index < len(self):
            raise BitstringError(RANGE, f"the list ends before index {index}")
        start = index * self.size
        first, last = start // 8, (start + self.size + 7) // 8
        return first, last, last * 8 - start - self.size

    def encode(self) -> str:
        """Return `encodedList`: multibase base64url of the gzip data; the same bits, one text."""
        packer = zlib.compressobj(9, zlib.DEFLATED, GZIP, 9, zlib.Z_RLE)
        return _BASE64URL + base64url.encode(packer.compress(self.values) + packer.flush())


def decode(encoded: object, size: int = 1, *, max_bytes: int = MAX_BYTES) -> Bitstring:
    """Read an `encodedList`; at most `max_bytes` are unpacked.

    Raises:
        BitstringError: MALFORMED_VALUE_ERROR.
    """
    if not isinstance(encoded, str) or not encoded.startswith(_BASE64URL):
        raise BitstringError(MALFORMED_VALUE, "encodedList is not multibase base64url")
    try:
        packed = base64url.decode(encoded[1:])
        return Bitstring(size, bytearray(unpack(packed, GZIP, max_bytes)))
    except (EncodingError, UnpackError) as error:
        raise BitstringError(MALFORMED_VALUE, f"encodedList: {error}") from error
