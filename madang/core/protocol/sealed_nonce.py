"""Nonces for one use that their maker recognises without having kept them.

A nonce is its end (8 bytes, epoch seconds), 16 bytes of chance, and 16 of HMAC-SHA-256 over both
and its purpose. Nothing is written when one is handed out; used ones are kept until their end.
"""

import hashlib
import hmac
from typing import Final

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError

CHANCE_BYTES: Final = 16
_END_BYTES: Final = 8
_SEAL_BYTES: Final = 16
_SAID_BYTES: Final = _END_BYTES + CHANCE_BYTES
_CHARS: Final = (_SAID_BYTES + _SEAL_BYTES + 2) // 3 * 4
_LABEL: Final = b"madang sealed nonce\0"


def make(secret: bytes, purpose: str, chance: bytes, *, until: int) -> str:
    """Return a nonce.

    Args:
        secret: of the maker, shared by all its processes.
        purpose: what it is for and whose; nonces for another purpose are not recognised.
        chance: `CHANCE_BYTES` that nobody can guess.
        until: epoch seconds.
    """
    said = until.to_bytes(_END_BYTES) + chance
    return base64url.encode(said + _seal(secret, purpose, said))


def end_of(secret: bytes, purpose: str, nonce: str, *, now: int) -> int | None:
    """Return when a nonce is over, epoch seconds; None if it was not made so, or is over."""
    if len(nonce) > _CHARS:
        return None
    try:
        raw = base64url.decode(nonce)
    except EncodingError:
        return None
    said, seal = raw[:_SAID_BYTES], raw[_SAID_BYTES:]
    if not hmac.compare_digest(seal, _seal(secret, purpose, said)):
        return None
    until = int.from_bytes(said[:_END_BYTES])
    return until if now < until else None


def _seal(secret: bytes, purpose: str, said: bytes) -> bytes:
    parts = _LABEL + purpose.encode() + b"\0" + said
    return hmac.digest(secret, parts, hashlib.sha256)[:_SEAL_BYTES]
