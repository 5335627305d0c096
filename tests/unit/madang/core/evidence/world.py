"""A log of ten thousand entries with its keys and witnesses, the same in every run."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from madang.core.evidence.trust_file import TrustedLog
from madang.core.keys.signing import Signer
from madang.core.keys.software import SoftwareSigner
from madang.core.merkle.checkpoint import Checkpoint, sign
from madang.core.merkle.cosignature import CosignerKey, cosign
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.note import NoteSignature, VerifierKey
from madang.core.merkle.tree import Tree, leaf_hash

ORIGIN = "city.example/hanbit/log"
ISSUER = "https://city.example/hanbit/issuer"
SIZE, INDEX = 10_000, 7_321
HOUR = 1_795_608_000
COSIGNED = HOUR + 600
QUORUM = 3


def seeded(text: str) -> bytes:
    return sha256(text.encode()).digest()


def ed25519_signer(name: str) -> SoftwareSigner:
    return SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(seeded(name)), name)


def ml_dsa_signer(name: str) -> SoftwareSigner:
    return SoftwareSigner(mldsa.MLDSA44PrivateKey.from_seed_bytes(seeded(name)), name)


LOG, SECOND = ed25519_signer("log"), ml_dsa_signer("log-second")
WITNESSES = {
    f"city.example/{name}/witness": ed25519_signer(name)
    for name in ("saebyeol", "areum", "narae", "audit")
}
KEY, SECOND_KEY = VerifierKey.of(ORIGIN, LOG), CosignerKey.of(ORIGIN, SECOND)
WITNESS_KEYS = tuple(CosignerKey.of(name, signer) for name, signer in WITNESSES.items())
OPENER_KEY = seeded("account 0")


def digest_of(index: int) -> bytes:
    return seeded(f"credential {index}")


def salt_of(index: int) -> bytes:
    return seeded(f"salt {index}")[:16]


@cache
def entries() -> Sequence[bytes]:
    kind = EntryKind.CREDENTIAL
    return [
        Entry(n, kind, HOUR, ISSUER, commitment(salt_of(n), digest_of(n))).encode()
        for n in range(SIZE)
    ]


@cache
def tree() -> Tree:
    return Tree(leaf_hash(each) for each in entries())


def head(size: int = SIZE) -> Checkpoint:
    return Checkpoint(ORIGIN, size, tree().root(size))


def note(checkpoint: Checkpoint, signer: Signer = LOG) -> str:
    """Return a checkpoint with all of its lines; the second key's differ from run to run."""
    return sign(checkpoint, signer, *lines(checkpoint))


def lines(checkpoint: Checkpoint) -> list[NoteSignature]:
    cosigners = [(ORIGIN, SECOND), *WITNESSES.items()]
    return [cosign(checkpoint, name, signer, COSIGNED) for name, signer in cosigners]


def trusted_log(opener: bytes, **changes: object) -> TrustedLog:
    given = {
        "key": KEY,
        "second_key": SECOND_KEY,
        "opener": opener,
        "witnesses": WITNESS_KEYS,
        "quorum": QUORUM,
    }
    return TrustedLog(**(given | changes))  # type: ignore[arg-type]  # each has its type above
