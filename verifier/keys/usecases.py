"""Making, checking and revoking keys."""

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from madang.infra.ids import Ids
from verifier.keys.model import ApiKey

PREFIX: Final = "madang_"
"""What every key begins with: it is told from a service token, and found where it leaked."""
_ID_BYTES: Final = 9


class ApiKeyError(ValueError):
    """A key is none of ours, or counts no more; told in the same way for every reason."""


class UnknownApiKeyError(LookupError):
    """The tenant has no such key."""


class KeyBook(Protocol):
    """Keys in one transaction."""

    def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    def by_hash(self, digest: bytes) -> ApiKey | None:
        """Return the key of this hash; None if there is none."""
        ...

    def all(self, tenant: str) -> tuple[ApiKey, ...]:
        """Return the keys of a tenant, the newest first."""
        ...

    def revoke(self, tenant: str, key: str, *, now: int) -> bool:
        """End a key; False if the tenant has none of this id that counts."""
        ...

    def note(self, tenant: str, code: str, *, now: int, reference: str, actor: str) -> None:
        """Write a line in the journal."""
        ...


@dataclass(frozen=True, slots=True)
class Keyring:
    """Makes keys."""

    ids: Ids

    def make(self, book: KeyBook, tenant: str, name: str, *, actor: str, now: int) -> str:
        """Return a new key, which is told this once."""
        secret = f"{PREFIX}{self.ids.token(32)}"
        key = ApiKey(self.ids.token(_ID_BYTES), tenant, name, digest(secret), now)
        book.add(key)
        book.note(tenant, "api_key.made", now=now, reference=key.id, actor=actor)
        return secret


def revoke(book: KeyBook, tenant: str, key: str, *, actor: str, now: int) -> None:
    """End a key; UnknownApiKeyError if the tenant has none of this id that counts."""
    if not book.revoke(tenant, key, now=now):
        raise UnknownApiKeyError(key)
    book.note(tenant, "api_key.revoked", now=now, reference=key, actor=actor)


def check(book: KeyBook, secret: str) -> ApiKey:
    """Return the key that a secret is; ApiKeyError if it counts for nothing."""
    found = book.by_hash(digest(secret))
    if found is None or found.revoked_at is not None:
        raise ApiKeyError
    return found


def digest(secret: str) -> bytes:
    """Return what is kept of a key: it has 256 bits of chance, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).digest()
