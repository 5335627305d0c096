"""Token Status List: the list itself and references to it (draft-ietf-oauth-status-list, 4 and 6).

The signed tokens around it are in `token_jwt` and `token_cwt`.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.unpack import ZLIB, UnpackError, unpack
from madang.core.status.errors import StatusError

VALID: Final = 0x00
INVALID: Final = 0x01
SUSPENDED: Final = 0x02
APPLICATION_SPECIFIC: Final = frozenset({0x03, 0x0C, 0x0D, 0x0E, 0x0F})
"""Values that mean what an application says; all others are reserved (section 7.1)."""
WIDTHS: Final = (1, 2, 4, 8)
STATUS_CLAIM: Final = 65535
"""Key of the claim `status` in a CWT (section 6.3.1)."""
MAX_BYTES = 16_000_000
_LEVEL, _MEMORY = 9, 9


@dataclass(frozen=True, slots=True)
class PackedList:
    """A compressed list as it stands in a token (sections 4.2 and 4.3).

    Attributes:
        bits: 1, 2, 4 or 8 for each status.
        lst: the compressed bytes.
        aggregation_uri: where the addresses of all lists are, or None.
    """

    bits: int
    lst: bytes
    aggregation_uri: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object (section 4.2)."""
        return self._members(base64url.encode(self.lst))

    def to_cbor(self) -> dict[str, Any]:
        """Return the CBOR map (section 4.3)."""
        return self._members(self.lst)

    def _members(self, lst: object) -> dict[str, Any]:
        aggregation = {"aggregation_uri": self.aggregation_uri} if self.aggregation_uri else {}
        return {"bits": self.bits, "lst": lst, **aggregation}

    @classmethod
    def from_json(cls, value: object) -> "PackedList":
        """Read the JSON object; StatusError("status_list_malformed")."""
        if not isinstance(value, dict) or not isinstance(value.get("lst"), str):
            raise malformed("an object with bits and lst was expected")
        try:
            return cls._checked(value, base64url.decode(value["lst"]))
        except EncodingError as error:
            raise malformed(f"lst: {error}") from error

    @classmethod
    def from_cbor(cls, value: object) -> "PackedList":
        """Read the CBOR map; StatusError("status_list_malformed")."""
        if not isinstance(value, dict) or not isinstance(value.get("lst"), bytes):
            raise malformed("a map with bits and lst was expected")
        return cls._checked(value, value["lst"])

    @classmethod
    def _checked(cls, value: Mapping[str, Any], lst: bytes) -> "PackedList":
        bits, aggregation_uri = value.get("bits"), value.get("aggregation_uri")
        if not isinstance(aggregation_uri, str | None):
            raise malformed("aggregation_uri is not text")
        return cls(_width(bits), lst, aggregation_uri)

    def unpack(self, *, max_bytes: int = MAX_BYTES) -> "StatusList":
        """Return the list; at most `max_bytes` are unpacked.

        Raises:
            StatusError: status_list_malformed or status_list_too_large.
        """
        try:
            return StatusList(self.bits, bytearray(unpack(self.lst, ZLIB, max_bytes)))
        except UnpackError as error:
            code = "status_list_too_large" if error.too_large else "status_list_malformed"
            raise StatusError(code, f"lst: {error}") from error


class StatusList:
    """Statuses of tokens by index, packed from the least significant bit (section 4.1).

    Args:
        bits: 1, 2, 4 or 8 for each status.
        values: the packed bytes; they are kept and changed, not copied.
    """

    def __init__(self, bits: int, values: bytearray) -> None:
        self.bits = _width(bits)
        self.values = values

    @classmethod
    def of_size(cls, size: int, bits: int = 2) -> "StatusList":
        """Return a list with room for `size` statuses, all valid."""
        return cls(bits, bytearray((size * bits + 7) // 8))

    def __len__(self) -> int:
        return len(self.values) * 8 // self.bits

    def get(self, index: int) -> int:
        """Return the status at `index`; StatusError("status_index_out_of_range") if none."""
        byte, shift = self._place(index)
        return self.values[byte] >> shift & (1 << self.bits) - 1

    def set(self, index: int, value: int) -> None:
        """Change the status at `index`; StatusError for an index or a value without room."""
        byte, shift = self._place(index)
        mask = (1 << self.bits) - 1
        if not 0 <= value <= mask:
            raise StatusError("status_value", f"status {value} does not fit into {self.bits} bits")
        self.values[byte] = self.values[byte] & ~(mask << shift) | value << shift

    def in_one_bit(self) -> "StatusList":
        """Return the list with one bit for each status: 0 for valid, 1 for all else.

        What readers of mdocs expect (ISO/IEC 18013-5 12.3.6.5).
        """
        told = bytes(self.values).translate(_told_bits(self.bits))
        # `bits` bytes with statuses become one: the k-th gives the k-th part of it.
        parts = enumerate(range(0, 8, 8 // self.bits))
        whole = sum(int.from_bytes(told[k :: self.bits], "little") << shift for k, shift in parts)
        size = -(-len(self.values) // self.bits)
        return StatusList(1, bytearray(whole.to_bytes(size, "little")))

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise StatusError("status_index_out_of_range", f"the list ends before index {index}")
        byte, offset = divmod(index * self.bits, 8)
        return byte, offset

    def pack(self, aggregation_uri: str | None = None) -> PackedList:
        """Return the list compressed (section 4.1, step 4).

        Changes at random places repeat nothing that a longer search could find: run lengths and
        Huffman codes alone come as close, in a hundredth of the time.
        """
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, ZLIB, _MEMORY, zlib.Z_RLE)
        lst = packer.compress(self.values) + packer.flush()
        return PackedList(self.bits, lst, aggregation_uri)


@cache
def _told_bits(bits: int) -> bytes:
    """Return for each byte with statuses one whose lowest bits tell which are not valid."""
    mask, shifts = (1 << bits) - 1, range(0, 8, bits)
    told = (sum((byte >> s & mask > 0) << k for k, s in enumerate(shifts)) for byte in range(256))
    return bytes(told)


def reference(claims: Mapping[Any, Any]) -> tuple[str, int] | None:
    """Return (uri, index) of a token's `status.status_list`, None if it has none (section 6).

    Args:
        claims: of a JWT, or the Mobile Security Object of an mdoc (sections 6.2 and 6.3.2).

    Raises:
        StatusError: status_reference_malformed, for a `status` that names no list and index.
    """
    return _reference(claims.get("status"))


def cwt_reference(claims: Mapping[Any, Any]) -> tuple[str, int] | None:
    """Return the same of the claims of a CWT (section 6.3.1)."""
    return _reference(claims.get(STATUS_CLAIM))


def _reference(status: object) -> tuple[str, int] | None:
    if status is None:
        return None
    entry = status.get("status_list") if isinstance(status, dict) else None
    if isinstance(entry, dict):
        uri, index = entry.get("uri"), entry.get("idx")
        if isinstance(uri, str) and isinstance(index, int) and not isinstance(index, bool):
            return uri, index
    raise StatusError("status_reference_malformed", "status has no status_list with uri and idx")


def malformed(detail: str) -> StatusError:
    """Return the error of a list or a token that cannot be read."""
    return StatusError("status_list_malformed", detail)


def _width(bits: object) -> int:
    if isinstance(bits, bool) or not isinstance(bits, int) or bits not in WIDTHS:
        raise malformed(f"bits {bits!r}, expected 1, 2, 4 or 8")
    return bits
