"""Nonces and challenges that a server recognises without having kept them.

A nonce is the second in which it was made and an HMAC over purpose and second. It is good for
every client and for several uses until it is too old; what carries it has an id of its own against
replay.
"""

import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError

SECRET_BYTES = 32
_TIME_BYTES, _TAG_BYTES = 6, 16
_MAX_CHARS = 64
_KEPT = 256


@dataclass(frozen=True, slots=True)
class ServerNonces:
    """Makes and recognises nonces.

    Attributes:
        secret: of the server, shared by all its processes.
        purpose: what they are for and whose; those for another purpose are not recognised.
        seconds: how long one is good.
    """

    secret: bytes
    purpose: str
    seconds: int

    def make(self, now: int) -> str:
        """Return the nonce of this second."""
        return _made(self, now)

    def good(self, nonce: str, now: int) -> bool:
        """Tell whether a nonce was made with this secret, for this purpose, and not long ago."""
        if len(nonce) > _MAX_CHARS:
            return False
        try:
            raw = base64url.decode(nonce)
        except EncodingError:
            return False
        at, tag = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
        age = now - int.from_bytes(at)
        return hmac.compare_digest(tag, self._tag(at)) and 0 <= age < self.seconds

    def _tag(self, at: bytes) -> bytes:
        parts = b"madang server nonce\0" + self.purpose.encode() + b"\0" + at
        return hmac.digest(self.secret, parts, hashlib.sha256)[:_TAG_BYTES]


@lru_cache(_KEPT)
def _made(nonces: ServerNonces, now: int) -> str:
    at = now.to_bytes(_TIME_BYTES)
    return base64url.encode(at + nonces._tag(at))  # noqa: SLF001 - its own
