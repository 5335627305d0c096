"""Find entries of a log, their way to the root, and how the log has grown, for an auditor."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from ledger_node.audit.model import (
    ChainHead,
    Criteria,
    Grown,
    Included,
    Tally,
    consistency_steps,
    inclusion_steps,
)
from ledger_node.publisher.model import LogHead
from ledger_node.publisher.usecases import Publisher
from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.evidence import receipt as receipts
from madang.core.evidence.receipt import Failure, Receipt, Verdict
from madang.core.merkle.entry import Entry, EntryError, commitment
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tiles import TileError, TileTree


class AuditedState(Protocol):
    """What auditors read of one log, as it is at one moment."""

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        ...

    def head(self, size: int) -> LogHead | None:
        """Return the head of exactly this size."""
        ...

    def heads_below(self, size: int | None, limit: int) -> Sequence[LogHead]:
        """Return the newest heads of less than `size` entries, newest first; None for any."""
        ...

    def head_count(self) -> int:
        """Return the number of heads."""
        ...

    def on_chain(self) -> LogHead | None:
        """Return the newest head on the chain."""
        ...

    def covering(self, size: int) -> LogHead | None:
        """Return the smallest head on the chain that covers `size` entries."""
        ...

    def span_of_block(self, block: int) -> tuple[int, int]:
        """Return the first index that a block was the first to cover, and the one behind them."""
        ...

    def index_of(self, commitment: bytes) -> int | None:
        """Return the index of the entry with this commitment."""
        ...

    def entries(self, start: int, end: int) -> Sequence[Entry]:
        """Return the entries from `start` up to before `end`, in order."""
        ...

    def search(
        self, criteria: Criteria, span: tuple[int, int], before: int | None, limit: int
    ) -> tuple[Tally, Sequence[Entry]]:
        """Return how many entries of a span of indexes are wanted, and the newest of them."""
        ...

    def issuers(self) -> Sequence[str]:
        """Return the offices that have entries."""
        ...

    def growth(self, since: int, until: int) -> Sequence[tuple[int, str, int]]:
        """Return hour, kind and number of the entries from one hour up to before another."""
        ...

    def last_hour(self) -> int | None:
        """Return the latest hour of an entry."""
        ...


class AuditedLog(Protocol):
    """Opens the state of one log."""

    def __call__(self) -> AbstractContextManager[AuditedState]:
        """Return the state as it is at one moment."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what was found, newest first.

    Attributes:
        entries: on this page.
        tally: of all that are wanted.
        next: index before which the next page begins; None on the last one.
    """

    entries: Sequence[Entry]
    tally: Tally
    next: int | None


class UnreadableLogError(RuntimeError):
    """A file of the log is missing or has another form."""


@contextmanager
def readable() -> Iterator[None]:
    """Tell what goes wrong with the log's files as an UnreadableLogError."""
    try:
        yield
    except (OSError, TileError) as error:
        raise UnreadableLogError(str(error)) from error


def search(log: AuditedLog, criteria: Criteria, before: int | None, limit: int) -> Page:
    """Return entries that a signed head covers and that are wanted.

    Args:
        log: where to look.
        criteria: what is wanted.
        before: index before which the page begins; None for the newest.
        limit: most entries on a page.
    """
    with log() as state:
        head = state.newest()
        first, end = 0, head.size if head else 0
        if criteria.block is not None:
            first, end = state.span_of_block(criteria.block)
        tally, found = state.search(criteria, (first, end), before, limit + 1)
    rest = found[limit:]
    return Page(found[:limit], tally, found[limit - 1].sequence if rest else None)


def look_up(publisher: Publisher, log: AuditedLog, index: int, size: int | None) -> Included | None:
    """Return an entry and its way to the root of a head; None if there is no such entry.

    Args:
        publisher: has the files.
        log: where to look.
        index: of the entry.
        size: of the head; when None, the smallest on the chain that covers the entry, or the
            newest while there is none.
    """
    with log() as state:
        anchor = state.covering(index + 1)
        head = (anchor or state.newest()) if size is None else state.head(size)
        if head is None or not 0 <= index < head.size:
            return None
        (entry,) = state.entries(index, index + 1)
    with readable():
        proof = tuple(TileTree(head.size, publisher.files.read).inclusion_proof(index, head.size))
    return Included(entry, proof, inclusion_steps(entry, head.size, proof), head, anchor)


def look_up_on(
    chain: ChainHead | None, publisher: Publisher, log: AuditedLog, index: int, size: int | None
) -> Included | None:
    """Return an entry and its way to the head that the chain has now, if that covers it.

    A head that the chain has and this node has not is the reader's to wonder about; the entry is
    then proved as `look_up` does without a size, as it is when a size is asked for.
    """
    if size is None and chain is not None and index < chain.size:
        found = look_up(publisher, log, index, chain.size)
        if found is not None:
            return found
    return look_up(publisher, log, index, size)


def index_of(log: AuditedLog, salt: str, digest: str) -> int | None:
    """Return where the thing of this digest stands; both are base64url, the digest also hex."""
    try:
        committed = commitment(base64url.decode(salt.strip()), _digest(digest.strip()))
    except (EncodingError, EntryError):
        return None
    with log() as state:
        return state.index_of(committed)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return base64url.decode(text)


def grown(publisher: Publisher, log: AuditedLog, old: int, new: int) -> Grown | None:
    """Return how the head of one size extends that of another; None if there is no such head."""
    with log() as state:
        before, after = state.head(min(old, new)), state.head(max(old, new))
    if before is None or after is None or not before.size:
        return None
    proof: tuple[bytes, ...] = ()
    if before.size < after.size:
        with readable():
            proof = tuple(publisher.prove(before.size, after.size))
    return Grown(before, after, proof, consistency_steps(before, after, proof))


def judge(publisher: Publisher, log: AuditedLog, receipt: Receipt) -> Verdict:
    """Hold a holder's receipt against the log's key and the entry that stands in the log."""
    key = VerifierKey.of(publisher.origin, publisher.signer)
    failures = receipts.check(receipt, key).failures
    with log() as state:
        head = state.newest()
        covered = head is not None and receipt.index < head.size
        found = state.entries(receipt.index, receipt.index + 1) if covered else ()
    if [receipt.entry] != list(found):
        detail = f"the log has {'another entry' if found else 'no entry'} at {receipt.index}"
        failures = (*failures, Failure("entry", "log", detail))
    return Verdict(failures)
