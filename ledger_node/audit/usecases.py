"""Find an entry of a log and its way to the root, for an auditor."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ledger_node.audit.model import ProofStep, walk
from ledger_node.publisher.model import LogHead
from ledger_node.publisher.usecases import Publisher
from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.entry import Entry, EntryError, commitment
from madang.core.merkle.tiles import TileTree


class AuditedState(Protocol):
    """What auditors read of one log, inside one transaction."""

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        ...

    def heads(self, limit: int) -> Sequence[LogHead]:
        """Return the newest heads, newest first."""
        ...

    def anchored_from(self, size: int) -> LogHead | None:
        """Return the smallest anchored head that covers `size` entries."""
        ...

    def index_of(self, commitment: bytes) -> int | None:
        """Return the index of the entry with this commitment."""
        ...

    def entries(self, start: int, end: int) -> Sequence[Entry]:
        """Return the entries from `start` up to before `end`, in order."""
        ...


class AuditedLog(Protocol):
    """Opens the state of one log."""

    def __call__(self) -> AbstractContextManager[AuditedState]:
        """Return the state as it is in one transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an auditor typed: an index, or digest and salt in base64url."""

    index: str
    digest: str
    salt: str


@dataclass(frozen=True, slots=True)
class Found:
    """An entry and its proof."""

    entry: Entry
    steps: tuple[ProofStep, ...]
    head: LogHead
    anchor: LogHead | None


def search(publisher: Publisher, log: AuditedLog, wanted: Wanted) -> Found | None:
    """Return the wanted entry; None if the newest head covers none."""
    with log() as state:
        head = state.newest()
        position = int(wanted.index) if wanted.index.isdecimal() else None
        if position is None:
            committed = _commitment(wanted)
            position = None if committed is None else state.index_of(committed)
        if head is None or position is None or position >= head.size:
            return None
        entry = state.entries(position, position + 1)[0]
        anchor = state.anchored_from(position + 1)
    tree = TileTree(head.size, publisher.files.read)
    proof = tree.inclusion_proof(position, head.size)
    return Found(entry, walk(entry, head.size, proof), head, anchor)


def _commitment(wanted: Wanted) -> bytes | None:
    try:
        salt = base64url.decode(wanted.salt.strip())
        return commitment(salt, base64url.decode(wanted.digest.strip()))
    except (EncodingError, EntryError):
        return None
