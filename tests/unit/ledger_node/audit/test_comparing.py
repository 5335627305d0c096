"""A database against its log: each difference named and counted, and nothing kept."""

import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.audit import comparing
from ledger_node.audit.comparing import (
    BusyError,
    Comparer,
    Comparison,
    ExportError,
    Standing,
    find_number,
    kept_from,
    read_export,
)
from ledger_node.audit.store import SqlAuditedLogs
from ledger_node.audit.usecases import UnreadableLogError
from madang.core.merkle.tiles import tile_of
from tests.unit.ledger_node.audit.world import TENANT, World, days_before, export, submitted

ALL = range(300)


def log(world: World) -> SqlAuditedLogs:
    return SqlAuditedLogs(world.deps.database, TENANT)


def compared(world: World, rows: list[dict[str, Any]], since: int = 0) -> Comparison:
    return Comparer().compare(world.publisher, log(world), export(rows), since)


def test_the_same_on_both_sides(world: World) -> None:
    found = compared(world, world.rows(ALL))
    assert (found.counts, list(found.findings)) == ({}, [])
    assert (found.rows, found.entries, found.heads) == (270, 300, 12)
    newest = world.publisher.newest()
    assert newest is not None
    assert found.root == newest.root
    assert found.as_json()["ok"] is True


def test_each_difference_is_named(world: World) -> None:
    rows = world.rows(ALL)
    rows[0] |= {"salt": rows[1]["salt"]}
    del rows[3]
    rows.append({**rows[5], "index": None, "reference": "never entered"})
    found = compared(world, rows)
    assert found.counts == {"row_altered": 1, "row_missing": 1, "row_added": 1}
    assert {(each.code.value, each.where) for each in found.findings} == {
        ("row_altered", "record-000000"),
        ("row_missing", "entry 3"),
        ("row_added", "never entered"),
    }
    told = found.as_json()
    assert (told["ok"], told["counts"]) == (False, dict(found.counts))
    assert len(told["findings"]) == 3


def test_all_are_counted_and_as_many_kept_as_there_is_room_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MOST_KEPT", 7)
    found = compared(world, [])
    assert found.counts == {"row_missing": 270}
    assert len(found.findings) == 7


def test_what_was_before_the_retention_is_not_missed(world: World) -> None:
    rows = world.rows(range(275, 300))
    assert compared(world, rows, days_before(1)).counts == {}
    assert compared(world, rows, days_before(1) + 1).counts == {}
    assert compared(world, rows, days_before(2)).counts == {"row_missing": 23}


def test_an_entry_that_was_changed_in_the_files_is_found(own: World) -> None:
    folder = own.publisher.files.folder
    bundle = folder / tile_of(None, 0, 300).path
    content = bytearray(bundle.read_bytes())
    content[content.index(b'"commitment":"') + 14] ^= 1
    bundle.write_bytes(content)
    found = compared(own, own.rows(ALL))
    assert found.counts["head_mismatch"]


def test_a_missing_file_of_the_log_is_told(own: World) -> None:
    for path in own.publisher.files.folder.glob("tile/entries/**/*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(UnreadableLogError):
        compared(own, own.rows(ALL))


def test_nothing_is_kept(world: World) -> None:
    state = world.settings.state_dir
    before = {
        path: path.stat().st_size for path in state.rglob("*") if path.suffix != ".sqlite-wal"
    }
    compared(world, world.rows(ALL))
    after = {path: path.stat().st_size for path in state.rglob("*") if path.suffix != ".sqlite-wal"}
    assert before == after


def test_one_export_is_read_at_a_time_and_nobody_waits(world: World) -> None:
    comparer, content = Comparer(), export(world.rows(ALL))
    with comparer.turn(), pytest.raises(BusyError):
        comparer.compare(world.publisher, log(world), content)
    with pytest.raises(ExportError):
        comparer.compare(world.publisher, log(world), b"{")
    assert comparer.compare(world.publisher, log(world), content).counts == {}


def test_lines_take_no_more_memory_than_what_was_sent() -> None:
    content = b"\r\n" * 2_000_000
    tracemalloc.start()
    try:
        assert read_export(content) == []
        assert tracemalloc.get_traced_memory()[1] < 2 * len(content)
    finally:
        tracemalloc.stop()


def test_an_empty_log_has_no_entries(tmp_path: Path) -> None:
    world = World.made(tmp_path)
    found = compared(world, world.rows([0]))
    assert (found.entries, found.counts) == (0, {"row_added": 1})


GOOD = export([{"kind": "key", "digest": "", "salt": "", "index": 1, "reference": "r"}])


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"7",
        b'{"kind":"person","digest":"","salt":"","index":1,"reference":"r"}',
        b'{"kind":"key"}',
        GOOD.replace(b'"salt":""', b'"salt":"="'),
        GOOD.replace(b"1", b'"one"'),
        b"\xff",
        GOOD.replace(b'"r"', b'"' + b"r" * 5_000 + b'"'),
        b'{"a":' + b" " * 5_000 + b"1}",
        b'{"a":' * 10 + b"1" + b"}" * 10,
    ],
    ids=lambda content: content[:24].decode("latin-1"),
)
def test_what_is_no_export_is_refused_with_its_line(content: bytes) -> None:
    with pytest.raises(ExportError, match="line 3"):  # as an editor counts
        read_export(GOOD + content)


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_no_export(content: bytes) -> None:
    try:
        rows = read_export(content)
    except ExportError:
        return
    assert rows == [] or content.strip()


def test_an_export_is_read_whatever_its_line_ends(world: World) -> None:
    content = export(world.rows(range(5)))
    assert len(read_export(content)) == 5
    assert read_export(content.replace(b"\n", b"\r\n")) == read_export(content)
    assert read_export(b"") == []


class TestNumber:
    def test_a_certificate_is_found_by_its_number(self, world: World) -> None:
        rows = read_export(export(world.rows(ALL)))
        (found,) = find_number(log(world), rows, submitted(5).key)
        assert (found.row.index, found.standing) == (5, Standing.SAME)

    def test_by_the_beginning_of_it(self, world: World) -> None:
        rows = read_export(export(world.rows(ALL)))
        assert len(find_number(log(world), rows, "record-00000")) == 9
        assert len(find_number(log(world), rows, "record")) == comparing.MOST_ROWS_OF_NUMBER
        assert find_number(log(world), rows, "nothing") == []

    @pytest.mark.parametrize(
        ("change", "standing"),
        [
            ({"index": None}, Standing.ABSENT),
            ({"index": 300}, Standing.ABSENT),
            ({"index": -1}, Standing.ABSENT),
            ({"index": 4}, Standing.ALTERED),
            ({"kind": "key"}, Standing.ALTERED),
            ({"salt": ""}, Standing.ALTERED),
        ],
    )
    def test_how_it_stands_to_the_log(
        self, world: World, change: dict[str, Any], standing: Standing
    ) -> None:
        rows = read_export(export([{**world.rows([5])[0], **change}]))
        assert [each.standing for each in find_number(log(world), rows, "record")] == [standing]


@pytest.mark.parametrize(
    ("day", "seconds"),
    [(None, 0), (date(1970, 1, 1), 0), (date(1970, 1, 2), 54_000), (date(1900, 1, 1), 0)],
)
def test_a_day_of_the_office_begins_at_its_midnight(day: date | None, seconds: int) -> None:
    assert kept_from(day, 9) == seconds
