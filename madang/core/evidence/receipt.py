"""A receipt: all that shows, without asking anybody, that a thing stands in a log.

A holder keeps one for each copy of a certificate; an auditor needs the key of the log and
nothing else. A receipt holds the salt, so whoever sees it together with the log can tell
that this thing was entered: it is handed to the holder and to auditors only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from madang.core.encoding import base64url, canonical_json, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json
from madang.core.merkle.checkpoint import parse_note, verify
from madang.core.merkle.entry import Entry, EntryError, EntryKind, commitment
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.proof import verify_inclusion
from madang.core.merkle.tree import leaf_hash

MAX_RECEIPT_BYTES = 128 * 1024
MAX_PROOF = 64
MAX_DEPTH = 4

_MEMBERS = frozenset(
    {"checkpoint", "digest", "entry", "inclusion_proof", "index", "kind", "log_origin", "salt"}
)


class ReceiptError(ValueError):
    """Bytes or values that are no receipt; the message names the member."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that a receipt does not show.

    Attributes:
        code: "checkpoint", "origin", "signature", "sequence", "kind", "commitment",
            "inclusion" or "digest".
        clause: the specification that is not met.
        detail: what came and what was expected.
    """

    code: str
    clause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a receipt holds, and every reason why not, in the order of the steps."""

    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Receipt:
    """The evidence for one entry.

    Attributes:
        log_origin: the log's name, as in its checkpoints.
        kind: what was done.
        index: position in the log, from 0.
        entry: the entry there.
        salt: 16 to 64 bytes.
        digest: SHA-256 of the thing itself, 32 bytes.
        inclusion_proof: hashes of 32 bytes, the lowest first, for the checkpoint's size.
        checkpoint: signed note of the log, cosignatures included.
    """

    log_origin: str
    kind: EntryKind
    index: int
    entry: Entry
    salt: bytes
    digest: bytes
    inclusion_proof: tuple[bytes, ...]
    checkpoint: str

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as a JSON value; hashes and salt are base64url."""
        return {
            "checkpoint": self.checkpoint,
            "digest": base64url.encode(self.digest),
            "entry": strict_json.loads(self.entry.encode()),
            "inclusion_proof": [base64url.encode(each) for each in self.inclusion_proof],
            "index": self.index,
            "kind": str(self.kind),
            "log_origin": self.log_origin,
            "salt": base64url.encode(self.salt),
        }

    def encode(self) -> bytes:
        """Return the receipt as canonical JSON (RFC 8785), in the form of a file."""
        return canonical_json.encode(self.to_json())

    @classmethod
    def parse(cls, data: bytes | str) -> "Receipt":
        """Read the file form.

        Raises:
            ReceiptError: when it is no receipt.
        """
        try:
            value = strict_json.loads(data, max_bytes=MAX_RECEIPT_BYTES, max_depth=MAX_DEPTH)
        except EncodingError as error:
            raise ReceiptError(f"a receipt is a JSON object: {error}") from error
        return cls.from_json(value)

    @classmethod
    def from_json(cls, value: Json) -> "Receipt":
        """Read the JSON value; further members are left alone.

        Raises:
            ReceiptError: naming the member that is missing or has another form.
        """
        if not isinstance(value, dict) or not value.keys() >= _MEMBERS:
            raise ReceiptError(f"a receipt has the members {sorted(_MEMBERS)}")
        proof = value["inclusion_proof"]
        if not isinstance(proof, list) or len(proof) > MAX_PROOF:
            raise ReceiptError(f"inclusion_proof is a list of at most {MAX_PROOF} hashes")
        return cls(
            log_origin=_text(value, "log_origin"),
            kind=_kind(value),
            index=_index(value),
            entry=_entry(value["entry"]),
            salt=_bytes("salt", value["salt"]),
            digest=_bytes("digest", value["digest"]),
            inclusion_proof=tuple(_bytes("inclusion_proof", each) for each in proof),
            checkpoint=_text(value, "checkpoint"),
        )


def check(receipt: Receipt, checkpoint_key: VerifierKey, *, thing: bytes | None = None) -> Verdict:
    """Check a receipt without any network.

    Steps: 1. the digest is that of the thing at hand; 2. the entry commits to salt and
    digest; 3. kind and sequence of the entry are the receipt's; 4. the checkpoint is a
    signed note; 5. of this log; 6. signed by its key; 7. the entry is included in its tree.

    Args:
        receipt: what is to be checked.
        checkpoint_key: the log's key, known from elsewhere; its name is the log's origin.
        thing: SHA-256 of the thing itself, when the caller has it.
    """
    failures = [*_about_thing(receipt, thing), *_about_entry(receipt)]
    failures += _about_log(receipt, checkpoint_key)
    return Verdict(tuple(failures))


def _about_thing(receipt: Receipt, thing: bytes | None) -> list[Failure]:
    if thing is None or thing == receipt.digest:
        return []
    came, expected = receipt.digest.hex(), thing.hex()
    return [Failure("digest", "receipt", f"the receipt is for {came}, the thing is {expected}")]


def _about_entry(receipt: Receipt) -> list[Failure]:
    failures = []
    try:
        committed = commitment(receipt.salt, receipt.digest)
        wrong = "" if committed == receipt.entry.commitment else "other salt or digest"
    except EntryError as error:
        wrong = str(error)
    if wrong:
        failures.append(Failure("commitment", "SHA-256(salt || digest)", wrong))
    if receipt.kind != receipt.entry.kind:
        detail = f"the receipt says {receipt.kind}, the entry {receipt.entry.kind}"
        failures.append(Failure("kind", "log entry", detail))
    if receipt.index != receipt.entry.sequence:
        detail = f"entry {receipt.entry.sequence} stands at index {receipt.index}"
        failures.append(Failure("sequence", "log entry", detail))
    return failures


def _about_log(receipt: Receipt, key: VerifierKey) -> list[Failure]:
    try:
        signed = parse_note(receipt.checkpoint)
    except NoteError as error:
        return [Failure("checkpoint", "C2SP tlog-checkpoint", str(error))]
    failures = []
    head = signed.checkpoint
    origins = {key.name, receipt.log_origin, head.origin}
    if len(origins) > 1:
        detail = f"expected {key.name!r}, got {receipt.log_origin!r} and {head.origin!r}"
        failures.append(Failure("origin", "C2SP tlog-checkpoint", detail))
    if not verify(signed, key):
        detail = f"the checkpoint is not signed by {key.name}+{key.key_id.hex()}"
        failures.append(Failure("signature", "C2SP signed-note", detail))
    leaf = leaf_hash(receipt.entry.encode())
    proof = receipt.inclusion_proof
    if not verify_inclusion(receipt.index, head.size, leaf, proof, head.root):
        detail = f"entry {receipt.index} is not shown to be in the tree of {head.size}"
        failures.append(Failure("inclusion", "RFC 9162 section 2.1.3.2", detail))
    return failures


def _text(value: Mapping[str, Json], name: str) -> str:
    text = value[name]
    if not isinstance(text, str):
        raise ReceiptError(f"{name} of a receipt is text")
    return text


def _kind(value: Mapping[str, Json]) -> EntryKind:
    try:
        return EntryKind(_text(value, "kind"))
    except ValueError as error:
        raise ReceiptError(f"kind of a receipt: {error}") from error


def _index(value: Mapping[str, Json]) -> int:
    index = value["index"]
    if type(index) is not int or index < 0:
        raise ReceiptError("index of a receipt is a whole number from 0")
    return index


def _entry(value: Json) -> Entry:
    try:
        return Entry.parse(canonical_json.encode(value))
    except (EncodingError, EntryError) as error:
        raise ReceiptError(f"entry of a receipt: {error}") from error


def _bytes(name: str, text: Json) -> bytes:
    if not isinstance(text, str):
        raise ReceiptError(f"{name} of a receipt is base64url text")
    try:
        return base64url.decode(text)
    except EncodingError as error:
        raise ReceiptError(f"{name} of a receipt: {error}") from error
