"""Trees against the definitions of RFC 6962 written out, and proofs from every kind of tree."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.merkle.tree import (
    EMPTY_ROOT,
    CompactRange,
    Tree,
    TreeError,
    inclusion_spans,
    leaf_hash,
    node_hash,
    perfect_subtrees,
    root,
    span_hash,
    subtree_spans,
)

LEAVES = [leaf_hash(bytes([n % 256, n // 256])) for n in range(300)]

# Leaves and roots of the first example log of Certificate Transparency's own tests.
CT_ENTRIES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, recursive as it is printed there."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else sha256(b"").digest()
    k = split(len(leaves))
    return node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2; PROOF when `known`."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def split(n: int) -> int:
    return max(2**e for e in range(n.bit_length()) if 2**e < n)


def test_roots_are_those_of_the_certificate_transparency_example() -> None:
    hashes = [leaf_hash(entry) for entry in CT_ENTRIES]
    assert [root(hashes[: n + 1]).hex() for n in range(8)] == CT_ROOTS


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY_ROOT == Tree().root() == mth([])


@pytest.mark.parametrize("size", [*range(1, 40), 63, 64, 65, 127, 128, 129, 255, 256, 257])
def test_roots_equal_the_recursive_definition(size: int) -> None:
    assert root(LEAVES[:size]) == Tree(LEAVES).root(size) == mth(LEAVES[:size])


@pytest.mark.parametrize("size", range(1, 34))
def test_inclusion_proofs_equal_the_recursive_definition(size: int) -> None:
    tree = Tree(LEAVES[:40])
    for index in range(size):
        assert tree.inclusion_proof(index, size) == path(index, LEAVES[:size])


@pytest.mark.parametrize("new", range(1, 34))
def test_consistency_proofs_equal_the_recursive_definition(new: int) -> None:
    tree = Tree(LEAVES[:40])
    for old in range(1, new + 1):
        assert tree.consistency_proof(old, new) == subproof(old, LEAVES[:new])


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_range_extended_in_two_steps_equals_one_step(first: int, second: int) -> None:
    low, high = sorted((first, second))
    stepwise = CompactRange().extend(LEAVES[:low]).extend(LEAVES[low:high])
    assert stepwise == CompactRange().extend(LEAVES[:high])
    assert stepwise.root() == Tree(LEAVES).root(high)


def test_extending_leaves_the_earlier_range_as_it_was() -> None:
    earlier = CompactRange().extend(LEAVES[:7])
    before = earlier.root()
    earlier.extend(LEAVES[7:9])
    assert earlier.root() == before


def test_spans_are_covered_by_perfect_subtrees_left_to_right() -> None:
    assert list(perfect_subtrees(8, 15)) == [(2, 2), (1, 6), (0, 14)]
    assert span_hash(Tree(LEAVES).node, 8, 15) == mth(LEAVES[8:15])


@pytest.mark.parametrize(
    ("size", "hashes"),
    [(-1, ()), (1, ()), (3, (LEAVES[0],)), (4, (LEAVES[0], LEAVES[1])), (1, (b"short",))],
)
def test_a_range_that_does_not_fit_its_size_is_refused(
    size: int, hashes: tuple[bytes, ...]
) -> None:
    with pytest.raises(TreeError):
        CompactRange(size, hashes)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_that_the_tree_does_not_have_is_named(index: int, size: int) -> None:
    with pytest.raises(TreeError, match=f"no leaf {index} in a tree of {size}"):
        inclusion_spans(index, size)


@pytest.mark.parametrize(
    ("start", "end", "size"), [(0, 0, 4), (3, 2, 4), (0, 5, 4), (1, 3, 8), (-2, 0, 4)]
)
def test_what_is_no_subtree_is_refused(start: int, end: int, size: int) -> None:
    with pytest.raises(TreeError, match="no subtree"):
        subtree_spans(start, end, size)


def test_a_tree_does_not_answer_beyond_its_size() -> None:
    tree = Tree(LEAVES[:5])
    for ask in (lambda: tree.root(6), lambda: tree.inclusion_proof(0, 6), lambda: tree.root(-1)):
        with pytest.raises(TreeError, match="5 leaves"):
            ask()
    with pytest.raises(TreeError, match="5 leaves"):
        tree.consistency_proof(1, 6)


@given(st.integers(0, 70), st.integers(0, 6), st.data())
def test_a_tree_is_joined_of_subtrees(count: int, level: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(b"%d" % n) for n in range(count)]
    joined = CompactRange()
    for start in range(0, count, 1 << level):
        piece = leaves[start : start + (1 << level)]
        size = data.draw(st.integers(1, len(piece)))
        tail = CompactRange().extend(piece[:size]).root()
        assert joined.root_with(tail) == Tree(leaves[: start + size]).root()
        joined = joined.join(CompactRange().extend(piece))
    assert joined == CompactRange().extend(leaves)


@pytest.mark.parametrize(("size", "more"), [(1, 2), (2, 3), (4, 5), (6, 4), (7, 7)])
def test_what_does_not_begin_at_a_subtree_is_not_joined(size: int, more: int) -> None:
    leaves = [leaf_hash(b"%d" % n) for n in range(more)]
    with pytest.raises(TreeError):
        CompactRange().extend(leaves[:1] * size).join(CompactRange().extend(leaves))
