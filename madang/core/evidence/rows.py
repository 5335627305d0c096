"""An office's database rows, held against the entries of its log as these are read."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.evidence.findings import FindingCode, Findings
from madang.core.merkle.entry import Entry, EntryError, EntryKind, commitment

MAX_ROW_BYTES = 4096
MAX_INDEX = 2**53 - 1

# What `madang export` writes, so that a million rows need no general parser of JSON.
_FORM = re.compile(
    rb'\{"kind":"([a-z_]+)","digest":"([A-Za-z0-9_-]*)","salt":"([A-Za-z0-9_-]*)",'
    rb'"index":(null|0|[1-9][0-9]{0,15}),"reference":"([ !#-\[\]-~]*)"\}'
)
_KINDS = {kind.encode(): kind for kind in EntryKind}


class RowError(ValueError):
    """A line that is no row of a database export; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Row:
    """What an office's database says about one entry.

    Attributes:
        kind: what was done.
        digest: SHA-256 of the thing as the database has it now, 32 bytes.
        salt: the salt of the commitment.
        index: the entry's position, or None when the row was never entered.
        reference: the row's name in the office, such as a certificate number.
    """

    kind: EntryKind
    digest: bytes
    salt: bytes
    index: int | None
    reference: str


def parse_row(line: bytes) -> Row:
    """Read one line of a database export: a JSON object of kind, digest, salt, index, reference.

    Digest and salt are base64url; the index is a number, or null for what was never entered.

    Raises:
        RowError: for anything else.
    """
    match = _FORM.fullmatch(line) if len(line) <= MAX_ROW_BYTES else None
    try:
        if match is not None:
            kind, digest, salt, index, reference = match.groups()
            return Row(
                _KINDS[kind],
                base64url.decode(digest.decode()),
                base64url.decode(salt.decode()),
                None if index == b"null" else _index(int(index)),
                reference.decode(),
            )
        value = strict_json.loads(line, max_bytes=MAX_ROW_BYTES, max_depth=1)
        return Row(
            EntryKind(value["kind"]),
            base64url.decode(_text(value["digest"])),
            base64url.decode(_text(value["salt"])),
            None if value["index"] is None else _index(value["index"]),
            _text(value["reference"]),
        )
    except (KeyError, TypeError, ValueError, EncodingError) as error:
        raise RowError(f"no row of an export: {error!r}") from error


def row_index(line: bytes) -> int | None:
    """Return the index of a row, in a fraction of the time of `parse_row`.

    The rest of a line that begins like a row is not looked at.

    Raises:
        RowError: when the line is no row.
    """
    match = _FORM.fullmatch(line)
    if match is None:
        return parse_row(line).index
    return None if match[4] == b"null" else int(match[4])


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(value, str):
        raise TypeError(f"a text was expected, not {value!r:.80}")
    return value


def _index(value: Any) -> int:  # noqa: ANN401 - any JSON value
    if type(value) is not int or abs(value) > MAX_INDEX:
        raise TypeError(f"an index is a whole number up to {MAX_INDEX}, not {value!r:.80}")
    return value


@dataclass(frozen=True, slots=True)
class RowPolicy:
    """Which entries must have a row.

    Attributes:
        kinds: kinds that the database under audit keeps.
        retained_from: epoch seconds; rows of entries of earlier hours may have been deleted
            at the end of their retention, so their absence is no finding.
    """

    kinds: frozenset[EntryKind] = frozenset(EntryKind)
    retained_from: int = 0


class RowCheck:
    """Walks rows and entries side by side; both come in order of the index.

    Of several rows for one entry, the one that it commits to is the right one and the
    others were added; if none is right, the first was altered and the others were added.
    """

    def __init__(
        self, rows: Iterable[Row], policy: RowPolicy, findings: Findings, unplaced: Findings
    ) -> None:
        self._policy = policy
        self._findings = findings
        self._unplaced = unplaced
        self._rows = self._placed(rows)
        self._next = next(self._rows, None)

    def compare(self, index: int, entry: Entry | None) -> None:
        """Compare the rows of one entry; None is an entry that could not be read."""
        rows = self._take(index)
        if entry is None:
            return
        judged = [(row, _difference(row, entry)) for row in rows]
        right = [row for row, difference in judged if not difference]
        wrong = [(row, difference) for row, difference in judged if difference]
        if not right and wrong:
            row, difference = wrong.pop(0)
            self._findings.add(
                FindingCode.ROW_ALTERED, row.reference, f"entry {index}: {difference}"
            )
        for row, difference in wrong:
            self._added(row, f"a further row for entry {index}: {difference}")
        for row in right[1:]:
            self._added(row, f"a second row for entry {index}")
        if not rows and entry.kind in self._policy.kinds:
            self._absent(index, entry)

    def finish(self, size: int) -> None:
        """Name the rows that point behind the end of the log."""
        while self._next is not None:
            self._added(self._next, f"index {self._next.index} in a log of {size} entries")
            self._next = next(self._rows, None)

    def _take(self, index: int) -> list[Row]:
        rows = []
        while self._next is not None and self._next.index == index:
            rows.append(self._next)
            self._next = next(self._rows, None)
        return rows

    def _placed(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows that have an index, and name those that have none."""
        last = 0
        for row in rows:
            if row.index is None or row.index < 0:
                detail = "it has no entry in the log"
                self._unplaced.add(FindingCode.ROW_ADDED, row.reference, detail)
            elif row.index < last:
                raise ValueError(
                    f"rows come in order of the index: {row.reference} has {row.index} after {last}"
                )
            else:
                last = row.index
                yield row

    def _absent(self, index: int, entry: Entry) -> None:
        if entry.hour >= self._policy.retained_from:
            detail = f"no row for a {entry.kind} entry of hour {entry.hour}"
            self._findings.add(FindingCode.ROW_MISSING, f"entry {index}", detail)

    def _added(self, row: Row, detail: str) -> None:
        self._findings.add(FindingCode.ROW_ADDED, row.reference, detail)


def _difference(row: Row, entry: Entry) -> str:
    """Say how a row differs from its entry; empty when it does not."""
    if row.kind != entry.kind:
        return f"the row says {row.kind}, the entry {entry.kind}"
    try:
        same = commitment(row.salt, row.digest) == entry.commitment
    except EntryError as error:
        return str(error)
    return "" if same else "the entry commits to another content or salt"
