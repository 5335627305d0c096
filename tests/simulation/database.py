"""The database of a log in memory: transactions that are kept whole or not at all."""

import copy
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy.exc import OperationalError

from ledger_node.publisher.model import HeadState, LogHead, Submitted
from madang.core.merkle.entry import Entry
from madang.core.merkle.note import NoteSignature
from tests.simulation.chance import Chance

RECENT = 100
"""Heads among which those are whose block is not final yet."""


@dataclass
class Tables:
    """What a log keeps.

    Attributes:
        entries: by key.
        indexes: of the keys that have one.
        order: the keys in the order of the log.
        waiting: keys without an index, in the order in which they came.
        heads: by size.
        sizes: of the heads, in order.
        lines: line and time by size and name of the witness.
        last: size and time of the largest head by name of the witness.
    """

    entries: dict[str, Submitted] = field(default_factory=dict)
    indexes: dict[str, int] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    waiting: dict[str, None] = field(default_factory=dict)
    heads: dict[int, LogHead] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    lines: dict[int, dict[str, tuple[NoteSignature, int]]] = field(default_factory=dict)
    last: dict[str, tuple[int, int]] = field(default_factory=dict)


class MemoryLog:
    """Twin of `SqlLog`; each change can be undone."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.undo: list[Callable[[], object]] = []

    def keep(self, entries: Sequence[Submitted]) -> Sequence[tuple[Submitted, int | None]]:
        return [self._keep(entry) for entry in entries]

    def _keep(self, entry: Submitted) -> tuple[Submitted, int | None]:
        tables = self._tables
        if entry.key not in tables.entries:
            tables.entries[entry.key] = entry
            tables.waiting[entry.key] = None
            self.undo.append(lambda: (tables.entries.pop(entry.key), tables.waiting.pop(entry.key)))
        return tables.entries[entry.key], tables.indexes.get(entry.key)

    def find(self, key: str) -> tuple[Submitted, int | None] | None:
        found = self._tables.entries.get(key)
        return None if found is None else (found, self._tables.indexes.get(key))

    def waiting(self, limit: int) -> Sequence[Submitted]:
        return [self._tables.entries[key] for key in list(self._tables.waiting)[:limit]]

    def sequence(self, indexes: Mapping[str, int]) -> None:
        tables = self._tables
        before = dict(tables.waiting)
        for key, index in sorted(indexes.items(), key=lambda each: each[1]):
            assert index == len(tables.order), "each index is given once"
            tables.order.append(key)
            tables.indexes[key] = index
            del tables.waiting[key]
        self.undo.append(lambda: self._unsequence(indexes, before))

    def _unsequence(self, indexes: Mapping[str, int], before: dict[str, None]) -> None:
        del self._tables.order[-len(indexes) :]
        for key in indexes:
            del self._tables.indexes[key]
        self._tables.waiting = before

    def entries(self, start: int, end: int) -> Sequence[Entry]:
        found = []
        for index, key in enumerate(self._tables.order[start:end], start):
            each = self._tables.entries[key]
            found.append(Entry(index, each.kind, each.hour, each.issuer, each.commitment))
        return found

    def newest(self) -> LogHead | None:
        return self._tables.heads[self._tables.sizes[-1]] if self._tables.sizes else None

    def head(self, size: int) -> LogHead | None:
        return self._tables.heads.get(size)

    def included(self) -> Sequence[LogHead]:
        heads = [self._tables.heads[size] for size in self._tables.sizes[-RECENT:]]
        return [head for head in heads if head.state is HeadState.INCLUDED]

    def newest_anchored(self) -> LogHead | None:
        heads = (self._tables.heads[size] for size in reversed(self._tables.sizes))
        return next((head for head in heads if head.state is HeadState.ANCHORED), None)

    def head_sizes(self, above: int, limit: int) -> Sequence[int]:
        first = bisect_right(self._tables.sizes, above)
        return self._tables.sizes[first : first + limit]

    def save(self, head: LogHead) -> None:
        tables, before = self._tables, self._tables.heads.get(head.size)
        tables.heads[head.size] = head
        if before is not None:
            self.undo.append(lambda: tables.heads.update({head.size: before}))
            return
        assert not tables.sizes or tables.sizes[-1] < head.size
        tables.sizes.append(head.size)
        self.undo.append(lambda: (tables.heads.pop(head.size), tables.sizes.pop()))

    def cosignatures(self, size: int) -> Sequence[NoteSignature]:
        lines = self._tables.lines.get(size, {})
        return [lines[name][0] for name in sorted(lines)]

    def add_cosignature(self, size: int, line: NoteSignature, time: int) -> None:
        tables = self._tables
        lines = tables.lines.setdefault(size, {})
        before, last = dict(lines), dict(tables.last)
        lines[line.name] = (line, time)
        if size >= last.get(line.name, (0, 0))[0]:
            tables.last[line.name] = (size, time)
        self.undo.append(
            lambda: (tables.lines.update({size: before}), setattr(tables, "last", last))
        )

    def last_cosigned(self, names: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        return {name: self._tables.last[name] for name in names if name in self._tables.last}

    def cosigned_size(
        self, keys: Collection[tuple[str, bytes]], quorum: int, *, anchored: bool = False
    ) -> int:
        for size in reversed(self._tables.sizes):
            if anchored and self._tables.heads[size].state is not HeadState.ANCHORED:
                continue
            lines = [line for line, _ in self._tables.lines.get(size, {}).values()]
            if sum((line.name, line.key_id) in keys for line in lines) >= quorum:
                return size
        return 0


class MemoryLogs:
    """Twin of `SqlLogs`, cut off before and after each commit, and locked at times.

    Attributes:
        locked: openings that fail because another connection writes.
        busy: whether a transaction is open; the database has one writer.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.tables = Tables()
        self.locked = 0
        self.busy = False

    @contextmanager
    def __call__(self) -> Iterator[MemoryLog]:
        assert not self.busy, "one transaction at a time"
        if self.locked:
            self.locked -= 1
            self._chance.happened("locked database")
            raise OperationalError("", None, Exception("database is locked"))
        store = MemoryLog(self.tables)
        self.busy = True
        try:
            yield store
            if store.undo:
                self._chance.point("before a commit")
        except BaseException:
            for undo in reversed(store.undo):
                undo()
            raise
        finally:
            self.busy = False
        if store.undo:
            self._chance.point("after a commit")

    def copy(self) -> Tables:
        """Return all that is there, for a copy of the disk."""
        copied = Tables(**{name: copy.copy(value) for name, value in vars(self.tables).items()})
        copied.lines = {size: dict(lines) for size, lines in self.tables.lines.items()}
        return copied

    def restore(self, tables: Tables) -> None:
        """Put a copy in the place of what is there."""
        self.tables = tables
