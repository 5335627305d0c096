"""Each kind of tampering is found by name, and an honest log gives no finding at all."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.audit import audit
from madang.core.evidence.findings import Finding, FindingCode, Report
from madang.core.evidence.heads import CHUNK, Head, heads_of_checkpoints
from madang.core.evidence.rows import Row, RowPolicy
from madang.core.keys.software import generate_ed25519
from madang.core.merkle.checkpoint import Checkpoint, sign
from madang.core.merkle.entry import Entry, EntryKind, commitment
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tree import EMPTY_ROOT, Tree, leaf_hash

ORIGIN = "city.example/seoul/log"
ISSUER = "https://city.example/seoul/issuer"
HOUR = 1_767_225_600
SIZE = 20
KINDS = (EntryKind.CREDENTIAL, EntryKind.STATUS_LIST, EntryKind.DECISION)


def digest(index: int) -> bytes:
    return sha256(f"thing {index}".encode()).digest()


def salt(index: int) -> bytes:
    return sha256(f"salt {index}".encode()).digest()[:16]


def kind(index: int) -> EntryKind:
    return KINDS[index % len(KINDS)]


def entry(index: int) -> Entry:
    hour = HOUR + index * 3600
    return Entry(index, kind(index), hour, ISSUER, commitment(salt(index), digest(index)))


def row(index: int) -> Row:
    return Row(kind(index), digest(index), salt(index), index, f"certificate {index}")


ENTRIES = [entry(n).encode() for n in range(SIZE)]
ROWS = [row(n) for n in range(SIZE)]
TREE = Tree(map(leaf_hash, ENTRIES))
HEADS = [Head(n, TREE.root(n), f"block {n}") for n in (0, 1, 7, 8, SIZE)]


def found(report: Report) -> list[tuple[str, str]]:
    return [(finding.code.value, finding.where) for finding in report.findings]


def test_an_honest_log_has_no_finding() -> None:
    report = audit(iter(ENTRIES), HEADS, iter(ROWS))
    assert report.ok
    assert report == Report(SIZE, TREE.root(), SIZE, {}, ())


def test_an_empty_log_is_honest() -> None:
    assert audit([], [Head(0, EMPTY_ROOT, "block 1")], []) == Report(0, EMPTY_ROOT, 0, {}, ())


def test_a_log_is_audited_without_the_database() -> None:
    assert audit(ENTRIES, HEADS).ok


def test_every_prefix_is_a_good_head_in_any_order() -> None:
    heads = [Head(n, TREE.root(n), f"block {n}") for n in range(SIZE, -1, -1)]
    assert audit(ENTRIES, heads + heads).ok


@given(st.integers(0, 3 * CHUNK), st.lists(st.integers(0, 3 * CHUNK), max_size=4))
def test_heads_fit_across_chunks(size: int, sizes: list[int]) -> None:
    entries = [b"%d" % n for n in range(size)]
    tree = Tree(map(leaf_hash, entries))
    heads = [Head(n, tree.root(n), f"block {n}") for n in sizes if n <= size]
    report = audit(entries, heads, keep=0)
    assert report.counts.keys() <= {FindingCode.ENTRY_MALFORMED}
    assert report.root == tree.root()
    assert report.published == max((head.size for head in heads), default=0)


def test_a_rewritten_entry_contradicts_every_later_head() -> None:
    forged = replace(entry(5), commitment=bytes(32)).encode()
    report = audit([*ENTRIES[:5], forged, *ENTRIES[6:]], HEADS)
    assert found(report) == [("head_mismatch", f"block {n}") for n in (7, 8, SIZE)]
    assert report.published == 1
    assert TREE.root(7).hex() in report.findings[0].detail


def test_a_head_with_another_root_is_named() -> None:
    report = audit(ENTRIES, [*HEADS, Head(8, bytes(32), "block 99")])
    assert found(report) == [("head_mismatch", "block 99")]


def test_a_shortened_log_is_named() -> None:
    report = audit(ENTRIES[:-1], HEADS)
    assert found(report) == [("head_beyond", f"block {SIZE}")]
    assert "19 entries are there" in report.findings[0].detail
    assert report.published == 8


def test_a_false_empty_head_is_named() -> None:
    assert found(audit(ENTRIES, [Head(0, bytes(32), "block 1")])) == [("head_mismatch", "block 1")]


def test_an_entry_out_of_sequence_is_named() -> None:
    swapped = [*ENTRIES[:3], ENTRIES[4], ENTRIES[3], *ENTRIES[5:]]
    report = audit(swapped, [])
    assert found(report) == [("entry_sequence", "entry 3"), ("entry_sequence", "entry 4")]
    assert "it says that it is 4" in report.findings[0].detail


def test_a_repeated_entry_is_named() -> None:
    report = audit([*ENTRIES, ENTRIES[-1]], [])
    assert found(report) == [("entry_sequence", f"entry {SIZE}")]


@pytest.mark.parametrize("data", [b"", b"{}", b"Hong Gildong", ENTRIES[2] + b" "])
def test_an_entry_that_is_none_is_named(data: bytes) -> None:
    report = audit([*ENTRIES[:2], data, *ENTRIES[3:]], [], ROWS)
    assert found(report) == [("entry_malformed", "entry 2")]


def test_a_missing_row_is_named() -> None:
    report = audit(ENTRIES, HEADS, [*ROWS[:4], *ROWS[5:]])
    assert found(report) == [("row_missing", "entry 4")]
    assert "status_list" in report.findings[0].detail


def test_rows_missing_at_the_end_are_named() -> None:
    assert found(audit(ENTRIES, [], ROWS[:18])) == [
        ("row_missing", "entry 18"),
        ("row_missing", "entry 19"),
    ]


@pytest.mark.parametrize(
    "altered",
    [
        replace(row(4), digest=digest(5)),
        replace(row(4), salt=salt(5)),
        replace(row(4), salt=b"short"),
        replace(row(4), digest=b"short"),
        replace(row(4), kind=EntryKind.CREDENTIAL),
    ],
)
def test_an_altered_row_is_named(altered: Row) -> None:
    report = audit(ENTRIES, HEADS, [*ROWS[:4], altered, *ROWS[5:]])
    assert found(report) == [("row_altered", "certificate 4")]


def test_two_exchanged_rows_are_both_altered() -> None:
    exchanged = [replace(ROWS[6], index=7), replace(ROWS[7], index=6)]
    rows = sorted([*ROWS[:6], *exchanged, *ROWS[8:]], key=lambda each: each.index or 0)
    assert found(audit(ENTRIES, [], rows)) == [
        ("row_altered", "certificate 7"),
        ("row_altered", "certificate 6"),
    ]


@pytest.mark.parametrize("first", [True, False])
def test_a_row_slipped_in_beside_a_good_one_is_named(first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    slipped = replace(row(4), digest=bytes(32), reference="certificate X")
    pair = [slipped, row(4)] if first else [row(4), slipped]
    report = audit(ENTRIES, [], [*ROWS[:4], *pair, *ROWS[5:]])
    assert found(report) == [("row_added", "certificate X")]


def test_a_row_entered_twice_is_named() -> None:
    copy = replace(row(4), reference="certificate X")
    report = audit(ENTRIES, [], [*ROWS[:5], copy, *ROWS[5:]])
    assert found(report) == [("row_added", "certificate X")]


def test_of_several_wrong_rows_the_first_was_altered_and_the_others_added() -> None:
    wrong = [replace(row(4), digest=bytes(32), reference=f"certificate {n}") for n in "XYZ"]
    report = audit(ENTRIES, [], [*ROWS[:4], *wrong, *ROWS[5:]])
    assert found(report) == [
        ("row_altered", "certificate X"),
        ("row_added", "certificate Y"),
        ("row_added", "certificate Z"),
    ]


@pytest.mark.parametrize("index", [None, -1])
def test_a_row_that_was_never_entered_is_named(index: int | None) -> None:
    slipped = replace(row(4), index=index, reference="certificate X")
    assert found(audit(ENTRIES, [], [slipped, *ROWS])) == [("row_added", "certificate X")]
    assert found(audit(ENTRIES, [], [*ROWS, slipped])) == [("row_added", "certificate X")]


def test_rows_behind_the_end_of_the_log_are_named() -> None:
    beyond = [replace(row(4), index=n, reference=f"certificate {n}") for n in (SIZE, 10**9)]
    report = audit(ENTRIES, [], [*ROWS, *beyond])
    assert found(report) == [
        ("row_added", f"certificate {SIZE}"),
        ("row_added", "certificate 1000000000"),
    ]
    assert "log of 20 entries" in report.findings[0].detail


def test_rows_may_be_deleted_at_the_end_of_their_retention() -> None:
    policy = RowPolicy(retained_from=HOUR + 8 * 3600)
    assert audit(ENTRIES, HEADS, ROWS[8:], policy=policy).ok
    assert audit(ENTRIES, HEADS, ROWS, policy=policy).ok
    assert found(audit(ENTRIES, HEADS, ROWS[9:], policy=policy)) == [("row_missing", "entry 8")]
    altered = [replace(row(2), digest=bytes(32)), *ROWS[8:]]
    assert found(audit(ENTRIES, [], altered, policy=policy)) == [("row_altered", "certificate 2")]


def test_a_database_answers_for_its_own_kinds() -> None:
    policy = RowPolicy(kinds=frozenset({EntryKind.CREDENTIAL}))
    own = [each for each in ROWS if each.kind == EntryKind.CREDENTIAL]
    assert audit(ENTRIES, HEADS, own, policy=policy).ok
    assert found(audit(ENTRIES, [], own[1:], policy=policy)) == [("row_missing", "entry 0")]


def test_rows_out_of_order_are_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="certificate 3 has 3 after 4"):
        audit(ENTRIES, [], [*ROWS[:3], ROWS[4], ROWS[3]])


def test_all_findings_are_counted_and_the_first_are_kept() -> None:
    report = audit(ENTRIES, [Head(1, bytes(32), "block 1")], [], keep=3)
    assert report.counts == {FindingCode.ROW_MISSING: SIZE, FindingCode.HEAD_MISMATCH: 1}
    assert len(report.findings) == 4
    assert not report.ok


def test_findings_made_before_stand_in_the_same_report() -> None:
    prior = [Finding(FindingCode.CHECKPOINT_SIGNATURE, "checkpoint 0", "")]
    assert audit(ENTRIES, HEADS, prior=prior).findings == tuple(prior)


def test_checkpoints_become_heads_if_the_log_signed_them() -> None:
    signer, thief = generate_ed25519("log"), generate_ed25519("thief")
    key = VerifierKey.of(ORIGIN, signer)
    notes = [
        sign(Checkpoint(ORIGIN, 7, TREE.root(7)), signer),
        sign(Checkpoint(ORIGIN, 8, bytes(32)), thief),
        "no note",
        sign(Checkpoint("city.example/busan/log", 8, TREE.root(8)), signer),
        sign(Checkpoint(ORIGIN, 9, bytes(32)), signer).encode(),
    ]
    heads, findings = heads_of_checkpoints(notes, key)
    assert heads == (
        Head(7, TREE.root(7), "checkpoint 0"),
        Head(9, bytes(32), "checkpoint 4"),
    )
    report = audit(ENTRIES, heads, prior=findings)
    assert found(report) == [
        ("checkpoint_signature", "checkpoint 1"),
        ("checkpoint_malformed", "checkpoint 2"),
        ("checkpoint_signature", "checkpoint 3"),
        ("head_mismatch", "checkpoint 4"),
    ]


def test_every_code_has_a_test_here_or_beside() -> None:
    here = Path(__file__)
    text = here.read_text("utf-8")
    names = ("test_second_key.py", "test_views.py")
    beside = "".join(here.with_name(name).read_text("utf-8") for name in names)
    left = [code for code in FindingCode if f'("{code}"' not in text]
    assert [code for code in left if f"== FindingCode.{code.name}" not in beside] == []


def test_memory_does_not_grow_with_the_log() -> None:
    def many(count: int) -> Iterator[bytes]:
        return (entry(n).encode() for n in range(count))

    def records(count: int) -> Iterator[Row]:
        return (row(n) for n in range(count))

    def once(count: int) -> int:
        tracemalloc.start()
        try:
            assert audit(many(count), [], records(count)).ok
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def peak(count: int) -> int:
        """Return the least of several: other threads of the process may need memory meanwhile."""
        return min(once(count) for _ in range(3))

    assert peak(3 * CHUNK) < 1.2 * peak(2 * CHUNK)
