"""Nonces that cost nothing to hand out: the provider's seal over their end; used ones are kept.

A nonce is base64url of 8 bytes (its end, epoch seconds), 16 of chance, and 16 of HMAC-SHA-256 over
both and the municipality.
"""

import hashlib
import hmac
from typing import Final, Protocol

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.infra.ids import Ids
from wallet_api.provider.model import invalid_nonce

SECRET_BYTES: Final = 32
_END_BYTES, _CHANCE_BYTES, _SEAL_BYTES = 8, 16, 16
_SAID_BYTES: Final = _END_BYTES + _CHANCE_BYTES


class UsedNonces(Protocol):
    """Remembers nonces until they are over anyway."""

    def use(self, nonce_hash: bytes, *, until: int) -> bool:
        """Note one; False if it was noted before."""
        ...


def new_nonce(secret: bytes, tenant: str, ids: Ids, *, until: int) -> str:
    """Return a nonce that is good until then."""
    said = until.to_bytes(_END_BYTES) + ids.bytes(_CHANCE_BYTES)
    return base64url.encode(said + _seal(secret, tenant, said))


def use_nonce(secret: bytes, tenant: str, nonce: str, used: UsedNonces, *, now: int) -> None:
    """Use a nonce up; ProviderRefused("invalid_nonce") if it is not good."""
    try:
        raw = base64url.decode(nonce)
    except EncodingError:
        raise invalid_nonce() from None
    said, seal = raw[:_SAID_BYTES], raw[_SAID_BYTES:]
    until = int.from_bytes(said[:_END_BYTES])
    if not hmac.compare_digest(seal, _seal(secret, tenant, said)) or now >= until:
        raise invalid_nonce()
    if not used.use(hashlib.sha256(raw).digest(), until=until):
        raise invalid_nonce()


def _seal(secret: bytes, tenant: str, said: bytes) -> bytes:
    return hmac.digest(secret, tenant.encode() + b"\0" + said, "sha256")[:_SEAL_BYTES]
