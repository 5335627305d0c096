"""base64url without padding (RFC 4648 section 5, RFC 7515 section 2)."""

from binascii import Error, a2b_base64, b2a_base64

from madang.core.encoding.errors import EncodingError

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def encode(data: bytes) -> str:
    """Return `data` as base64url text without padding."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes of base64url text.

    Raises:
        EncodingError: other characters, padding, an impossible length, or spare bits that are
            not zero: one value has one text.
    """
    try:
        standard = text.encode("ascii").translate(_STANDARD)
        data = a2b_base64(standard + b"=" * (-len(standard) % 4))
    except (Error, UnicodeEncodeError) as error:
        raise EncodingError(f"base64url text of {len(text)} characters has no value") from error
    # The decoder steps over foreign characters and spare bits; the text made anew does not.
    if encode(data) != text:
        raise EncodingError(
            "base64url text has other characters than A-Z a-z 0-9 - _, or bits left"
        )
    return data
