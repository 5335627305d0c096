"""Every proof of every pair of sizes up to 200 is accepted, and every mutant refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.merkle.proof import (
    is_subtree,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from madang.core.merkle.tree import EMPTY_ROOT, Tree, leaf_hash, prove_subtree, span_hash

LIMIT = 200
LEAVES = [leaf_hash(n.to_bytes(2)) for n in range(LIMIT)]
TREE = Tree(LEAVES)
ROOTS = [TREE.root(size) for size in range(LIMIT + 1)]
OTHER = leaf_hash(b"something else")

sizes = st.integers(1, LIMIT)


def test_inclusion_for_all_sizes() -> None:
    for size in range(1, LIMIT + 1):
        for index in range(size):
            proof = TREE.inclusion_proof(index, size)
            assert verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])


def test_consistency_for_all_pairs_of_sizes() -> None:
    for new in range(1, LIMIT + 1):
        for old in range(1, new + 1):
            proof = TREE.consistency_proof(old, new)
            assert verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)


def test_subtree_consistency_for_all_subtrees_up_to_40() -> None:
    for size in range(1, 41):
        for end in range(1, size + 1):
            for start in filter(lambda start, end=end: is_subtree(start, end), range(end)):
                proof = prove_subtree(TREE.node, start, end, size)
                part = span_hash(TREE.node, start, end)
                assert verify_subtree_consistency(start, end, size, part, ROOTS[size], proof)
                assert not verify_subtree_consistency(start, end, size, OTHER, ROOTS[size], proof)


def test_subtree_inclusion_is_inclusion_at_an_offset() -> None:
    part = Tree(LEAVES[8:13])
    proof = part.inclusion_proof(3, 5)
    assert verify_subtree_inclusion(11, 8, 13, LEAVES[11], proof, part.root())
    assert not verify_subtree_inclusion(12, 8, 13, LEAVES[11], proof, part.root())
    assert not verify_subtree_inclusion(11, 7, 13, LEAVES[11], proof, part.root())


def test_an_empty_subtree_is_part_of_every_tree() -> None:
    assert verify_subtree_consistency(5, 5, 9, EMPTY_ROOT, ROOTS[9], [])
    assert not verify_subtree_consistency(5, 5, 9, EMPTY_ROOT, ROOTS[9], [OTHER])
    assert not verify_subtree_consistency(5, 5, 9, OTHER, ROOTS[9], [])
    assert not verify_subtree_consistency(-1, -1, 9, EMPTY_ROOT, ROOTS[9], [])
    assert not verify_subtree_consistency(10, 10, 9, EMPTY_ROOT, ROOTS[9], [])


def mutants(proof: list[bytes]) -> list[list[bytes]]:
    """Every way to damage a proof by one element."""
    damaged = [[*proof, OTHER], [OTHER, *proof]]
    for place, element in enumerate(proof):
        flipped = bytes([element[0] ^ 1]) + element[1:]
        longer, shorter = element + b"\x00", element[:-1]
        damaged += [
            [*proof[:place], each, *proof[place + 1 :]] for each in (flipped, longer, shorter)
        ]
        damaged += [[*proof[:place], *proof[place + 1 :]], [*proof[: place + 1], *proof[place:]]]
    return [each for each in damaged if each != proof]


@given(sizes, sizes)
def test_damaged_consistency_proofs_are_refused(first: int, second: int) -> None:
    old, new = sorted((first, second))
    proof = TREE.consistency_proof(old, new)
    for damaged in [*mutants(proof), proof[::-1]]:
        accepted = verify_consistency(old, new, ROOTS[old], ROOTS[new], damaged)
        assert accepted == (damaged == proof)
    assert not verify_consistency(old, new, OTHER, ROOTS[new], proof)
    assert not verify_consistency(old, new, ROOTS[old], OTHER, proof)
    assert verify_consistency(old, new, ROOTS[new], ROOTS[old], proof) == (old == new)


@given(sizes, st.data())
def test_damaged_inclusion_proofs_are_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = TREE.inclusion_proof(index, size)
    for damaged in mutants(proof):
        assert not verify_inclusion(index, size, LEAVES[index], damaged, ROOTS[size])
    assert not verify_inclusion(index, size, OTHER, proof, ROOTS[size])
    assert not verify_inclusion(index, size, LEAVES[index], proof, OTHER)


@given(sizes, st.data())
def test_a_proof_holds_for_its_own_index_only(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = TREE.inclusion_proof(index, size)
    for other in set(range(-2, LIMIT + 2)) - {index}:
        assert not verify_inclusion(other, size, LEAVES[index], proof, ROOTS[size])


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=12), sizes, sizes)
def test_random_proofs_are_refused(proof: list[bytes], first: int, second: int) -> None:
    old, new = sorted((first, second + 1))
    accepted = verify_consistency(old, new, ROOTS[old], OTHER, proof)
    assert not accepted


@pytest.mark.parametrize(("size1", "size2"), [(0, 0), (0, 5), (5, 4), (-1, 5), (2**70, 2**69)])
def test_sizes_that_cannot_be_are_refused(size1: int, size2: int) -> None:
    assert not verify_consistency(size1, size2, EMPTY_ROOT, EMPTY_ROOT, [])


def test_a_long_proof_is_refused_after_the_tree_has_ended() -> None:
    assert not verify_consistency(3, 5, ROOTS[3], ROOTS[5], [OTHER] * 10_000)
    assert not verify_inclusion(3, 5, LEAVES[3], [OTHER] * 10_000, ROOTS[5])


def test_hashes_of_another_length_are_refused_even_if_they_would_join_alike() -> None:
    proof = TREE.inclusion_proof(0, 2)
    assert not verify_inclusion(0, 2, LEAVES[0] + proof[0][:1], [proof[0][1:]], ROOTS[2])
