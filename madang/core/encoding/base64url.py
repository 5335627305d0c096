"""base64url without padding (RFC 4648 section 5, RFC 7515 section 2)."""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from madang.core.encoding.errors import EncodingError

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def encode(data: bytes) -> str:
    """Return `data` as base64url text without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of base64url text.

    Raises:
        EncodingError: other characters, padding, an impossible length, or spare bits that are
            not zero: one value has one text.
    """
    if not _ALPHABET.fullmatch(text):
        raise EncodingError("base64url text holds a character outside A-Z a-z 0-9 - _")
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise EncodingError(f"base64url text of {len(text)} characters has no value") from error
    if encode(data) != text:
        raise EncodingError("base64url text has spare bits that are not zero")
    return data
