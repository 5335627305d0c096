"""Coming back to the browser that asked: response codes (OpenID4VP 1.0 sections 8.2 and 13.3).

An answer given on the same device sends the browser back with a fresh code, and its result is given
for that code only: a link that was made for one browser and answered in another yields nothing.
"""

import hashlib
import hmac
from typing import Final
from urllib.parse import urlencode

RESPONSE_CODE: Final = "response_code"


class ResponseCodeError(ValueError):
    """A result is held for a response code, and none, another or a used one came."""


class OtherBrowserError(ValueError):
    """A page or an answer came to another browser than the one that opened the request."""


def hashed(code: str) -> bytes:
    """Return what is kept of a code or of a browser's token."""
    return hashlib.sha256(code.encode()).digest()


def fits(code: str | None, kept: bytes | None) -> bool:
    """Tell whether a code or token is the one of which a hash is kept."""
    return code is not None and kept is not None and hmac.compare_digest(hashed(code), kept)


def with_code(address: str, code: str) -> str:
    """Return where the browser goes."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode({RESPONSE_CODE: code})}"
