"""Nonces that cost nothing to hand out: sealed by the provider; used ones are kept."""

import hashlib
from typing import Final, Protocol

from madang.core.protocol import sealed_nonce
from madang.infra.ids import Ids
from wallet_api.provider.model import invalid_nonce

SECRET_BYTES: Final = 32


class UsedNonces(Protocol):
    """Remembers nonces until they are over anyway."""

    def use(self, nonce_hash: bytes, *, until: int) -> bool:
        """Note one; False if it was noted before."""
        ...


def new_nonce(secret: bytes, tenant: str, ids: Ids, *, until: int) -> str:
    """Return a nonce that is good until then."""
    chance = ids.bytes(sealed_nonce.CHANCE_BYTES)
    return sealed_nonce.make(secret, _purpose(tenant), chance, until=until)


def use_nonce(secret: bytes, tenant: str, nonce: str, used: UsedNonces, *, now: int) -> None:
    """Use a nonce up; ProviderRefused("invalid_nonce") if it is not good."""
    until = sealed_nonce.end_of(secret, _purpose(tenant), nonce, now=now)
    if until is None or not used.use(hashlib.sha256(nonce.encode()).digest(), until=until):
        raise invalid_nonce()


def _purpose(tenant: str) -> str:
    return f"wallet provider {tenant}"
