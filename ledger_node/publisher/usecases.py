"""Accept entries, sequence them, publish, anchor: each step durable before the next.

The database is the truth. A checkpoint is signed and kept there together with the sequence of
its entries; files and chain follow from it and are brought up to it again after a crash.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ledger_node.chain.model import ChainTransaction, TransactionState
from ledger_node.publisher.cosigner import Cosigner
from ledger_node.publisher.files import LogFiles
from ledger_node.publisher.model import (
    HeadState,
    KeyConflictError,
    LogDamagedError,
    LogHead,
    Submitted,
    shown,
)
from ledger_node.publisher.ports import LogStore, LogStores
from madang.core.keys.signing import Signer
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.entry import Entry
from madang.core.merkle.growth import edge_of, grow
from madang.core.merkle.note import NoteError, NoteSignature, VerifierKey
from madang.core.merkle.tiles import TILE_HEIGHT, Tile, TileError, TileTree
from madang.core.merkle.tree import CompactRange, leaf_hash

STEPS = 1_000
"""Heads that are read from the database at once while files are written anew."""
_log = logging.getLogger(__name__)


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
        published: the head whose files are all there; None before the first.
        damage: why nothing is accepted or signed any more; empty while all is well.
    """

    origin: str
    signer: Signer
    cosigner: Cosigner
    files: LogFiles
    stores: LogStores
    shuffle: Callable[[Sequence[Submitted]], list[Submitted]]
    limit: int
    published: LogHead | None = field(default=None, init=False)
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
            for entry, (known, index) in zip(entries, store.keep(entries), strict=True):
                if known != entry:
                    raise KeyConflictError(entry.key)
                indexes[entry.key] = index
        return indexes

    def introduce(self) -> None:
        """Enter the second key into its own log, once however often this is called."""
        entry = self.cosigner.introduction()
        with self.stores() as store:
            store.keep([entry])

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

        Files that are not there or not as they were written are written anew.

        Raises:
            LogDamagedError: the log has published what the database does not know, or the
                entries of the database have another root than was signed.
        """
        with self.stores() as store:
            head = store.newest()
            size = self._known_size(store)
        if head is None:
            return
        self._publish_whole(head, size)
        self._forget_partials(0, head.size)

    def _publish_whole(self, head: LogHead, size: int) -> None:
        """Publish a head on the files of `size` entries, or on none if those are not whole."""
        try:
            self._range = edge_of(size, self.files.read)
            self._publish(head)
        except (FileNotFoundError, TileError, LogDamagedError) as error:
            _log.warning("the files of %s are written anew: %s", self.origin, error)
            self._range = CompactRange(0, ())
            self._publish(head)

    def _known_size(self, store: LogStore) -> int:
        """Return the size that is published, 0 when the checkpoint is not of this log."""
        published = self._published()
        if published is None:
            return 0
        known = store.head(published.size)
        if known is None or known.root != published.root:
            raise self._set_back(published.size, store.newest())
        return published.size

    def _set_back(self, published: int, newest: LogHead | None) -> LogDamagedError:
        return LogDamagedError(
            f"{self.origin}: a head of {published} entries is published that is not in the"
            f" database, whose newest has {newest.size if newest else 0}. One of them was set"
            " back: put back the newest copy of both (the log's database, and the folder of its"
            " tiles), and start again"
        )

    def _published(self) -> Checkpoint | None:
        try:
            note = self.files.checkpoint()
            signed = None if note is None else checkpoint.parse_note(note)
        except (NoteError, UnicodeDecodeError):
            return None
        own = signed is not None and checkpoint.verify(signed, self.key)
        return signed.checkpoint if own and signed is not None else None

    @property
    def key(self) -> VerifierKey:
        """Return the key by which others check the heads."""
        return VerifierKey.of(self.origin, self.signer)

    def checkpoint(self) -> LogHead | None:
        """Sequence what waits, sign and publish a new head; None when nothing waits.

        Raises:
            LogDamagedError: the log is held, or its database has gone back while it runs.
        """
        self._check_held()
        self._catch_up()
        with self.stores() as store:
            waiting = self.shuffle(store.waiting(self.limit))
            if not waiting:
                return None
            head = self._sign(waiting)
            first = self._range.size
            store.sequence({entry.key: first + at for at, entry in enumerate(waiting)})
            store.save(head)
        self._publish_whole(head, first)
        return head

    def _catch_up(self) -> None:
        """Publish what was signed and could not be published; sign on nothing else."""
        newest = self.newest()
        size, published = (each.size if each else 0 for each in (newest, self.published))
        if size < published:
            raise self._set_back(published, newest)
        if size > published:
            self.recover()

    def _sign(self, waiting: Sequence[Submitted]) -> LogHead:
        first = self._range.size
        leaves = [leaf_hash(_entry(first + at, each).encode()) for at, each in enumerate(waiting)]
        grown = self._range.extend(leaves)
        head = Checkpoint(self.origin, grown.size, grown.root())
        note = checkpoint.sign(head, self.signer, self.cosigner.line(head))
        return LogHead(head.size, head.root, note)

    def _publish(self, head: LogHead) -> None:
        """Write what the files lack of this head, the checkpoint last."""
        before = self._range.size
        while self._range.size < head.size:
            self._grow(head.size)
        if self._range.root() != head.root:
            raise LogDamagedError(f"{self.origin}: the entries have another root than was signed")
        self.files.publish(self._note(head))
        self.published = head
        self._forget_partials(before, head.size)

    def _grow(self, end: int) -> None:
        """Write the files of the next heads, the partial ones too as far as others ask for them."""
        with self.stores() as store:
            sizes = [size for size in store.head_sizes(self._range.size, STEPS) if size <= end]
            start = self._range.size
            entries = store.entries(start, sizes[-1] if sizes else end)
        for size in sizes or [end]:
            fresh = entries[self._range.size - start : size - start]
            growth = grow(self._range, self.files.read, [entry.encode() for entry in fresh])
            for tile, content in growth.files:
                self.files.write(tile, content)
            self._range = growth.range

    def _forget_partials(self, before: int, size: int) -> None:
        """Take away the partial files before the last full ones (C2SP tlog-tiles, Partial Tiles).

        The last full ones keep theirs, for readers that have just fetched an older checkpoint.
        """
        for level in (None, *range(size.bit_length() // TILE_HEIGHT)):
            shift = TILE_HEIGHT * ((level or 0) + 1)
            for index in range(max(0, (before >> shift) - 1), (size >> shift) - 1):
                self.files.forget_partials(Tile(level, index))

    def _note(self, head: LogHead) -> str:
        """Return the checkpoint with the lines of witnesses behind its own."""
        with self.stores() as store:
            return shown(head, store.cosignatures(head.size))

    def add_cosignature(self, size: int, line: NoteSignature, time: int) -> None:
        """Keep the line of a witness, and publish it if this head is the newest.

        Args:
            size: of the head.
            line: checked by the witness's key before.
            time: in the line, seconds since the epoch.
        """
        with self.stores() as store:
            store.add_cosignature(size, line, time)
        head, self.published = self.published, None
        # Until the line is published nothing is: the next checkpoint sees to that.
        if head is not None and head.size == size:
            self.files.publish(self._note(head))
        self.published = head

    def cosignatures(self, size: int) -> Sequence[NoteSignature]:
        """Return the lines of witnesses under the head of this size."""
        with self.stores() as store:
            return store.cosignatures(size)

    def newest(self) -> LogHead | None:
        """Return the newest signed head."""
        with self.stores() as store:
            return store.newest()

    def head(self, size: int) -> LogHead | None:
        """Return the head of exactly this size."""
        with self.stores() as store:
            return store.head(size)

    def prove(self, old: int, new: int) -> list[bytes]:
        """Return the consistency proof between two sizes."""
        return TileTree(new, self.files.read).consistency_proof(old, new)

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` entries.

        Raises:
            FileNotFoundError: so many are not published; the files are behind the database.
        """
        reached = self.published.size if self.published else 0
        if size > reached:
            raise FileNotFoundError(f"{self.origin}: {reached} entries are published, not {size}")
        return TileTree(reached, self.files.read).root(size)

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
