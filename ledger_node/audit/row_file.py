"""An office's database export on the disk, read in order of the log without being held.

An export may be as long as the log. What is held is a place in the file for each row, and the
rows of one range are read when their entries are.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from madang.core.evidence.rows import MAX_ROW_BYTES, Row, RowError, parse_row, row_index

_NEWLINE = b"\r\n"
_READ = 1 << 20
_UNPLACED = 2**63 - 1
"""Stands for an index that no entry has, behind all others."""


@dataclass(frozen=True, slots=True)
class RowSlice:
    """Rows of a file, by the places of their lines, to be read in this order.

    Attributes:
        path: the file.
        places: byte offsets.
    """

    path: Path
    places: "array[int]"

    def __iter__(self) -> Iterator[Row]:
        """Read the rows; RowError or OSError when the file was changed meanwhile."""
        with self.path.open("rb") as file:
            for place in self.places:
                file.seek(place)
                try:
                    yield parse_row(file.readline(MAX_ROW_BYTES + 1).rstrip(_NEWLINE))
                except RowError as error:
                    raise RowError(f"line {_number(file, place)} of the export: {error}") from error


class RowFile:
    """All rows of an export, in order of their index.

    Args:
        path: one JSON object a line, as `madang export` writes them.

    Raises:
        RowError: a line is no row; the message names it.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._indexes, self._places = array("q"), array("q")
        with path.open("rb") as file:
            self._scan(file)
        self._sort()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._places)

    def between(self, start: int, end: int | None) -> RowSlice:
        """Return the rows from one index up to before another; to the end if there is none.

        Rows that have no entry come last.
        """
        first = bisect_left(self._indexes, start)
        last = len(self) if end is None else bisect_left(self._indexes, end)
        return RowSlice(self.path, self._places[first:last])

    def _scan(self, file: BinaryIO) -> None:
        place = 0
        while line := file.readline(MAX_ROW_BYTES + 1):
            if stripped := line.rstrip(_NEWLINE):
                try:
                    index = row_index(stripped)
                except RowError as error:
                    raise RowError(f"line {_number(file, place)} of the export: {error}") from error
                self._indexes.append(_UNPLACED if index is None or index < 0 else index)
                self._places.append(place)
            place += len(line)

    def _sort(self) -> None:
        indexes, places = self._indexes, self._places
        if any(left > right for left, right in pairwise(indexes)):
            order = sorted(range(len(indexes)), key=indexes.__getitem__)
            self._indexes = array("q", (indexes[at] for at in order))
            self._places = array("q", (places[at] for at in order))


def _number(file: BinaryIO, place: int) -> int:
    """Return the number of the line at a place; only asked when it is to be named."""
    file.seek(0)
    number = 1
    while place > 0 and (data := file.read(min(place, _READ))):
        number += data.count(b"\n")
        place -= len(data)
    return number
