"""base64url without padding (RFC 4648 section 5, RFC 7515 section 2)."""

from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence
from typing import Final

from madang.core.encoding.errors import EncodingError

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD: Final = bytes(
    code if code in _LETTERS else {0x2D: 0x2B, 0x5F: 0x2F}.get(code, 0x21) for code in range(256)
)
"""From base64url to base64; what has no place in base64url becomes "!", which no decoder takes."""
_STANDARD_LINES: Final = _STANDARD[:0x0A] + b"\n" + _STANDARD[0x0B:]
_PADDING: Final = (b"", b"===", b"==", b"=")
_LAST: Final = {2: b"AQgw", 3: b"AEIMQUYcgkosw048"}
"""Last characters of a group of two or three that leave no bit over."""


def encode(data: bytes) -> str:
    """Return `data` as base64url text without padding."""
    return _url_safe(b2a_base64(data, newline=False)).decode("ascii")


def encode_all(items: Iterable[bytes]) -> list[str]:
    """Return each of `items` as `encode` does; much faster than one by one."""
    return encode_lines(items).decode("ascii").split("\n")[:-1]


def encode_lines(items: Iterable[bytes]) -> bytes:
    """Return each of `items` as `encode` does, in ASCII, each followed by a newline."""
    return _url_safe(b"".join(map(b2a_base64, items)))


def _url_safe(standard: bytes) -> bytes:
    return standard.replace(b"+", b"-").replace(b"/", b"_").replace(b"=", b"")


def decode(text: str) -> bytes:
    """Return the bytes of base64url text.

    Raises:
        EncodingError: other characters, padding, an impossible length, or spare bits that are
            not zero: one value has one text.
    """
    size = len(text) % 4
    try:
        standard = text.encode("ascii").translate(_STANDARD)
        data = a2b_base64(standard + _PADDING[size], strict_mode=True)
    except (Error, UnicodeEncodeError) as error:
        raise EncodingError(f"base64url text of {len(text)} characters has no value") from error
    if size and standard[-1] not in _LAST[size]:
        raise EncodingError("base64url text has bits left over")
    return data


def decode_all(texts: Sequence[str]) -> list[bytes]:
    """Return the bytes of each of `texts`, as `decode` does; faster than one by one.

    Raises:
        EncodingError: any of them is no base64url text.
    """
    if not texts:
        return []
    try:
        lines = "\n".join(texts).encode("ascii").translate(_STANDARD_LINES).split(b"\n")
        if len(lines) != len(texts):
            raise EncodingError("base64url text holds the end of a line")
        found = [a2b_base64(line + _PADDING[len(line) % 4], strict_mode=True) for line in lines]
    except (Error, UnicodeEncodeError) as error:
        raise EncodingError(f"one of {len(texts)} base64url texts has no value") from error
    for line in lines:
        size = len(line) % 4
        if size and line[-1] not in _LAST[size]:
            raise EncodingError("base64url text has bits left over")
    return found
