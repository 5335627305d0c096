"""A secret under two passphrases, neither of which opens it alone (ADR 0022).

Each passphrase is stretched by scrypt under a salt of its own to 32 bytes; the XOR of the two is
the key of AES-256-GCM. Whoever has one of them lacks 32 bytes that are as good as chance, and can
only guess at the other passphrase, a stretching for each guess. Two salts make the order count, and
keep two equal passphrases from cancelling each other out.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

SCRYPT_N: Final = 2**17
SALT_BYTES, NONCE_BYTES = 16, 12
LEAST_CHARACTERS: Final = 16
LEAST_DIFFERENT: Final = 8
_KEY_BYTES: Final = 32
_OFFICERS: Final = 2


class SplitError(ValueError):
    """Passphrases that cannot be used, or do not open what they should; the message says why."""


@dataclass(frozen=True, slots=True)
class Passphrases:
    """What two officers chose, each alone, in their order; alike from every keyboard (NFC).

    Raises:
        SplitError: one is none that `usable` takes, or both are the same.
    """

    first: str
    second: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "first", usable(self.first))
        object.__setattr__(self, "second", usable(self.second))
        if self.first == self.second:
            raise SplitError("both secrets are the same; each officer has one of their own")

    def __repr__(self) -> str:
        """Keep what was chosen out of every text."""
        return "Passphrases(...)"


def usable(passphrase: str) -> str:
    """Return a passphrase in NFC.

    Raises:
        SplitError: it is too short, or too much of the same, or no text in UTF-8.
    """
    # A terminal hands on bytes that are no UTF-8 as lone surrogates.
    if any("\ud800" <= character <= "\udfff" for character in passphrase):
        raise SplitError("a secret is text in UTF-8")
    normal = unicodedata.normalize("NFC", passphrase)
    if len(normal) < LEAST_CHARACTERS or len({*normal}) < LEAST_DIFFERENT:
        raise SplitError(
            f"a secret has at least {LEAST_CHARACTERS} characters, and {LEAST_DIFFERENT} different"
            " ones among them"
        )
    return normal


def seal(
    secret: bytes, passphrases: Passphrases, *, chance: bytes, context: bytes, n: int
) -> bytes:
    """Return the secret sealed: both salts, the nonce, the AES-256-GCM box.

    Args:
        secret: what to seal.
        passphrases: both.
        chance: 44 fresh random bytes.
        context: what the secret is for; the same opens it.
        n: cost of scrypt, a power of two: SCRYPT_N outside of tests.

    Raises:
        SplitError: another number of random bytes.
    """
    head = _OFFICERS * SALT_BYTES + NONCE_BYTES
    if len(chance) != head:
        raise SplitError(f"{head} random bytes were expected, not {len(chance)}")
    salts, nonce = chance[:-NONCE_BYTES], chance[-NONCE_BYTES:]
    return chance + AESGCM(_key(passphrases, salts, n)).encrypt(nonce, secret, context)


def unseal(sealed: bytes, passphrases: Passphrases, *, context: bytes, n: int) -> bytes:
    """Return the secret.

    Raises:
        SplitError: one of the passphrases is wrong, they are swapped, or the bytes or their
            context are not those of the sealing; which of them, nobody can tell.
    """
    salts = sealed[: _OFFICERS * SALT_BYTES]
    nonce = sealed[len(salts) : len(salts) + NONCE_BYTES]
    box = sealed[len(salts) + NONCE_BYTES :]
    if not box:
        raise SplitError("what was sealed is cut off")
    try:
        return AESGCM(_key(passphrases, salts, n)).decrypt(nonce, box, context)
    except InvalidTag as error:
        raise SplitError(
            "it does not open: both officers' secrets are needed, in the order of the"
            " ceremony, and the file as it was then"
        ) from error


def _key(passphrases: Passphrases, salts: bytes, n: int) -> bytes:
    both: Sequence[str] = (passphrases.first, passphrases.second)
    first, second = (
        Scrypt(salt=salts[at * SALT_BYTES :][:SALT_BYTES], length=_KEY_BYTES, n=n, r=8, p=1).derive(
            each.encode()
        )
        for at, each in enumerate(both)
    )
    return bytes(a ^ b for a, b in zip(first, second, strict=True))
