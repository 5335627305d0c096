"""An export is read in order of the log, whatever the order of its lines."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.audit.row_file import RowFile
from madang.core.evidence.rows import MAX_ROW_BYTES, Row, RowError
from madang.core.merkle.entry import EntryKind
from tests.unit.ledger_node.audit.published import row_line

INDEXES = st.lists(st.none() | st.integers(-2, 30), max_size=20)


def row(index: int | None, reference: str = "r") -> Row:
    return Row(EntryKind.CREDENTIAL, bytes(32), bytes(16), index, reference)


def written(path: Path, *indexes: int | None) -> RowFile:
    lines = [row_line(row(index, f"line {at}")) for at, index in enumerate(indexes)]
    path.write_text("".join(lines), "utf-8")
    return RowFile(path)


@given(INDEXES, st.lists(st.integers(0, 31), max_size=3))
def test_slices_hold_every_row_once_in_order_of_the_log(
    tmp_path_factory: pytest.TempPathFactory, indexes: list[int | None], cuts: list[int]
) -> None:
    file = written(tmp_path_factory.getbasetemp() / "slices.jsonl", *indexes)
    edges = [0, *sorted(cuts), None]
    parts = [
        [(each.index, each.reference) for each in file.between(first or 0, last)]
        for first, last in pairwise(edges)
    ]
    for (first, last), part in zip(pairwise(edges), parts, strict=True):
        placed = [index for index, _ in part if index is not None and index >= 0]
        assert all(index >= (first or 0) and (last is None or index < last) for index in placed)
        assert last is None or len(placed) == len(part)

    def order(pair: tuple[int | None, str]) -> tuple[bool, int]:
        index = pair[0]
        unplaced = index is None or index < 0
        return unplaced, 0 if unplaced or index is None else index

    given_order = [(index, f"line {at}") for at, index in enumerate(indexes)]
    assert [each for part in parts for each in part] == sorted(given_order, key=order)
    assert len(file) == len(indexes)


def test_empty_lines_and_lines_of_other_systems_are_read(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    line = row_line(row(1)).strip()
    path.write_bytes(f"\n{line}\r\n\r\n{line}".encode())
    assert [each.index for each in RowFile(path).between(0, None)] == [1, 1]


BAD = ["[1]", "7", "{}", '{"kind":"none"}', "x" * (MAX_ROW_BYTES + 2), '{"index":"x"}']


@pytest.mark.parametrize("bad", BAD, ids=range(len(BAD)))
def test_a_line_that_is_no_row_is_named(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(row_line(row(1)) * 3 + bad + "\n", "utf-8")
    with pytest.raises(RowError, match="line 4 of the export"):
        RowFile(path)


def test_a_row_whose_digest_cannot_be_read_is_named_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(row_line(row(1)) + row_line(row(2)).replace('"digest":"AAA', '"digest":"A'))
    with pytest.raises(RowError, match="line 2 of the export"):
        list(RowFile(path).between(0, None))
