"""Two heads side by side: does a log tell two stories?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ledger_node.audit.cosigners import KnownKeys, Line, lines
from ledger_node.audit.usecases import readable
from ledger_node.publisher.usecases import Publisher
from madang.core.merkle.checkpoint import SignedCheckpoint, parse_note, verify
from madang.core.merkle.tiles import TileTree


class Place(StrEnum):
    """Where a head stands to the log of this node."""

    PART = "part"
    OTHER = "other"
    BEYOND = "beyond"


class Verdict(StrEnum):
    """What two heads prove."""

    SPLIT = "split"
    SAME = "same"
    ONE_LOG = "one_log"
    NOT_SIGNED = "not_signed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Seen:
    """One head that somebody has.

    Attributes:
        signed: what came.
        lines: who signed it.
        own: whether the log signed it as its own.
        place: whether the log of this node has this head.
    """

    signed: SignedCheckpoint
    lines: Sequence[Line]
    own: bool
    place: Place


def look_at(publisher: Publisher, keys: KnownKeys, note: str) -> Seen:
    """Return what can be said of a head.

    Raises:
        NoteError: it is no signed checkpoint.
        UnreadableLogError: a file of the log is missing or has another form.
    """
    signed = parse_note(note)
    own = verify(signed, keys.log)
    return Seen(signed, lines(signed, keys), own, _place(publisher, signed))


def _place(publisher: Publisher, signed: SignedCheckpoint) -> Place:
    head, newest = signed.checkpoint, publisher.newest()
    if newest is None or head.size > newest.size:
        return Place.BEYOND
    with readable():
        root = TileTree(newest.size, publisher.files.read).root(head.size)
    return Place.PART if root == head.root else Place.OTHER


def judge(first: Seen, second: Seen) -> Verdict:
    """Say what two heads prove; only what the log signed counts against it."""
    heads = [(each.signed.checkpoint.size, each.signed.checkpoint.root) for each in (first, second)]
    if not (first.own and second.own):
        return Verdict.NOT_SIGNED
    if Place.OTHER in {first.place, second.place}:
        return Verdict.SPLIT  # with the head of this node's own log
    if heads[0] == heads[1]:
        return Verdict.SAME
    if heads[0][0] == heads[1][0]:
        return Verdict.SPLIT
    return Verdict.ONE_LOG if first.place is second.place is Place.PART else Verdict.OPEN
