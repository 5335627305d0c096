"""An evidence file: everything that shows that a thing was entered, in one CBOR map.

    format      "madang-evidence-1"
    thing       {digest, salt}; missing in the public half, which says nothing of the thing
    entry       the bytes that the log holds
    inclusion   hashes of the inclusion proof, the lowest first
    checkpoint  {text, signatures: [[name, key id and signature], ...]}
    chain       {engine, id, genesis}
    state       by engine: {nodes: [...]} or {root, packed, code, store}
    head        by engine, see `finality`

It is written in the deterministic form (RFC 8949 section 4.2.1) and read in no other, so one
evidence has one file. Reading checks forms alone; `verify` says what is to be believed.
"""

from dataclasses import dataclass, replace
from typing import Final

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Cbor
from madang.core.encoding.errors import EncodingError
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.cometbft import (
    HEADER_FIELDS,
    MAX_FIELD_BYTES,
    MAX_VALIDATORS,
    Commit,
    Vote,
)
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.ethereum import MAX_HEADER_BYTES
from madang.core.evidence.finality.heads import HeadEvidence, engine_of
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.finality.qbft import SealedHeader
from madang.core.evidence.receipt import MAX_PROOF, Receipt
from madang.core.evidence.storage.ics23 import MAX_PROOF_BYTES, IavlState
from madang.core.evidence.storage.mpt import MAX_NODES, TrieState
from madang.core.evidence.storage.reading import StateProof
from madang.core.merkle import note as notes
from madang.core.merkle.entry import MAX_ENTRY_BYTES, MAX_SALT, MIN_SALT
from madang.core.merkle.note import MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError, NoteSignature
from madang.core.merkle.tree import HASH_SIZE

FORMAT: Final = "madang-evidence-1"
MAX_BYTES: Final = 128 * 1024
MAX_DEPTH: Final = 6
MAX_NODE_BYTES: Final = 1024
_KEY_ID: Final = 4
_SIGNATURE: Final = 64
_UINT63: Final = 2**63
_BILLION: Final = 10**9


