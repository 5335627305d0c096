"""Several processes find what one finds, in the same order, and end when one cannot go on."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from ledger_node.audit.parallel import LogPlan, audit_log
from ledger_node.audit.reading import AuditInputError, read_entry
from ledger_node.publisher.files import LogFiles
from madang.core.evidence.audit import audit
from madang.core.evidence.findings import FindingCode
from madang.core.evidence.heads import Head
from madang.core.evidence.rows import Row
from madang.core.evidence.second_key import SecondKey
from madang.core.keys.software import generate_ml_dsa_44
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.growth import grow
from madang.core.merkle.tree import CompactRange, Tree, leaf_hash
from tests.unit.ledger_node.audit.published import HOUR, OFFICE, ORIGIN, row_file

SIZE, WIDTH = 1_300, 256
SECOND = CosignerKey.of(ORIGIN, generate_ml_dsa_44("second"))
INTRODUCED = 700


def content(index: int) -> bytes:
    return index.to_bytes(32)


def entry(index: int) -> bytes:
    if index == INTRODUCED:
        key = SECOND.introduction()
        return Entry(index, EntryKind.KEY, HOUR, f"https://{ORIGIN}", key).encode()
    made = commitment(content(index), content(index))
    return Entry(index, EntryKind.CREDENTIAL, HOUR, OFFICE, made).encode()


def row(at: int, **changes: object) -> Row:
    made = Row(EntryKind.CREDENTIAL, content(at), content(at), at, f"row {at}")
    return replace(made, **changes)  # type: ignore[arg-type] - the test's own names


def write(folder: Path, entries: Iterable[bytes]) -> None:
    files = LogFiles(folder)
    for tile, data in grow(CompactRange(), files.read, list(entries)).files:
        path = folder / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


GOOD = [entry(index) for index in range(SIZE)]
TREE = Tree(map(leaf_hash, GOOD))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> LogPlan:
    """A log with a fault of each kind in several parts, and rows likewise."""
    folder = tmp_path_factory.mktemp("faulty")
    entries = list(GOOD)
    entries[3] = entries[900] = b"{}"
    entries[300], entries[301] = entries[301], entries[300]
    entries[1_299] = entry(1_298)
    write(folder, entries)
    tree = Tree(map(leaf_hash, entries))
    heads = [Head(size, tree.root(size), f"good {size}") for size in (0, 1, 256, 257, 512, SIZE)]
    heads += [Head(size, TREE.root(size), f"false {size}") for size in (3, 4, 256, 600, SIZE)]
    heads.append(Head(SIZE + 9, bytes(32), "beyond"))
    rows = [row(index) for index in range(SIZE) if index not in {100, 700, 1_000}]
    rows[50] = row(50, digest=bytes(32))
    rows += [row(600, salt=bytes(32), reference="twice"), row(5, index=None, reference="never")]
    rows += [row(5, index=-3, reference="below"), row(SIZE, index=SIZE + 1, reference="late")]
    export = row_file(folder / "export.jsonl", rows)
    return LogPlan(folder, SIZE, tuple(heads), export)


def test_processes_find_what_one_pass_over_everything_finds(faulty: LogPlan) -> None:
    assert faulty.rows is not None
    entries = [read_entry(faulty.folder, index, SIZE) or b"" for index in range(SIZE)]
    single = audit(entries, faulty.heads, faulty.rows.between(0, None))
    assert {
        FindingCode.ENTRY_MALFORMED,
        FindingCode.ENTRY_SEQUENCE,
        FindingCode.HEAD_MISMATCH,
        FindingCode.HEAD_BEYOND,
        FindingCode.ROW_MISSING,
        FindingCode.ROW_ADDED,
        FindingCode.ROW_ALTERED,
    } == set(single.counts)
    assert audit_log(faulty, 1) == single
    assert audit_log(faulty, 1, WIDTH) == single
    assert audit_log(faulty, 2, WIDTH) == single
    assert audit_log(replace(faulty, keep=1), 2, WIDTH) == audit(
        entries, faulty.heads, faulty.rows.between(0, None), keep=1
    )


@pytest.mark.parametrize("processes", [1, 2])
def test_the_second_key_is_found_in_the_part_where_it_comes_in(
    tmp_path: Path, processes: int
) -> None:
    write(tmp_path, GOOD)
    second = SecondKey(SECOND)
    plan = LogPlan(tmp_path, SIZE, (Head(SIZE, TREE.root(), "head"),), second=second)
    assert audit_log(plan, processes, WIDTH).ok
    assert second.introduced == INTRODUCED


@pytest.mark.parametrize("processes", [1, 2])
def test_a_bundle_that_cannot_be_read_ends_the_audit(tmp_path: Path, processes: int) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "tile" / "entries" / "003").write_bytes(b"\x00")
    with pytest.raises(AuditInputError, match="entries/003 of the log"):
        audit_log(LogPlan(tmp_path, SIZE, ()), processes, WIDTH)


def test_an_empty_log_is_audited_with_its_rows(tmp_path: Path) -> None:
    rows = row_file(tmp_path / "export.jsonl", [row(0), row(1, index=None)])
    report = audit_log(LogPlan(tmp_path, 0, (), rows))
    assert report.counts == {FindingCode.ROW_ADDED: 2}


def test_the_command_is_in_its_place_again(faulty: LogPlan) -> None:
    before = sys.modules["__main__"]
    audit_log(faulty, 2, WIDTH)
    assert sys.modules["__main__"] is before
