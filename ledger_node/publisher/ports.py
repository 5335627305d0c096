"""What the publisher asks of its database."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ledger_node.publisher.model import LogHead, Submitted
from madang.core.merkle.entry import Entry
from madang.core.merkle.note import NoteSignature


class LogStore(Protocol):
    """Durable state of one log, inside one database transaction."""

    def find(self, key: str) -> tuple[Submitted, int | None] | None:
        """Return an entry and its index by key."""
        ...

    def keep(self, entries: Sequence[Submitted]) -> Sequence[tuple[Submitted, int | None]]:
        """Keep each entry unless its key is known; return what the keys stand for, with indexes."""
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

    def newest_anchored(self) -> LogHead | None:
        """Return the largest head that is on the chain for good."""
        ...

    def head_sizes(self, above: int, limit: int) -> Sequence[int]:
        """Return the sizes of signed heads above a size, the smallest first."""
        ...

    def cosignatures(self, size: int) -> Sequence[NoteSignature]:
        """Return the lines of witnesses under the head of this size, by their names."""
        ...

    def add_cosignature(self, size: int, line: NoteSignature, time: int) -> None:
        """Keep the line of a witness; a later one of the same witness takes its place.

        Args:
            size: of the head.
            line: checked by the witness's key before.
            time: in the line, seconds since the epoch.
        """
        ...

    def last_cosigned(self, names: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        """Return size and time of the largest head that each of these has cosigned, by its name."""
        ...

    def cosigned_size(
        self, keys: Collection[tuple[str, bytes]], quorum: int, *, anchored: bool = False
    ) -> int:
        """Return the largest size that so many of these witnesses cosigned, 0 for none.

        Args:
            keys: name and key id of each witness that counts.
            quorum: how many of them have to.
            anchored: whether the head has to be on the chain for good, too.
        """
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