@dataclass(frozen=True, slots=True)
class Thing:
    """What opens the entry's commitment; for the holder, the office and auditors only.

    Attributes:
        digest: SHA-256 of the thing, 32 bytes.
        salt: 16 to 64 bytes.
    """

    digest: bytes
    salt: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an evidence file holds.

    Attributes:
        thing: None in the public half.
        entry: the bytes that the log holds.
        inclusion: of the entry in the checkpoint's tree.
        checkpoint: of the size that the contract has, with the lines of the witnesses.
        chain_id: EIP-155 chain id.
        genesis_hash: of the chain, 32 bytes.
        state: proof of the contract's storage and code.
        head: the header that has the state's root, and what makes it final.
    """

    thing: Thing | None
    entry: bytes
    inclusion: tuple[bytes, ...]
    checkpoint: Note
    chain_id: int
    genesis_hash: bytes
    state: StateProof
    head: HeadEvidence

    def encode(self) -> bytes:
        """Return the file."""
        found = {"format": FORMAT, **self.regions()}
        return cbor.dumps(found)

    def regions(self) -> dict[str, Cbor]:
        """Return the parts of the file by their names."""
        engine = engine_of(self.head)
        found: dict[str, Cbor] = {
            "entry": self.entry,
            "inclusion": list(self.inclusion),
            "checkpoint": {
                "text": self.checkpoint.text,
                "signatures": [
                    [each.name, each.key_id + each.signature] for each in self.checkpoint.signatures
                ],
            },
            "chain": {"engine": str(engine), "id": self.chain_id, "genesis": self.genesis_hash},
            "state": _state_value(self.state),
            "head": _head_value(self.head),
        }
        if self.thing is not None:
            found["thing"] = {"digest": self.thing.digest, "salt": self.thing.salt}
        return found


def parse(data: bytes) -> Evidence:
    """Read an evidence file.

    Raises:
        EvidenceError: "malformed", naming the part that is missing or has another form.
    """
    try:
        value = cbor.loads(data, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
        evidence = _evidence(value)
    except (EncodingError, NoteError) as error:
        raise _bad(str(error)) from error
    if evidence.encode() != data:
        raise _bad("it is not in the deterministic form of CBOR (RFC 8949 section 4.2.1)")
    return evidence


def _evidence(value: Cbor) -> Evidence:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise _bad(f"expected a CBOR map of the format {FORMAT!r}; is it such a file?")
    optional = ("thing",) if "thing" in value else ()
    parts = ("format", "entry", "inclusion", "checkpoint", "chain", "state", "head", *optional)
    _members(value, "the file", *parts)
    chain = _members(value["chain"], "chain", "engine", "id", "genesis")
    engine = _engine(chain["engine"])
    return Evidence(
        thing=_thing(value["thing"]) if optional else None,
        entry=_bytes(value["entry"], "entry", 1, MAX_ENTRY_BYTES),
        inclusion=_texts(value["inclusion"], "inclusion", MAX_PROOF, HASH_SIZE, HASH_SIZE),
        checkpoint=_note(value["checkpoint"]),
        chain_id=_number(chain["id"], "chain.id", _UINT63),
        genesis_hash=_hash(chain["genesis"], "chain.genesis"),
        state=_state(value["state"], engine),
        head=_head(value["head"], engine),
    )


def _engine(value: Cbor) -> Engine:
    if value not in list(Engine):
        raise _bad(f"chain.engine {str(value)[:80]!r}, expected {' or '.join(Engine)}")
    return Engine(value)


def _thing(value: Cbor) -> Thing:
    members = _members(value, "thing", "digest", "salt")
    salt = _bytes(members["salt"], "thing.salt", MIN_SALT, MAX_SALT)
    return Thing(_hash(members["digest"], "thing.digest"), salt)


def _note(value: Cbor) -> Note:
    members = _members(value, "checkpoint", "text", "signatures")
    text = members["text"]
    if not isinstance(text, str) or len(text) > MAX_NOTE_BYTES:
        raise _bad(f"checkpoint.text: text of at most {MAX_NOTE_BYTES} characters was expected")
    lines = _list(members["signatures"], "checkpoint.signatures", MAX_SIGNATURES)
    found = Note(text, tuple(_line(each) for each in lines))
    if notes.parse_note(found.serialize()) != found:
        raise _bad("checkpoint: its text does not stand in a note")
    return found


def _line(value: Cbor) -> NoteSignature:
    match value:
        case [str(name), bytes(raw)] if len(raw) > _KEY_ID:
            return NoteSignature(name, raw[:_KEY_ID], raw[_KEY_ID:])
    raise _bad("checkpoint.signatures: each is a name, and key id and signature")


def _state(value: Cbor, engine: Engine) -> StateProof:
    if engine is Engine.COMETBFT:
        members = _members(value, "state", "root", "packed", "code", "store")
        return IavlState(
            *(
                _bytes(members[name], f"state.{name}", 1, MAX_PROOF_BYTES)
                for name in ("root", "packed", "code", "store")
            )
        )
    nodes = _members(value, "state", "nodes")["nodes"]
    return TrieState(_texts(nodes, "state.nodes", MAX_NODES, 1, MAX_NODE_BYTES))


def _state_value(state: StateProof) -> Cbor:
    if isinstance(state, TrieState):
        return {"nodes": list(state.nodes)}
    return {"root": state.root, "packed": state.packed, "code": state.code, "store": state.store}


def _head(value: Cbor, engine: Engine) -> HeadEvidence:
    match engine:
        case Engine.COMETBFT:
            return _commit(_members(value, "head", "header", "parts", "round", "votes"))
        case Engine.QBFT:
            header = _members(value, "head", "header")["header"]
            return SealedHeader(_bytes(header, "head.header", 1, MAX_HEADER_BYTES))
        case Engine.DEVELOPMENT:
            members = _members(value, "head", "header", "hash")
            header = _bytes(members["header"], "head.header", 1, MAX_HEADER_BYTES)
            return PlainHeader(header, _hash(members["hash"], "head.hash"))


def _commit(members: dict[str, Cbor]) -> Commit:
    header = _texts(members["header"], "head.header", HEADER_FIELDS, 0, MAX_FIELD_BYTES)
    parts = _list(members["parts"], "head.parts", 2)
    if len(header) != HEADER_FIELDS or len(parts) != 2:  # noqa: PLR2004 - number and root
        raise _bad(f"head: {HEADER_FIELDS} fields, and number and root of the parts were expected")
    votes = _list(members["votes"], "head.votes", MAX_VALIDATORS)
    return Commit(
        header=header,
        parts=_number(parts[0], "head.parts", _UINT63),
        parts_hash=_hash(parts[1], "head.parts"),
        round=_number(members["round"], "head.round", _UINT63),
        votes=tuple(_vote(each) for each in votes),
    )


def _vote(value: Cbor) -> Vote:
    match value:
        case [place, seconds, nanos, signature]:
            return Vote(
                _number(place, "head.votes", MAX_VALIDATORS),
                _number(seconds, "head.votes", _UINT63),
                _number(nanos, "head.votes", _BILLION),
                _bytes(signature, "head.votes", _SIGNATURE, _SIGNATURE),
            )
    raise _bad("head.votes: each is a validator's place, seconds, nanoseconds and signature")


def _head_value(head: HeadEvidence) -> Cbor:
    match head:
        case SealedHeader():
            return {"header": head.header}
        case PlainHeader():
            return {"header": head.header, "hash": head.hash}
        case Commit():
            votes = [[v.validator, v.seconds, v.nanos, v.signature] for v in head.votes]
            return {
                "header": list(head.header),
                "parts": [head.parts, head.parts_hash],
                "round": head.round,
                "votes": votes,
            }


def _members(value: Cbor, place: str, *names: str) -> dict[str, Cbor]:
    if not isinstance(value, dict) or set(value) != set(names):
        raise _bad(f"{place}: a map of {', '.join(names)} was expected, and nothing else")
    return value


def _list(value: Cbor, place: str, most: int) -> list[Cbor]:
    if not isinstance(value, list) or len(value) > most:
        raise _bad(f"{place}: an array of at most {most} was expected")
    return value


def _texts(value: Cbor, place: str, count: int, least: int, most: int) -> tuple[bytes, ...]:
    return tuple(_bytes(each, place, least, most) for each in _list(value, place, count))


def _bytes(value: Cbor, place: str, least: int, most: int) -> bytes:
    if not isinstance(value, bytes) or not least <= len(value) <= most:
        raise _bad(f"{place}: {least} to {most} bytes were expected")
    return value


def _hash(value: Cbor, place: str) -> bytes:
    return _bytes(value, place, HASH_SIZE, HASH_SIZE)


def _number(value: Cbor, place: str, below: int) -> int:
    if type(value) is not int or not 0 <= value < below:
        raise _bad(f"{place}: a whole number from 0 below {below} was expected")
    return value


def _bad(message: str) -> EvidenceError:
    return EvidenceError("malformed", f"no evidence file: {message}")


def join(public: Evidence, receipt: Receipt) -> Evidence:
    """Return the public half of an entry with what its receipt opens it by.

    Raises:
        EvidenceError: "malformed", when the receipt is for another entry.
    """
    if receipt.entry.encode() != public.entry:
        raise _bad(f"the receipt is for another entry than {receipt.index} of the log")
    return replace(public, thing=Thing(receipt.digest, receipt.salt))
