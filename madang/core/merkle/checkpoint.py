"""Checkpoints of a log (C2SP tlog-checkpoint): origin, size and root, as a signed note."""

import re
from dataclasses import dataclass

from madang.core.keys.signing import Signer
from madang.core.merkle import note as notes
from madang.core.merkle.note import (
    MAX_NOTE_BYTES,
    Note,
    NoteError,
    NoteSignature,
    VerifierKey,
)
from madang.core.merkle.tree import HASH_SIZE

MAX_SIZE = 2**63 - 1

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_BODY_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log.

    Attributes:
        origin: the log's permanent name, its address without scheme: `<host>/<tenant>/log`.
        size: number of entries.
        root: Merkle tree hash over them, 32 bytes.
        extensions: further lines as they came; nothing is decided on them.

    Raises:
        NoteError: when a part cannot stand in a checkpoint.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            raise NoteError(f"checkpoint size {self.size} is not within 0 to {MAX_SIZE}")
        if len(self.root) != HASH_SIZE:
            raise NoteError(f"a checkpoint root has {HASH_SIZE} bytes, got {len(self.root)}")
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise NoteError(f"checkpoint line {line[:80]!r} is empty or has a newline")

    def text(self) -> str:
        """Return the lines that are signed."""
        root = notes.encode_base64(self.root)
        return "".join(f"{each}\n" for each in (self.origin, self.size, root, *self.extensions))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was received; believe it after `verify` only."""

    checkpoint: Checkpoint
    note: Note


def sign(checkpoint: Checkpoint, signer: Signer, *further: NoteSignature) -> str:
    """Return the checkpoint as a note signed by the log, under its origin as the key name.

    Args:
        checkpoint: the head.
        signer: the log's key.
        further: lines to stand behind its own, such as cosignatures.

    Raises:
        NoteError: when the key is not Ed25519 or the origin has spaces or plus signs.
    """
    text = checkpoint.text()
    signature = notes.sign_text(text, checkpoint.origin, signer)
    return Note(text, (signature, *further)).serialize()


def parse_note(data: str | bytes, *, max_bytes: int = MAX_NOTE_BYTES) -> SignedCheckpoint:
    """Read a signed checkpoint; no signature is checked here.

    Raises:
        NoteError: when it is no note, or its text no checkpoint.
    """
    note = notes.parse_note(data, max_bytes=max_bytes)
    return SignedCheckpoint(parse_text(note.text), note)


def parse_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        NoteError: naming the line that is not as it should be.
    """
    if not text.endswith("\n"):
        raise NoteError("the last line of a checkpoint has no newline")
    lines = text[:-1].split("\n")
    if len(lines) < _BODY_LINES:
        raise NoteError(f"a checkpoint has origin, size and root, got {len(lines)} lines")
    origin, size, root = lines[:_BODY_LINES]
    if not _SIZE.fullmatch(size):
        raise NoteError(f"checkpoint size {size[:80]!r}, expected a decimal number")
    extensions = tuple(lines[_BODY_LINES:])
    return Checkpoint(origin, int(size), notes.decode_base64(root), extensions)


def verify(signed: SignedCheckpoint, key: VerifierKey) -> bool:
    """Return whether the log that `key` belongs to signed this checkpoint as its own.

    The key's name is the origin that the reader expects, so another log's checkpoint is
    refused even when the same key signed it.
    """
    return signed.checkpoint.origin == key.name and notes.signed_by(signed.note, key)
