"""Who signed a head, and when: the lines of its note, each held against the keys that are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from madang.core.merkle.checkpoint import SignedCheckpoint
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import NoteSignature, VerifierKey

_UINT64: Final = 8
_ALGORITHMS: Final = {64: "Ed25519", 72: "Ed25519", 2428: "ML-DSA-44"}
"""By the length of the signature; the longer ones begin with a time of 8 bytes."""


class LineState(StrEnum):
    """What can be said of a line."""

    GOOD = "good"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """The keys that this node knows.

    Attributes:
        log: the log's own.
        cosigners: the log's second key, and those of the witnesses.
    """

    log: VerifierKey
    cosigners: Sequence[CosignerKey] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One signature under a head.

    Attributes:
        name: of the signer.
        key_id: hex.
        algorithm: as its length tells.
        time: epoch seconds, for a cosignature that tells one.
        state: whether it holds.
    """

    name: str
    key_id: str
    algorithm: str
    time: int | None
    state: LineState


def lines(signed: SignedCheckpoint, keys: KnownKeys) -> list[Line]:
    """Return the signatures under a head in the order of the note."""
    return [_line(each, signed, keys) for each in signed.note.signatures]


def _line(signature: NoteSignature, signed: SignedCheckpoint, keys: KnownKeys) -> Line:
    raw = signature.signature
    algorithm = _ALGORITHMS.get(len(raw), "")
    time = int.from_bytes(raw[:_UINT64]) if algorithm and len(raw) > 64 else None  # noqa: PLR2004
    state = _state(signature, signed, keys)
    return Line(signature.name, signature.key_id.hex(), algorithm, time or None, state)


def _state(signature: NoteSignature, signed: SignedCheckpoint, keys: KnownKeys) -> LineState:
    named = (signature.name, signature.key_id)
    if named == (keys.log.name, keys.log.key_id):
        holds = keys.log.check(signature.signature, signed.note.text)
        return LineState.GOOD if holds else LineState.FALSE
    known = [key for key in keys.cosigners if named == (key.name, key.key_id)]
    if not known:
        return LineState.UNKNOWN
    return LineState.GOOD if _any_time(known, signature, signed) else LineState.FALSE


def _any_time(
    known: Iterable[CosignerKey], signature: NoteSignature, signed: SignedCheckpoint
) -> bool:
    times = (key.check(signature.signature, signed.checkpoint) for key in known)
    return any(time is not None for time in times)
