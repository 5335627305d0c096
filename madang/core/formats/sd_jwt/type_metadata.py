"""Integrity of SD-JWT VC Type Metadata documents (SD-JWT VC section 6.2.3, W3C SRI)."""

import base64
import binascii
import hashlib
import hmac
from typing import Final

_HASHES: Final = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


def integrity(document: bytes) -> str:
    """Return the value of `vct#integrity` for a document as it is served: "sha256-…"."""
    return "sha256-" + base64.b64encode(hashlib.sha256(document).digest()).decode("ascii")


def matches(document: bytes, expected: str) -> bool:
    """Tell whether a document is the one that `expected` was made for.

    Of several hashes the strongest decides (W3C Subresource Integrity section 3.3.4); a value
    without any known hash matches nothing.
    """
    by_strength: dict[str, list[str]] = {}
    for part in expected.split():
        name, _, value = part.partition("-")
        if name in _HASHES:
            by_strength.setdefault(name, []).append(value)
    if not by_strength:
        return False
    strongest = max(by_strength)
    digest = _HASHES[strongest](document).digest()
    return any(hmac.compare_digest(digest, _decoded(value)) for value in by_strength[strongest])


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""
