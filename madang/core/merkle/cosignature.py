"""Cosignatures of checkpoints by ML-DSA-44 (C2SP tlog-cosignature), as further lines of the note.

A log that signs its own head a second time is a cosigner under its origin. Readers that do not
know the key skip the line, as the signed note asks of them.
"""

from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import mldsa

from madang.core.encoding import base64url
from madang.core.keys.jwk import ML_DSA_44, PublicKey
from madang.core.keys.signing import Signer, checker_for
from madang.core.merkle import note as notes
from madang.core.merkle.checkpoint import Checkpoint, SignedCheckpoint
from madang.core.merkle.entry import MIN_SALT, commitment
from madang.core.merkle.note import ML_DSA_44_COSIGNATURE, NoteError, NoteSignature

PUBLIC_KEY_BYTES = 1312
SIGNATURE_BYTES = 2420
MAX_TIMESTAMP = 2**63 - 1
MAX_NAME_BYTES = 255

_LABEL = b"subtree/v1\n\0"
_UINT64 = 8


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """An ML-DSA-44 key under a name, written `<name>+<key id>+<base64 key>`.

    Attributes:
        name: of the cosigner; for a log that signs its own heads, its origin.
        public_key: the 1,312 bytes of FIPS 204.

    Raises:
        NoteError: when the name cannot stand in a note or is too long, or the key is another.
    """

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        notes.check_name(self.name)
        _short(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise NoteError(
                f"an ML-DSA-44 key has {PUBLIC_KEY_BYTES} bytes, got {len(self.public_key)}"
            )

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that stand before each cosignature of this key."""
        return notes.key_id(self.name, ML_DSA_44_COSIGNATURE, self.public_key)

    def encode(self) -> str:
        """Return the key in the form in which cosigners publish it."""
        return notes.encode_key(self.name, ML_DSA_44_COSIGNATURE, self.public_key)

    @classmethod
    def parse(cls, text: str) -> "CosignerKey":
        """Read a key in its published form.

        Raises:
            NoteError: when the form, the algorithm or the key id is another.
        """
        return cls(*notes.decode_key(text, ML_DSA_44_COSIGNATURE))

    @classmethod
    def of(cls, name: str, signer: Signer) -> "CosignerKey":
        """Return the key by which cosignatures of `signer` under `name` are checked.

        Raises:
            NoteError: when the signer's key is not ML-DSA-44.
        """
        if signer.public_key.alg != ML_DSA_44:
            raise NoteError(f"{name} cosigns with {signer.algorithm}, expected {ML_DSA_44}")
        return cls(name, base64url.decode(str(signer.public_key.pub)))

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
        if len(signature) != _UINT64 + SIGNATURE_BYTES or timestamp > MAX_TIMESTAMP:
            return None
        if len(checkpoint.origin.encode()) > MAX_NAME_BYTES:
            return None
        key = PublicKey.from_native(mldsa.MLDSA44PublicKey.from_public_bytes(self.public_key))
        message = _message(self.name, timestamp, checkpoint)
        return timestamp if checker_for(key).check(signature[_UINT64:], message) else None


def cosign(checkpoint: Checkpoint, name: str, signer: Signer, timestamp: int) -> NoteSignature:
    """Return the line by which a cosigner says that this head extends all that it saw before.

    Args:
        checkpoint: the head; its extension lines are not covered.
        name: of the cosigner.
        signer: of ML-DSA-44.
        timestamp: when this head was the newest, seconds since the epoch; 0 says nothing of it.

    Raises:
        NoteError: when the key is another, or a name or the time has no room.
    """
    key = CosignerKey.of(name, signer)
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise NoteError(f"timestamp {timestamp} is not within 0 to {MAX_TIMESTAMP}")
    signature = signer.sign(_message(name, timestamp, checkpoint))
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


def _message(name: str, timestamp: int, checkpoint: Checkpoint) -> bytes:
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
