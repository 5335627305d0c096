"""A municipality's database, as it was exported, held against its log; nothing of it is kept."""

import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final

from ledger_node.audit.reading import AuditInputError, read_entries
from ledger_node.audit.usecases import AuditedLog, UnreadableLogError
from ledger_node.publisher.usecases import Publisher
from madang.core.evidence.audit import audit
from madang.core.evidence.findings import Finding
from madang.core.evidence.heads import Head
from madang.core.evidence.rows import Row, RowError, RowPolicy, parse_row
from madang.core.merkle.entry import Entry, EntryError, EntryKind, commitment

MOST_KEPT: Final = 10_000
"""Differences of each kind that are named; all are counted."""
MOST_HEADS: Final = 1_000
MOST_ROWS_OF_NUMBER: Final = 100
_KINDS: Final = frozenset({EntryKind.CREDENTIAL, EntryKind.STATUS_LIST})


class ExportError(ValueError):
    """What was sent is no export; the message names the line."""


class BusyError(RuntimeError):
    """Another export is being read."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it.

    Attributes:
        rows: rows that were sent.
        entries: entries of the log that were read.
        root: recomputed from them, 32 bytes.
        heads: heads that the entries were held against.
        counts: differences by code.
        findings: the differences, as many of each code as are kept.
    """

    rows: int
    entries: int
    root: bytes
    heads: int
    counts: Mapping[str, int]
    findings: Sequence[Finding]

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        return {
            "ok": not self.counts,
            "rows": self.rows,
            "entries": self.entries,
            "root": self.root.hex(),
            "heads": self.heads,
            "counts": dict(self.counts),
            "findings": [
                {"code": each.code.value, "where": each.where, "detail": each.detail}
                for each in self.findings
            ],
        }


@dataclass
class Comparer:
    """Reads one export at a time: each takes a processor for a while, and its memory.

    Who comes meanwhile does not wait: threads that wait would be missing to everybody else.
    """

    _one: threading.Lock = field(default_factory=threading.Lock, init=False)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the one turn; BusyError while another has it."""
        if not self._one.acquire(blocking=False):
            raise BusyError
        try:
            yield
        finally:
            self._one.release()

    def compare(
        self, publisher: Publisher, log: AuditedLog, content: bytes, kept_from: int = 0
    ) -> Comparison:
        """Hold rows against the entries, and the entries against the newest heads.

        Args:
            publisher: has the files.
            log: has the heads.
            content: the export.
            kept_from: epoch seconds; rows of before may have been deleted.

        Raises:
            BusyError: another export is being read.
            ExportError: it is none.
            UnreadableLogError: a file of the log is missing or has another form.
        """
        with self.turn():
            rows = read_export(content)
            with log() as state:
                heads = state.heads_below(None, MOST_HEADS)
            size = heads[0].size if heads else 0
            known = [Head(head.size, head.root, f"head {head.size}") for head in heads]
            policy = RowPolicy(_KINDS, kept_from)
            try:
                entries = read_entries(publisher.files.folder, 0, size, size)
                report = audit(entries, known, rows, policy=policy, keep=MOST_KEPT)
            except AuditInputError as error:
                raise UnreadableLogError(str(error)) from error
        counts = {code.value: count for code, count in report.counts.items()}
        return Comparison(len(rows), report.size, report.root, len(known), counts, report.findings)


def read_export(content: bytes) -> list[Row]:
    """Return the rows of an export in order of their index.

    Raises:
        ExportError: naming the line.
    """
    rows = []
    # Line by line: all lines at once would take many times the memory of what was sent.
    for number, line in enumerate(io.BytesIO(content), 1):
        stripped = line.strip()
        try:
            if stripped:
                rows.append(parse_row(stripped))
        except RowError as error:
            raise ExportError(f"line {number} of the export: {error}") from error
    return sorted(rows, key=lambda row: (row.index is None, row.index or 0))


class Standing(StrEnum):
    """How a row of an export stands to the log."""

    SAME = "same"
    ALTERED = "altered"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A row of the certificate that was asked for."""

    row: Row
    standing: Standing


def find_number(log: AuditedLog, rows: Sequence[Row], number: str) -> list[Numbered]:
    """Return the rows whose reference begins with a certificate's number, and their standing."""
    found = [row for row in rows if row.reference.startswith(number)][:MOST_ROWS_OF_NUMBER]
    with log() as state:
        head = state.newest()
        size = head.size if head else 0
        return [
            Numbered(row, _standing(row, state.entries(row.index, row.index + 1)))
            if row.index is not None and 0 <= row.index < size
            else Numbered(row, Standing.ABSENT)
            for row in found
        ]


def _standing(row: Row, entries: Sequence[Entry]) -> Standing:
    try:
        committed = commitment(row.salt, row.digest)
    except EntryError:
        return Standing.ALTERED
    same = [(each.kind, each.commitment) for each in entries] == [(row.kind, committed)]
    return Standing.SAME if same else Standing.ALTERED


def kept_from(day: date | None, utc_offset_hours: int) -> int:
    """Return the epoch seconds at which a day of the office begins; 0 for no day."""
    if day is None:
        return 0
    since_epoch = (day - date(1970, 1, 1)).days * 86_400
    return max(0, since_epoch - utc_offset_hours * 3600)
