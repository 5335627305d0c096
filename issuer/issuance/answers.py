"""Answers kept for a repeated request, readable with the access token only.

A lost answer must not mean a second issue: the same token, type and keys get the same copies.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from issuer import sealing
from madang.core.encoding import strict_json

NONCE_BYTES = sealing.NONCE_BYTES
_PURPOSE = b"madang kept credential answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """A sealed answer.

    Attributes:
        key: hash of token, type and keys.
        sealed: nonce and AES-256-GCM ciphertext.
        until: epoch seconds; then it is deleted.
    """

    key: bytes
    sealed: bytes
    until: int


class Answers(Protocol):
    """Keeps sealed answers."""

    def add(self, answer: Answer) -> None:
        """Keep a new one."""
        ...

    def sealed(self, key: bytes, *, now: int) -> bytes | None:
        """Return one that is not over."""
        ...


def key_of(token: str, type_id: str, thumbprints: Iterable[str]) -> bytes:
    """Return the name of an answer; the order of the keys does not matter."""
    parts = [token, type_id, *sorted(thumbprints)]
    return hashlib.sha256(strict_json.dumps(parts).encode()).digest()


def seal(copies: Mapping[str, str], token: str, key: bytes, nonce: bytes) -> bytes:
    """Encrypt copies, given by the thumbprints of their keys, under the access token."""
    return sealing.seal(copies, token, key, nonce, _PURPOSE)


def unseal(sealed: bytes, token: str, key: bytes) -> dict[str, str]:
    """Decrypt copies, by the thumbprints of their keys."""
    return sealing.unseal(sealed, token, key, _PURPOSE)
