"""Proof key for code exchange, S256 alone (RFC 7636)."""

import hashlib
import hmac
import re

from madang.core.encoding import base64url

VERIFIER_BYTES = 32
"""Chance in a verifier that we make; 43 characters of base64url (section 4.1)."""
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (section 4.2)."""
    return base64url.encode(hashlib.sha256(verifier.encode("ascii")).digest())


def is_challenge(text: str) -> bool:
    """Tell whether this can be an S256 challenge: base64url of 32 bytes."""
    return _CHALLENGE.fullmatch(text) is not None


def fits(verifier: str, challenge: str) -> bool:
    """Tell whether a verifier is well formed and the challenge is its own (section 4.6)."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
