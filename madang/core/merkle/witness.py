"""What a log and its witness say to one another (C2SP tlog-witness), and how a witness judges.

The log hands over a head with the proof that it extends the head that the witness signed last;
the witness answers with its cosignature, or says which size it has.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from madang.core.merkle import checkpoint as checkpoints
from madang.core.merkle import note as notes
from madang.core.merkle.checkpoint import SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import MAX_NOTE_BYTES, Note, NoteError, NoteSignature, VerifierKey
from madang.core.merkle.proof import verify_subtree_consistency
from madang.core.merkle.tree import EMPTY_ROOT, HASH_SIZE

MAX_PROOF = 63
MAX_REQUEST_BYTES = MAX_NOTE_BYTES + 4 * 1024
"""Room for a note and 63 lines of proof before it."""
MAX_TEXT_BYTES = 2 * 1024
"""What a witness keeps of a head; longer extension lines would hide proofs from who reads them."""
SIZE_TYPE = "text/x.tlog.size"

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_OLD = "old "


class Judgement(StrEnum):
    """What a witness finds of a head that the log has signed."""

    EXTENDS = "extends"
    OLD_TOO_LARGE = "old_too_large"
    STALE = "stale"
    SPLIT = "split"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """The body of an `add-checkpoint` request.

    Attributes:
        old: size of the head that the proof begins with; 0 for none.
        proof: consistency proof from there to the head.
        signed: the head; nothing in it is believed yet.
    """

    old: int
    proof: tuple[bytes, ...]
    signed: SignedCheckpoint

    def serialize(self) -> bytes:
        """Return the body as it is sent."""
        lines = [f"{_OLD}{self.old}", *map(notes.encode_base64, self.proof), ""]
        return ("".join(f"{line}\n" for line in lines) + self.signed.note.serialize()).encode()

    @classmethod
    def parse(cls, data: bytes) -> "AddCheckpoint":
        """Read a body.

        Raises:
            NoteError: when it is none, or has more of anything than is allowed.
        """
        if len(data) > MAX_REQUEST_BYTES:
            raise NoteError(f"a request of {len(data)} bytes, at most {MAX_REQUEST_BYTES} are read")
        head, separator, note = data.partition(b"\n\n")
        try:
            first, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise NoteError("what stands before the checkpoint is not ASCII") from error
        if not separator or not first.startswith(_OLD):
            raise NoteError("a request is an old size, a proof, an empty line and a checkpoint")
        if len(lines) > MAX_PROOF:
            raise NoteError(f"a proof of {len(lines)} hashes, at most {MAX_PROOF} are allowed")
        proof = tuple(_hash(line) for line in lines)
        signed = checkpoints.parse_note(note)
        if (length := len(signed.note.text.encode())) > MAX_TEXT_BYTES:
            raise NoteError(f"a checkpoint of {length} bytes, at most {MAX_TEXT_BYTES} are allowed")
        return cls(_size(first.removeprefix(_OLD)), proof, signed)


@dataclass(frozen=True, slots=True)
class SeenHead:
    """The head of a log that a witness has signed last: size and root."""

    size: int
    root: bytes


NOTHING_SEEN = SeenHead(0, EMPTY_ROOT)


def judge(request: AddCheckpoint, latest: SeenHead) -> Judgement:
    """Return what a witness finds, by the steps of the text in their order.

    Args:
        request: its checkpoint is signed by the log; that was checked before.
        latest: what the witness has signed last of this log.
    """
    head = request.signed.checkpoint
    if request.old > head.size:
        return Judgement.OLD_TOO_LARGE
    if request.old != latest.size:
        return Judgement.STALE
    if 0 < head.size == latest.size and head.root != latest.root:
        return Judgement.SPLIT
    proven = verify_subtree_consistency(
        0, latest.size, head.size, latest.root, head.root, request.proof
    )
    # From the empty tree nothing is proven, but the empty tree itself has one root.
    if not proven or (not head.size and head.root != EMPTY_ROOT):
        return Judgement.UNPROVEN
    return Judgement.EXTENDS


def signed_by_log(signed: SignedCheckpoint, keys: tuple[VerifierKey, ...]) -> bool:
    """Return whether a log signed this head by one of its keys, and no line of them is false.

    A line that comes twice is looked at once, so that nobody makes a witness work for nothing.
    """
    once = Note(signed.note.text, tuple(dict.fromkeys(signed.note.signatures)))
    known = {(key.name, key.key_id): key for key in keys}
    own = [each for each in once.signatures if (each.name, each.key_id) in known]
    named = all(key.name == signed.checkpoint.origin for key in keys)
    return (
        bool(own)
        and named
        and all(known[each.name, each.key_id].check(each.signature, once.text) for each in own)
    )


def with_lines_of(note: Note, keys: tuple[VerifierKey, ...]) -> Note:
    """Return the note with the lines of these keys alone, the first of each."""
    known = {(key.name, key.key_id) for key in keys}
    first: dict[tuple[str, bytes], NoteSignature] = {}
    for each in note.signatures:
        if (each.name, each.key_id) in known:
            first.setdefault((each.name, each.key_id), each)
    return Note(note.text, tuple(first.values()))


def cosignatures(signed: SignedCheckpoint, answer: bytes, key: CosignerKey) -> list[NoteSignature]:
    """Return the lines of a witness's answer that are cosignatures by its key of this head.

    Raises:
        NoteError: the answer is no list of signature lines, or a line of this key is false.
    """
    try:
        text = answer.decode()
    except UnicodeDecodeError as error:
        raise NoteError("the answer of a witness is UTF-8, other bytes came") from error
    note = notes.parse_note(f"{signed.note.text}\n{text}")
    if note.text != signed.note.text:
        raise NoteError("the answer of a witness has an empty line")
    own = [each for each in note.signatures if (each.name, each.key_id) == (key.name, key.key_id)]
    if any(key.check(each.signature, signed.checkpoint) is None for each in own):
        raise NoteError(f"a cosignature of {key.name} is not of this checkpoint")
    return own


def parse_size(data: bytes) -> int:
    """Read the size that a witness answers when it has another one than was said.

    Raises:
        NoteError: when it is no decimal number with a newline.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise NoteError("the size of a tree is ASCII") from error
    if not text.endswith("\n"):
        raise NoteError(f"size {text[:80]!r} has no newline")
    return _size(text[:-1])


def log_id(origin: str) -> str:
    """Return the name of a log in the addresses of its witnesses: hex SHA-256 of its origin.

    The C2SP texts leave open how witnesses tell what they have seen; this is the id that
    transparency-dev's witnesses use (https://github.com/transparency-dev/witness).
    """
    return sha256(origin.encode()).hexdigest()


def _size(text: str) -> int:
    if not _SIZE.fullmatch(text) or int(text) > checkpoints.MAX_SIZE:
        raise NoteError(f"size {text[:80]!r}, expected a decimal number")
    return int(text)


def _hash(line: str) -> bytes:
    raw = notes.decode_base64(line)
    if len(raw) != HASH_SIZE:
        raise NoteError(f"a hash of {len(raw)} bytes in the proof, expected {HASH_SIZE}")
    return raw
