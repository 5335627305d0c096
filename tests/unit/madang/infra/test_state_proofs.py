"""What nodes answer becomes a proof and a header, and nothing else does."""

import asyncio
from copy import deepcopy
from typing import Any

import pytest
import rlp

from madang.core.evidence.finality.cometbft import Commit
from madang.core.evidence.finality.development import PlainHeader
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.finality.qbft import SealedHeader
from madang.core.evidence.storage.mpt import TrieState
from madang.core.evidence.storage.slots import Place
from madang.infra.primitives import PRIMITIVES
from madang.infra.proofs import ProofUnavailable
from madang.infra.rpc import RpcError
from madang.infra.state_proofs import CometProofs, EthereumProofs, _time
from tests.unit.madang.core.evidence.record import Replay
from tests.unit.madang.core.evidence.samples import recorded, sample
from tests.unit.madang.core.evidence.world import ORIGIN

ANVIL, EVMD = sample(Engine.DEVELOPMENT), sample(Engine.COMETBFT)


def place_of(engine: Engine) -> Place:
    known = sample(engine)
    return known.trust.place(known.trust.logs[ORIGIN], PRIMITIVES)


def answers(name: str) -> dict[str, Any]:
    return deepcopy(recorded(name)["answers"])


def answer(found: dict[str, Any], method: str) -> Any:
    return next(value for asked, value in found.items() if f'["{method}"' in asked)


def put(found: dict[str, Any], method: str, value: Any) -> None:
    found[next(asked for asked in found if f'["{method}"' in asked)] = value


def prove_ethereum(found: dict[str, Any], engine: Engine = Engine.DEVELOPMENT) -> Any:
    return asyncio.run(EthereumProofs(Replay(found), engine).prove(place_of(Engine.DEVELOPMENT)))


def prove_comet(found: dict[str, Any]) -> Any:
    return asyncio.run(CometProofs(Replay(found)).prove(place_of(Engine.COMETBFT)))


def test_nodes_of_the_paths_come_once() -> None:
    state, head = prove_ethereum(answers("anvil"))
    assert isinstance(state, TrieState)
    assert isinstance(head, PlainHeader)
    assert len(set(state.nodes)) == len(state.nodes)
    proof = answer(answers("anvil"), "eth_getProof")
    paths = [proof["accountProof"], *(each["proof"] for each in proof["storageProof"])]
    assert len(state.nodes) < sum(map(len, paths))


def test_a_header_of_another_engine_keeps_its_seals() -> None:
    state, head = prove_ethereum(answers("anvil"), Engine.QBFT)
    assert isinstance(state, TrieState)
    assert isinstance(head, SealedHeader)


def test_fields_that_are_not_known_are_told() -> None:
    found = answers("anvil")
    answer(found, "eth_getBlockByNumber")["gasUsed"] = "0x1"
    with pytest.raises(RpcError, match="fields that are not known"):
        prove_ethereum(found)


def test_a_header_without_later_fields_is_encoded_too() -> None:
    found = answers("anvil")
    block = answer(found, "eth_getBlockByNumber")
    for name in ("withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"):
        del block[name]
    with pytest.raises(RpcError, match="not understood"):
        prove_ethereum(found)
    del block["requestsHash"]
    _, head = prove_ethereum(found, Engine.QBFT)
    assert len(rlp.decode(head.header)) == 16


def test_a_proof_of_another_block_is_not_taken() -> None:
    found = answers("anvil")
    answer(found, "eth_getBlockByNumber")["stateRoot"] = "0x" + "00" * 32
    with pytest.raises(ProofUnavailable, match="blocks come faster"):
        prove_ethereum(found)


@pytest.mark.parametrize("method", ["eth_getProof", "eth_getBlockByNumber"])
@pytest.mark.parametrize(
    "value", [None, {}, [], "0x", 7, {"accountProof": [], "stateRoot": "0x"}], ids=range(6)
)
def test_garbage_of_an_ethereum_node_is_the_one_error(method: str, value: Any) -> None:
    found = answers("anvil")
    put(found, method, value)
    with pytest.raises(RpcError):
        prove_ethereum(found)


def test_a_commit_has_the_hash_that_was_signed() -> None:
    _, head = prove_comet(answers("evmd"))
    assert isinstance(head, Commit)
    found = answers("evmd")
    answer(found, "commit")["signed_header"]["header"]["data_hash"] = "00" * 32
    with pytest.raises(RpcError, match="fields that are not known"):
        prove_comet(found)


def test_votes_for_another_block_are_left_out() -> None:
    found = answers("evmd")
    signatures = answer(found, "commit")["signed_header"]["commit"]["signatures"]
    _, whole = prove_comet(found)
    voted = next(each for each in signatures if each["block_id_flag"] == 2)
    voted["block_id_flag"] = 3
    _, fewer = prove_comet(found)
    assert len(fewer.votes) == len(whole.votes) - 1


def test_a_chain_that_has_just_begun_has_no_proof() -> None:
    found = answers("evmd")
    answer(found, "status")["sync_info"]["latest_block_height"] = "2"
    with pytest.raises(ProofUnavailable, match="just begun"):
        prove_comet(found)


def test_a_log_that_is_not_anchored_has_no_proof() -> None:
    found = answers("evmd")
    answer(found, "abci_query")["response"]["value"] = None
    with pytest.raises(ProofUnavailable, match="is it anchored yet"):
        prove_comet(found)


def test_proofs_of_two_states_are_not_put_together() -> None:
    found = answers("evmd")
    answer(found, "abci_query")["response"]["proofOps"]["ops"][1]["data"] = ""
    with pytest.raises(ProofUnavailable, match="changed its state"):
        prove_comet(found)


@pytest.mark.parametrize("method", ["status", "abci_query", "commit"])
@pytest.mark.parametrize("value", [None, {}, [], "0x", 7, {"response": {"code": 0}}], ids=range(6))
def test_garbage_of_a_comet_node_is_the_one_error(method: str, value: Any) -> None:
    found = answers("evmd")
    put(found, method, value)
    with pytest.raises(RpcError):
        prove_comet(found)


def test_validators_and_network_are_read() -> None:
    proofs = CometProofs(Replay(answers("evmd")))
    assert asyncio.run(proofs.network()) == EVMD.trust.chain.network
    assert asyncio.run(proofs.validators()) == EVMD.trust.chain.validators


def test_more_validators_than_a_page_are_told() -> None:
    found = answers("evmd")
    answer(found, "validators")["total"] = "101"
    with pytest.raises(RpcError, match="more than are read"):
        asyncio.run(CometProofs(Replay(found)).validators())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", (1, 0)),
        ("2026-11-25T15:59:31.407365977Z", (1_795_622_371, 407_365_977)),
        ("2026-11-25T15:59:32.71494133Z", (1_795_622_372, 714_941_330)),
    ],
)
def test_times_are_read_to_the_nanosecond(text: str, expected: tuple[int, int]) -> None:
    assert _time(text) == expected
