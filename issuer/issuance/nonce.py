"""Nonces: handed to anybody, good once and for a short time (OpenID4VCI 1.0 section 7)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from issuer.issuance.model import invalid_nonce
from issuer.offers.model import hash_of
from issuer.work import Work
from madang.core.protocol import sealed_nonce


class UsedNonces(Protocol):
    """Remembers nonces by their hashes until they are over anyway."""

    def use(self, nonce_hash: bytes, *, until: int) -> bool:
        """Note one; False if it was noted before."""
        ...


@dataclass(frozen=True, slots=True)
class Nonces:
    """Makes nonces and uses them up.

    Attributes:
        secret: of a municipality as an issuer.
        seconds: how long one is good.
    """

    secret: Callable[[str], bytes]
    seconds: int

    def new(self, tenant: str, issuer: str, chance: bytes, *, now: int) -> str:
        """Return a fresh one; nothing is written."""
        until = now + self.seconds
        return sealed_nonce.make(self.secret(tenant), _purpose(issuer), chance, until=until)

    def consume(self, work: Work, used: UsedNonces, nonce: str) -> None:
        """Use a nonce up; CredentialError("invalid_nonce") if it is not good."""
        secret, purpose = self.secret(work.tenant), _purpose(work.issuer)
        until = sealed_nonce.end_of(secret, purpose, nonce, now=work.now)
        if until is None or not used.use(hash_of(nonce), until=until):
            raise invalid_nonce()


def _purpose(issuer: str) -> str:
    return f"c_nonce {issuer}"
