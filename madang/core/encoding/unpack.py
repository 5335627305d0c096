"""Unpack compressed data (RFC 1950, RFC 1952) within bounds."""

import zlib
from typing import Final

ZLIB: Final = 15
GZIP: Final = 31
"""Window bits of the two containers (RFC 1950, RFC 1952)."""


class UnpackError(ValueError):
    """Data are not what a packer writes.

    Attributes:
        too_large: whether all that is wrong is their size.
    """

    def __init__(self, detail: str, *, too_large: bool = False) -> None:
        super().__init__(detail)
        self.too_large = too_large


def unpack(packed: bytes, container: int, max_bytes: int) -> bytes:
    """Return the data; never more than `max_bytes` are unpacked.

    Raises:
        UnpackError: other data, cut short, with bytes behind their end, or too large.
    """
    unpacker = zlib.decompressobj(container)
    try:
        unpacked = unpacker.decompress(packed, max_bytes + 1)
    except zlib.error as error:
        raise UnpackError("it does not unpack") from error
    if len(unpacked) > max_bytes:
        raise UnpackError(f"more than {max_bytes} bytes when unpacked", too_large=True)
    if not unpacker.eof or unpacker.unused_data:
        raise UnpackError("it is cut short or has bytes behind its end")
    return unpacked
