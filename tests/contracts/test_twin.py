"""Another compiler's contract answers alike: two compilers have to agree."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boa
import cases
import pytest
from harness import REPOSITORY, Chain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.core.merkle.tree import Tree, leaf_hash

TWIN = REPOSITORY / "tests" / "contracts" / "twin"
SIZE = 40
LEAVES = [leaf_hash(n.to_bytes(2)) for n in range(SIZE)]
TREE = Tree(LEAVES)
ROOTS = [TREE.root(size) for size in range(SIZE + 1)]

some = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session")
def artifact() -> dict[str, Any]:
    value: dict[str, Any] = json.loads((TWIN / "ProofTwin.json").read_bytes())
    return value


@pytest.fixture
def twin(chain: Chain, artifact: dict[str, Any]) -> Any:
    code = bytes.fromhex(artifact["bytecode"])
    address, _ = boa.env.deploy_code(bytecode=code)
    return boa.loads_abi(json.dumps(artifact["abi"])).at(address)


def test_the_twin_was_compiled_from_the_source_beside_it(artifact: dict[str, Any]) -> None:
    source = (TWIN / "ProofTwin.sol").read_bytes()
    assert artifact["sourceSha256"] == hashlib.sha256(source).hexdigest()
    assert artifact["compiler"].startswith("solc 0.8.30+")


@pytest.mark.parametrize(
    ("folder", "ask"), [("inclusion", cases.inclusion), ("consistency", cases.consistency)]
)
def test_vectors(
    twin: object,
    vectors: Callable[[str], Path],
    folder: str,
    ask: Callable[[object, cases.Case], bool],
    record_case: Callable[..., None],
) -> None:
    found = cases.load(vectors("merkle-rfc6962") / folder)
    for name in found:
        record_case(Path(name))
    assert [name for name, case in found.items() if ask(twin, case) == case["wantErr"]] == []


@some
@given(data=st.data())
def test_proofs_and_damaged_proofs(chain: Chain, twin: Any, data: st.DataObject) -> None:
    new = data.draw(st.integers(1, SIZE))
    old = data.draw(st.integers(1, new))
    steps = TREE.consistency_proof(old, new)
    claims = [data.draw(st.integers(0, SIZE)), data.draw(st.integers(0, 2**64 - 1))]
    damaged = data.draw(st.permutations([*steps, data.draw(st.sampled_from(ROOTS))]))
    for sizes in ((old, new), (old, claims[0]), (claims[0], new), (old, claims[1])):
        for proof in (steps, damaged, damaged[1:]):
            asked = (*sizes, ROOTS[old], ROOTS[new], proof)
            assert chain.contract.isConsistent(*asked) == twin.isConsistent(*asked)
            leaf = LEAVES[old - 1]
            asked = (*sizes, leaf, proof, ROOTS[new])
            assert chain.contract.isIncluded(*asked) == twin.isIncluded(*asked)
    assert twin.isConsistent(old, new, ROOTS[old], ROOTS[new], steps)
    proof = TREE.inclusion_proof(old - 1, new)
    assert twin.isIncluded(old - 1, new, LEAVES[old - 1], proof, ROOTS[new])
