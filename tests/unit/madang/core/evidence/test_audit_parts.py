"""An audit in parts tells what one pass tells: the same findings in the same order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.audit import Audit, audit, audit_part
from madang.core.evidence.findings import FindingCode, Findings, Report
from madang.core.evidence.heads import Head
from madang.core.evidence.rows import Row
from madang.core.merkle.tree import Tree, TreeError, leaf_hash
from tests.unit.madang.core.evidence.test_audit import ENTRIES, HEADS, ROWS, SIZE, entry, row

WIDTHS = (1, 2, 4, 8, 16, 32)


class Log(NamedTuple):
    """What is audited."""

    entries: list[bytes]
    heads: list[Head]
    rows: list[Row] | None


def in_parts(log: Log, width: int, keep: int) -> Report:
    whole = Audit(log.heads, (), keep)
    sizes = whole.sizes
    for start in range(0, len(log.entries) or 1, width):
        end = min(start + width, len(log.entries))
        rows = None
        if log.rows is not None:
            rows = [each for each in log.rows if _belongs(each, start, end, len(log.entries))]
        whole.join(audit_part(start, log.entries[start:end], sizes, rows, keep=keep))
    return whole.report()


def _belongs(each: Row, start: int, end: int, size: int) -> bool:
    if each.index is None or each.index < 0:
        return end == size
    return start <= each.index and (each.index < end or end == size)


def altered(entries: list[bytes], faults: list[tuple[int, int]]) -> list[bytes]:
    """Plant faults: other content, another place, no entry at all, one twice, one left out."""
    made = list(entries)
    for at, kind in faults:
        index = at % len(made)
        made[index : index + 1] = {
            0: [replace(entry(index), hour=0).encode()],
            1: [entry(index + 1).encode()],
            2: [b"{}"],
            3: [made[index], made[index]],
            4: [],
        }[kind]
        if not made:
            return made
    return made


@st.composite
def logs(draw: st.DrawFn) -> Log:
    size = draw(st.integers(0, 70))
    good = [entry(n).encode() for n in range(size)]
    tree = Tree(map(leaf_hash, good))
    faults = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 4)), max_size=6)
    entries = altered(good, draw(faults)) if good else good
    sizes = draw(st.lists(st.integers(0, size), max_size=12))
    heads = [Head(n, tree.root(n), f"head {at}") for at, n in enumerate(sizes)]
    false = draw(st.lists(st.integers(0, size + 5), max_size=4))
    heads += [Head(n, bytes(32), f"false {at}") for at, n in enumerate(false)]
    return Log(entries, draw(st.permutations(heads)), draw(st.none() | rows_of(size)))


@st.composite
def rows_of(draw: st.DrawFn, size: int) -> list[Row]:
    """Rows of which some are altered, doubled, left out, without an entry, or beyond the end."""
    made: list[Row] = []
    for index in range(size):
        good, wrong = row(index), replace(row(index), digest=bytes(32), reference=f"wrong {index}")
        made += draw(
            st.sampled_from(
                [[good]] * 6 + [[], [wrong], [good, wrong], [wrong, good], [wrong, wrong, good]]
            )
        )
    made += [replace(row(0), index=size + n, reference=f"late {n}") for n in range(draw(BIT))]
    for at, index in enumerate(draw(st.lists(st.sampled_from([None, -1]), max_size=3))):
        placed = draw(st.integers(0, len(made)))
        made.insert(placed, replace(row(0), index=index, reference=f"unplaced {at}"))
    return made


BIT = st.integers(0, 2)


@given(logs(), st.sampled_from(WIDTHS), st.sampled_from([0, 1, 2, 1000]))
def test_parts_find_what_one_pass_finds(log: Log, width: int, keep: int) -> None:
    assert in_parts(log, width, keep) == audit(log.entries, log.heads, log.rows, keep=keep)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_good_log_is_good_in_parts_of_any_width(width: int) -> None:
    heads = [Head(n, Tree(map(leaf_hash, ENTRIES[:n])).root(), f"h{n}") for n in range(SIZE + 1)]
    assert in_parts(Log(ENTRIES, heads, ROWS), width, 9) == audit(ENTRIES, HEADS, ROWS)


def test_parts_in_another_order_are_refused() -> None:
    whole = Audit([])
    whole.join(audit_part(0, ENTRIES[:3], []))
    with pytest.raises(TreeError):
        whole.join(audit_part(4, ENTRIES[4:8], []))


def test_only_the_first_of_a_code_are_kept_and_all_are_counted() -> None:
    def filled(*codes: FindingCode) -> Findings:
        made = Findings(2)
        for at, code in enumerate(codes):
            made.add(code, f"{len(codes)}.{at}", "")
        return made

    one, two = FindingCode.ROW_ADDED, FindingCode.ROW_MISSING
    joined = Findings(2)
    joined.join(filled(one))
    joined.join(filled(one, one, one, two))
    joined.join(filled(two, two))
    assert joined.counts == {one: 4, two: 3}
    assert [each.where for each in joined.kept] == ["1.0", "4.0", "4.3", "2.0"]


def test_the_tree_of_parts_is_checked_against_a_tree_of_its_own() -> None:
    def heads() -> Iterator[Head]:
        for size in range(len(ENTRIES) + 1):
            yield Head(size, Tree(map(leaf_hash, ENTRIES[:size])).root(), "")

    assert in_parts(Log(ENTRIES, list(heads()), None), 8, 5).ok
