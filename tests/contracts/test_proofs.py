"""The contract answers about proofs as the official vectors and the product's own code do."""

from collections.abc import Callable
from pathlib import Path

import alike
import boa
import cases
import pytest
from harness import Chain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.core.merkle import proof as reference
from madang.core.merkle.tree import EMPTY_ROOT, Tree, leaf_hash

# Up to 200 on a faster engine: tests/unit/contracts/test_proofs_on_the_engine.py.
ALL_PAIRS = 32
LIMIT = 300
LEAVES = [leaf_hash(n.to_bytes(2)) for n in range(LIMIT)]
TREE = Tree(LEAVES)
ROOTS = [TREE.root(size) for size in range(LIMIT + 1)]
OTHER = leaf_hash(b"something else")

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
sizes = st.integers(1, LIMIT)


@pytest.mark.parametrize(
    ("folder", "ask", "count"),
    [("inclusion", cases.inclusion, 72), ("consistency", cases.consistency, 71)],
)
def test_vectors(
    chain: Chain,
    vectors: Callable[[str], Path],
    folder: str,
    ask: Callable[[object, cases.Case], bool],
    count: int,
    record_case: Callable[..., None],
) -> None:
    found = cases.load(vectors("merkle-rfc6962") / folder)
    for name in found:
        record_case(Path(name))
    wrong = [name for name, case in found.items() if ask(chain.contract, case) == case["wantErr"]]
    assert wrong == []
    assert len(found) == count


def test_consistency_of_all_pairs(chain: Chain) -> None:
    for new in range(1, ALL_PAIRS + 1):
        for old in range(1, new + 1):
            steps = TREE.consistency_proof(old, new)
            assert chain.contract.isConsistent(old, new, ROOTS[old], ROOTS[new], steps)


def test_inclusion_in_all_sizes(chain: Chain) -> None:
    for size in range(1, ALL_PAIRS + 1):
        for index in range(size):
            steps = TREE.inclusion_proof(index, size)
            assert chain.contract.isIncluded(index, size, LEAVES[index], steps, ROOTS[size])


def mutants(steps: list[bytes]) -> list[list[bytes]]:
    damaged = [[*steps, OTHER], [OTHER, *steps]]
    for place, element in enumerate(steps):
        flipped = bytes([element[0] ^ 1]) + element[1:]
        damaged += [
            [*steps[:place], flipped, *steps[place + 1 :]],
            [*steps[:place], *steps[place + 1 :]],
            [*steps[: place + 1], *steps[place:]],
        ]
    return damaged


@few
@given(first=sizes, second=sizes)
def test_damaged_consistency_proofs_are_refused(chain: Chain, first: int, second: int) -> None:
    old, new = sorted((first, second))
    steps = TREE.consistency_proof(old, new)
    ask = chain.contract.isConsistent
    assert ask(old, new, ROOTS[old], ROOTS[new], steps)
    assert not any(ask(old, new, ROOTS[old], ROOTS[new], each) for each in mutants(steps))
    assert not ask(old, new, OTHER, ROOTS[new], steps)
    assert not ask(old, new, ROOTS[old], OTHER, steps)


@few
@given(size=sizes, data=st.data())
def test_damaged_inclusion_proofs_are_refused(chain: Chain, size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    steps = TREE.inclusion_proof(index, size)
    ask = chain.contract.isIncluded
    assert ask(index, size, LEAVES[index], steps, ROOTS[size])
    assert not any(ask(index, size, LEAVES[index], each, ROOTS[size]) for each in mutants(steps))
    assert not ask(index, size, OTHER, steps, ROOTS[size])
    assert not ask(index, size, LEAVES[index], steps, OTHER)


@few
@given(
    size1=st.integers(0, 2**64 - 1) | sizes,
    size2=st.integers(0, 2**64 - 1) | sizes,
    steps=st.lists(st.sampled_from([*ROOTS[1:9], *LEAVES[:4]]), max_size=8),
)
def test_any_claim_is_answered_as_the_product_does(
    chain: Chain, size1: int, size2: int, steps: list[bytes]
) -> None:
    expected = reference.verify_consistency(size1, size2, ROOTS[2], ROOTS[3], steps)
    assert chain.contract.isConsistent(size1, size2, ROOTS[2], ROOTS[3], steps) == expected
    expected = reference.verify_inclusion(size1, size2, LEAVES[0], steps, ROOTS[3])
    assert chain.contract.isIncluded(size1, size2, LEAVES[0], steps, ROOTS[3]) == expected


def test_every_other_size_is_answered_as_the_product_does(chain: Chain) -> None:
    for new, old in [(7, 3), (8, 4), (8, 6), (6, 5), (5, 1)]:
        steps, roots = TREE.consistency_proof(old, new), (ROOTS[old], ROOTS[new])
        leaf, path = LEAVES[old], TREE.inclusion_proof(old, new)
        for first in range(10):
            for second in range(10):
                expected = reference.verify_consistency(first, second, *roots, steps)
                assert chain.contract.isConsistent(first, second, *roots, steps) == expected
                expected = reference.verify_inclusion(first, second, leaf, path, ROOTS[new])
                found = chain.contract.isIncluded(first, second, leaf, path, ROOTS[new])
                assert found == expected


@pytest.mark.parametrize("old", [1, 2**62 - 1, 2**62, 2**62 + 1, 2**63 - 2])
def test_the_largest_trees_fit_the_bounds(chain: Chain, old: int) -> None:
    new = 2**63 - 1
    steps = alike.proof(old, new)
    roots = alike.root(old), alike.root(new)
    assert len(steps) <= 64
    assert reference.verify_consistency(old, new, *roots, steps)
    assert chain.contract.isConsistent(old, new, *roots, steps)
    assert not chain.contract.isConsistent(old, new, *roots, [*steps[:-1], OTHER])


def test_more_than_64_hashes_are_no_proof(chain: Chain) -> None:
    with pytest.raises(boa.BoaError):
        chain.contract.isConsistent(3, 5, ROOTS[3], ROOTS[5], [OTHER] * 65)
    assert not chain.contract.isConsistent(3, 5, ROOTS[3], ROOTS[5], [OTHER] * 64)


def test_the_empty_tree_proves_nothing(chain: Chain) -> None:
    assert not chain.contract.isConsistent(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not chain.contract.isConsistent(0, 5, EMPTY_ROOT, ROOTS[5], [])
    assert not chain.contract.isIncluded(0, 0, LEAVES[0], [], LEAVES[0])
