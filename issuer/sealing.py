"""What is kept so that only who has a secret can read it again: under the secret, for a purpose."""

import hmac
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from madang.core.encoding import strict_json

NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


def seal(texts: Mapping[str, str], secret: str, name: bytes, nonce: bytes, purpose: bytes) -> bytes:
    """Encrypt texts (AES-256-GCM).

    Args:
        texts: what is kept.
        secret: of at least 128 bits of chance, known to nobody here afterwards.
        name: under which it is kept; goes into the seal.
        nonce: `NONCE_BYTES` of chance.
        purpose: what it is kept for.
    """
    plain = strict_json.dumps(dict(texts)).encode()
    return nonce + AESGCM(_derived(secret, purpose)).encrypt(nonce, plain, name)


def unseal(sealed: bytes, secret: str, name: bytes, purpose: bytes) -> dict[str, str]:
    """Decrypt texts; arguments as of `seal`."""
    nonce, box = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    plain = AESGCM(_derived(secret, purpose)).decrypt(nonce, box, name)
    opened: dict[str, str] = strict_json.loads(plain, max_bytes=len(plain))
    return opened


def _derived(secret: str, purpose: bytes) -> bytes:
    """Return the key by HKDF with SHA-256 (RFC 5869), whose first block is long enough."""
    extracted = hmac.digest(bytes(_KEY_BYTES), secret.encode(), "sha256")
    return hmac.digest(extracted, purpose + b"\x01", "sha256")
