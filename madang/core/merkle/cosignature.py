"""Cosignatures of checkpoints (C2SP tlog-cosignature), as further lines of the note.

There are two types: Ed25519 `cosignature/v1`, by which witnesses sign, and ML-DSA-44, by which a
log signs its own head a second time under its origin. Readers that do not know a key skip its
line, as the signed note asks of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from madang.core.encoding import base64url
from madang.core.keys.jwk import ML_DSA_44, PublicKey
from madang.core.keys.signing import Signer, checker_for
from madang.core.merkle import note as notes
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint
from madang.core.merkle.entry import MIN_SALT, commitment
from madang.core.merkle.note import (
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    NoteError,
    NoteSignature,
)

MAX_TIMESTAMP = 2**63 - 1
MAX_NAME_BYTES = 255

_LABEL = b"subtree/v1\n\0"
_UINT64 = 8


@dataclass(frozen=True, slots=True)
class CosignatureType:
    """What the two types do not have in common.

    Attributes:
        algorithm: of its keys, by the name of JOSE.
        key_bytes: length of a public key.
        signature_bytes: length of a signature, without the time before it.
        load: takes the bytes of a key, of the right length.
        message: what is signed, from the cosigner's name, the time and the head; NoteError when
            a name has no room.
    """

    algorithm: str
    key_bytes: int
    signature_bytes: int
    load: Callable[[bytes], ed25519.Ed25519PublicKey | mldsa.MLDSA44PublicKey]
    message: Callable[[str, int, Checkpoint], bytes]


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A cosigner's key under a name, written `<name>+<key id>+<base64 key>`.

    Attributes:
        name: of the cosigner; for a log that signs its own heads, its origin.
        kind: ED25519_COSIGNATURE or ML_DSA_44_COSIGNATURE.
        public_key: the 32 bytes of RFC 8032 or the 1,312 bytes of FIPS 204.

    Raises:
        NoteError: when the name cannot stand in a note or is too long, or the key is another.
    """

    name: str
    kind: int
    public_key: bytes

    def __post_init__(self) -> None:
        notes.check_name(self.name)
        _short(self.name)
        if self.kind not in TYPES:
            raise NoteError(f"{self.kind:02x} is no type of cosignatures")
        if len(self.public_key) != self.type.key_bytes:
            raise NoteError(
                f"a key of {self.type.algorithm} has {self.type.key_bytes} bytes,"
                f" got {len(self.public_key)}"
            )

    @property
    def type(self) -> CosignatureType:
        """What its cosignatures are."""
        return TYPES[self.kind]

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that stand before each cosignature of this key."""
        return notes.key_id(self.name, self.kind, self.public_key)

    def encode(self) -> str:
        """Return the key in the form in which cosigners publish it."""
        return notes.encode_key(self.name, self.kind, self.public_key)

    @classmethod
    def parse(cls, text: str, *kinds: int) -> "CosignerKey":
        """Read a key in its published form.

        Args:
            text: the form.
            kinds: types that are expected; both when none is named.

        Raises:
            NoteError: when the form, the type or the key id is another.
        """
        return cls(*notes.decode_key(text, *(kinds or TYPES)))

    @classmethod
    def of(cls, name: str, signer: Signer) -> "CosignerKey":
        """Return the key by which cosignatures of `signer` under `name` are checked.

        Raises:
            NoteError: when the signer's key is neither Ed25519 nor ML-DSA-44.
        """
        for kind, each in TYPES.items():
            if each.algorithm == signer.algorithm:
                raw = signer.public_key.x or signer.public_key.pub
                return cls(name, kind, base64url.decode(str(raw)))
        known = " or ".join(each.algorithm for each in TYPES.values())
        raise NoteError(f"{name} cosigns with {signer.algorithm}, expected {known}")

    def introduction(self) -> bytes:
        """Return the commitment of the entry by which a log introduces this key as its own.

        Nothing is to be hidden here, so the salt is of zeros: whoever has the key finds the entry.
        """
        return commitment(bytes(MIN_SALT), sha256(self.encode().encode()).digest())

    def check(self, signature: bytes, checkpoint: Checkpoint) -> int | None:
        """Return the time of a cosignature of this key, None if it is none of this checkpoint.

        The time is in seconds since the epoch; 0 says nothing of when this head was the newest.
        """
        timestamp = int.from_bytes(signature[:_UINT64], "big")
        if len(signature) != _UINT64 + self.type.signature_bytes or timestamp > MAX_TIMESTAMP:
            return None
        key = PublicKey.from_native(self.type.load(self.public_key))
        try:
            message = self.type.message(self.name, timestamp, checkpoint)
        except NoteError:
            return None
        return timestamp if checker_for(key).check(signature[_UINT64:], message) else None


def cosign(checkpoint: Checkpoint, name: str, signer: Signer, timestamp: int) -> NoteSignature:
    """Return the line by which a cosigner says that this head extends all that it saw before.

    Args:
        checkpoint: the head; ML-DSA-44 does not cover its extension lines.
        name: of the cosigner; Ed25519 does not cover it, so a key has one name.
        signer: of Ed25519 or ML-DSA-44.
        timestamp: when this head was the newest, seconds since the epoch; by ML-DSA-44, 0 says
            nothing of it.

    Raises:
        NoteError: when the key is another, or a name or the time has no room.
    """
    key = CosignerKey.of(name, signer)
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise NoteError(f"timestamp {timestamp} is not within 0 to {MAX_TIMESTAMP}")
    signature = signer.sign(key.type.message(name, timestamp, checkpoint))
    return NoteSignature(name, key.key_id, timestamp.to_bytes(_UINT64, "big") + signature)


def cosigned(signed: SignedCheckpoint, key: CosignerKey) -> int | None:
    """Return when the key cosigned the checkpoint, the latest of several times.

    None if it did not, or if a cosignature in its name is false.
    """
    times = [
        key.check(each.signature, signed.checkpoint)
        for each in signed.note.signatures
        if (each.name, each.key_id) == (key.name, key.key_id)
    ]
    known = [time for time in times if time is not None]
    return max(known) if known and len(known) == len(times) else None


def _v1_message(_name: str, timestamp: int, checkpoint: Checkpoint) -> bytes:
    """Return the message of Ed25519: the whole text of the note behind two lines."""
    return f"cosignature/v1\ntime {timestamp}\n{checkpoint.text()}".encode()


def _subtree_message(name: str, timestamp: int, checkpoint: Checkpoint) -> bytes:
    """Return a `cosigned_message`: the subtree from 0 to the size of the tree."""
    return b"".join(
        (
            _LABEL,
            _short(name),
            timestamp.to_bytes(_UINT64, "big"),
            _short(checkpoint.origin),
            bytes(_UINT64),
            checkpoint.size.to_bytes(_UINT64, "big"),
            checkpoint.root,
        )
    )


def _short(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > MAX_NAME_BYTES:
        raise NoteError(f"a name of {len(raw)} bytes, at most {MAX_NAME_BYTES} have room")
    return bytes([len(raw)]) + raw


TYPES: Final = MappingProxyType(
    {
        ED25519_COSIGNATURE: CosignatureType(
            "EdDSA", 32, 64, ed25519.Ed25519PublicKey.from_public_bytes, _v1_message
        ),
        ML_DSA_44_COSIGNATURE: CosignatureType(
            ML_DSA_44, 1312, 2420, mldsa.MLDSA44PublicKey.from_public_bytes, _subtree_message
        ),
    }
)
"""By the byte that names the type in keys and key ids."""
