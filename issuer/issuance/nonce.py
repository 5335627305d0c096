"""Nonces: handed to anybody, good once and for a short time (OpenID4VCI 1.0 section 7)."""

from typing import Protocol

from issuer.issuance.model import invalid_nonce
from issuer.offers.model import hash_of
from issuer.work import Work

NONCE_BYTES = 32


class Nonces(Protocol):
    """Keeps nonces by their hashes."""

    def add(self, tenant: str, nonce_hash: bytes, *, until: int) -> None:
        """Keep a new one."""
        ...

    def take(self, tenant: str, nonce_hash: bytes, *, now: int) -> bool:
        """Delete one; False if it was not there or is over."""
        ...


def new_nonce(work: Work, nonces: Nonces, seconds: int) -> str:
    """Return a nonce that is good for so many seconds."""
    nonce = work.ids.token(NONCE_BYTES)
    nonces.add(work.tenant, hash_of(nonce), until=work.now + seconds)
    return nonce


def consume(work: Work, nonces: Nonces, nonce: str) -> None:
    """Use a nonce up; CredentialError("invalid_nonce") if it is not good."""
    if not nonces.take(work.tenant, hash_of(nonce), now=work.now):
        raise invalid_nonce()
