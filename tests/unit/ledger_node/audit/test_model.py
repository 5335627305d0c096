"""Proofs as steps, held against the functions that verify proofs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger_node.audit.model import consistency_steps, inclusion_steps
from ledger_node.publisher.model import LogHead
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.proof import verify_consistency, verify_inclusion
from madang.core.merkle.tree import Tree, leaf_hash

MOST = 70
ENTRIES = [
    Entry(index, EntryKind.CREDENTIAL, 0, "https://x/issuer", bytes([index]) * 32)
    for index in range(MOST)
]
LEAVES = [leaf_hash(entry.encode()) for entry in ENTRIES]
TREE = Tree(LEAVES)


def head(size: int) -> LogHead:
    return LogHead(size, TREE.root(size), "")


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_the_way_from_every_leaf_ends_at_the_root(size: int) -> None:
    for entry in ENTRIES[:size]:
        proof = TREE.inclusion_proof(entry.sequence, size)
        steps = inclusion_steps(entry, size, proof)
        assert steps[0].result == LEAVES[entry.sequence].hex()
        assert steps[-1].result == TREE.root(size).hex()
        assert [step.sibling for step in steps[1:]] == [each.hex() for each in proof]


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_the_way_between_two_heads_ends_at_both_roots(size: int) -> None:
    for old in range(1, size + 1):
        proof = TREE.consistency_proof(old, size) if old < size else []
        last = consistency_steps(head(old), head(size), proof)[-1]
        assert (last.old, last.result) == (head(old).root.hex(), head(size).root.hex())


@given(st.data())
def test_a_proof_that_does_not_verify_does_not_end_at_the_root(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    entry = data.draw(st.sampled_from(ENTRIES[:size]))
    proof = TREE.inclusion_proof(entry.sequence, size)
    at = data.draw(st.integers(0, len(proof) - 1))
    proof[at] = data.draw(st.binary(min_size=32, max_size=32).filter(lambda raw: raw != proof[at]))
    leaf = LEAVES[entry.sequence]
    assert not verify_inclusion(entry.sequence, size, leaf, proof, TREE.root(size))
    assert inclusion_steps(entry, size, proof)[-1].result != TREE.root(size).hex()


@given(st.data())
def test_a_growth_that_does_not_verify_misses_a_root(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    old = data.draw(st.integers(1, size - 1))
    proof = TREE.consistency_proof(old, size)
    at = data.draw(st.integers(0, len(proof) - 1))
    proof[at] = data.draw(st.binary(min_size=32, max_size=32).filter(lambda raw: raw != proof[at]))
    before, after = head(old), head(size)
    assert not verify_consistency(old, size, before.root, after.root, proof)
    last = consistency_steps(before, after, proof)[-1]
    assert (last.old, last.result) != (before.root.hex(), after.root.hex())
