"""Clock and chance of the device."""

import secrets
import time
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec

from madang.core.encoding import base64url
from madang.core.keys.jwk import PublicKey


def now() -> int:
    """Return whole seconds since the epoch."""
    return int(time.time())  # noqa: TID251 - the wallet's own clock is read here


def token(size: int = 16) -> str:
    """Return base64url text of `size` bytes that nobody can guess."""
    return base64url.encode(secrets.token_bytes(size))


def encryption_key() -> dict[str, str]:
    """Return a private JWK on P-256 for one message to the wallet; its `kid` says nothing."""
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    public = PublicKey.from_native(key.public_key()).to_jwk()
    return {**public, "kid": "answer", "d": base64url.encode(secret)}


def public_of(private_jwk: Mapping[str, str]) -> dict[str, str]:
    """Return the public part of a private JWK."""
    return {name: value for name, value in private_jwk.items() if name != "d"}
