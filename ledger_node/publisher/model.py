"""What the publisher knows of a log."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteSignature, parse_note, with_signatures


class HeadState(StrEnum):
    """How far a head has come; it counts as anchored once its block is final."""

    PUBLISHED = "published"
    INCLUDED = "included"
    ANCHORED = "anchored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Submitted:
    """An entry that an office hands over.

    Attributes:
        key: idempotency key, unique in the log.
        kind: what was done.
        commitment: 32 bytes.
        issuer: identifier of the office.
        hour: epoch seconds of the full hour.
    """

    key: str
    kind: EntryKind
    commitment: bytes
    issuer: str
    hour: int


@dataclass(frozen=True, slots=True)
class LogHead:
    """A head that was signed.

    Attributes:
        size: number of entries.
        root: 32 bytes.
        note: the signed checkpoint.
        state: published, in a block, in a final block, or refused by the contract.
        transaction: "0x…" once in a block.
        block: its block.
        block_hash: "0x…" of the block.
        block_time: epoch seconds of the block.
    """

    size: int
    root: bytes
    note: str
    state: HeadState = HeadState.PUBLISHED
    transaction: str | None = None
    block: int | None = None
    block_hash: str | None = None
    block_time: int | None = None


def shown(head: LogHead, lines: Iterable[NoteSignature]) -> str:
    """Return the checkpoint of a head with the lines of witnesses behind the log's own."""
    return with_signatures(parse_note(head.note), lines).serialize()


class KeyConflictError(ValueError):
    """A key was used before for another entry."""


class AppendError(ValueError):
    """What was handed over is no list of entries; the message says what was expected."""


class ForeignOfficeError(ValueError):
    """A service hands over entries in another office's name."""


class LogDamagedError(RuntimeError):
    """Files and database of the log do not agree; nothing is signed until somebody looked."""


class LogTakenError(RuntimeError):
    """Another process is the writer of the logs; a log has one."""


class WitnessKeyError(ValueError):
    """A witness that is named has no key here, or they are too few for the quorum."""
