"""Accept entries, sequence them, publish, anchor: each step durable before the next.

The database is the truth. A checkpoint is signed and kept there together with the sequence of
its entries; files and chain follow from it and are brought up to it again after a crash.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol

from ledger_node.chain.model import ChainTransaction, TransactionState
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import (
    HeadState,
    KeyConflictError,
    LogDamagedError,
    LogHead,
    Submitted,
)
from madang.core.keys.signing import Signer
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.entry import Entry
from madang.core.merkle.growth import grow
from madang.core.merkle.tiles import TileTree
from madang.core.merkle.tree import CompactRange, leaf_hash

_log = logging.getLogger(__name__)


class LogStore(Protocol):
    """Durable state of one log, inside one database transaction."""

    def find(self, key: str) -> tuple[Submitted, int | None] | None:
        """Return an entry and its index by key."""
        ...

    def add(self, entry: Submitted) -> None:
        """Keep an entry that has no index yet."""
        ...

    def waiting(self, limit: int) -> Sequence[Submitted]:
        """Return entries without an index."""
        ...

    def sequence(self, indexes: Mapping[str, int]) -> None:
        """Give entries their indexes by key."""
        ...

    def entries(self, start: int, end: int) -> Sequence[Entry]:
        """Return the entries from `start` up to before `end`, in order."""
        ...

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        ...

    def head(self, size: int) -> LogHead | None:
        """Return the head of exactly this size."""
        ...

    def included(self) -> Sequence[LogHead]:
        """Return the heads whose block is not final yet, oldest first."""
        ...

    def save(self, head: LogHead) -> None:
        """Insert or update a head by size."""
        ...


class LogStores(Protocol):
    """Opens the state of one log."""

    def __call__(self) -> AbstractContextManager[LogStore]:
        """Return the state, whose changes are kept together when the block ends well."""
        ...


class AnchoredHeads(Protocol):
    """Which heads of one log stand on the chain."""

    def anchored_from(self, size: int) -> LogHead | None:
        """Return the smallest anchored head that covers `size` entries."""
        ...


class AnchoredLog(Protocol):
    """Opens the heads of one log."""

    def __call__(self) -> AbstractContextManager[AnchoredHeads]:
        """Return the heads as they are in one transaction."""
        ...


@dataclass
class Publisher:
    """The one writer of one log.

    Attributes:
        origin: the log's permanent name.
        signer: the log's Ed25519 key.
        cosigner: the log's second key.
        files: the published log.
        stores: its durable state.
        shuffle: puts entries into an order of chance, so that neighbours say nothing.
        limit: most entries in one checkpoint.
        damage: why nothing is accepted or signed any more; empty while all is well.
    """

    origin: str
    signer: Signer
    cosigner: Cosigner
    files: LogFiles
    stores: LogStores
    shuffle: Callable[[Sequence[Submitted]], list[Submitted]]
    limit: int
    damage: str = field(default="", init=False)
    _range: CompactRange = field(default_factory=lambda: CompactRange(0, ()), init=False)

    def accept(self, entries: Sequence[Submitted]) -> dict[str, int | None]:
        """Keep entries and return the index of each, None for one that waits.

        Raises:
            KeyConflictError: a key was used for another entry; nothing of the call is kept.
            LogDamagedError: the log is held.
        """
        self._check_held()
        indexes: dict[str, int | None] = {}
        with self.stores() as store:
            for entry in entries:
                known = store.find(entry.key)
                if known is None:
                    store.add(entry)
                    indexes[entry.key] = None
                elif known[0] != entry:
                    raise KeyConflictError(entry.key)
                else:
                    indexes[entry.key] = known[1]
        return indexes

    def introduce(self) -> None:
        """Enter the second key into its own log, once however often this is called."""
        entry = self.cosigner.introduction()
        with self.stores() as store:
            if store.find(entry.key) is None:
                store.add(entry)

    def hold(self, reason: str) -> None:
        """Stop accepting and signing until somebody looked and the process was started again."""
        if not self.damage:
            _log.critical("the log is held: %s", reason)
        self.damage = self.damage or reason

    def _check_held(self) -> None:
        if self.damage:
            raise LogDamagedError(self.damage)

    def recover(self) -> None:
        """Bring the files up to the newest signed head, and hold them against it.

        Raises:
            LogDamagedError: they are not files of this log, or newer than the database.
        """
        with self.stores() as store:
            head = store.newest()
        published = self._published()
        if head is None:
            if published:
                raise LogDamagedError(f"{self.origin}: published entries are not in the database")
            return
        if published > head.size:
            raise LogDamagedError(
                f"{self.origin}: the checkpoint has {published} entries, the database {head.size}"
            )
        self._range = TileTree(published, self.files.read).compact_range()
        self._publish(head)

    def _published(self) -> int:
        note = self.files.checkpoint()
        return 0 if note is None else checkpoint.parse_note(note).checkpoint.size

    def checkpoint(self) -> LogHead | None:
        """Sequence what waits, sign and publish a new head; None when nothing waits.

        Raises:
            LogDamagedError: the log is held, or its files are not what was signed.
        """
        self._check_held()
        with self.stores() as store:
            waiting = self.shuffle(store.waiting(self.limit))
            if not waiting:
                return None
            head = self._sign(waiting)
            first = self._range.size
            store.sequence({entry.key: first + at for at, entry in enumerate(waiting)})
            store.save(head)
        self._publish(head)
        return head

    def _sign(self, waiting: Sequence[Submitted]) -> LogHead:
        first = self._range.size
        leaves = [leaf_hash(_entry(first + at, each).encode()) for at, each in enumerate(waiting)]
        grown = self._range.extend(leaves)
        head = Checkpoint(self.origin, grown.size, grown.root())
        note = checkpoint.sign(head, self.signer, self.cosigner.line(head))
        return LogHead(head.size, head.root, note)

    def _publish(self, head: LogHead) -> None:
        """Write what the files lack of this head, the checkpoint last."""
        if self._range.size < head.size:
            with self.stores() as store:
                entries = store.entries(self._range.size, head.size)
            growth = grow(self._range, self.files.read, [entry.encode() for entry in entries])
            for tile, content in growth.files:
                self.files.write(tile, content)
            self._range = growth.range
        if self._range.root() != head.root:
            raise LogDamagedError(f"{self.origin}: the files have another root than was signed")
        self.files.publish(head.note)

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        with self.stores() as store:
            return store.newest()

    def prove(self, old: int, new: int) -> list[bytes]:
        """Return the consistency proof between two sizes."""
        return TileTree(new, self.files.read).consistency_proof(old, new)

    def included(self) -> Sequence[LogHead]:
        """Return the heads whose block is not final yet, oldest first."""
        with self.stores() as store:
            return store.included()

    def anchored(self, head: LogHead, transaction: ChainTransaction | None) -> LogHead:
        """Keep what became of a head on the chain; without a transaction it is covered there."""
        if transaction is None:
            settled = replace(head, state=HeadState.ANCHORED)
        else:
            settled = replace(
                head,
                state=_state(transaction),
                transaction=None if transaction.block is None else transaction.hash,
                block=transaction.block,
                block_hash=transaction.block_hash,
                block_time=transaction.block_time,
            )
        with self.stores() as store:
            store.save(settled)
        return settled


def _state(transaction: ChainTransaction) -> HeadState:
    if transaction.block is None:
        return HeadState.PUBLISHED
    if not transaction.final:
        return HeadState.INCLUDED
    accepted = transaction.state is TransactionState.ACCEPTED
    return HeadState.ANCHORED if accepted else HeadState.REFUSED


def _entry(index: int, submitted: Submitted) -> Entry:
    return Entry(index, submitted.kind, submitted.hour, submitted.issuer, submitted.commitment)
