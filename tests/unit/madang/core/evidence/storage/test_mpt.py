"""Merkle-Patricia proofs: those of a node, and of tries that are built here."""

from dataclasses import replace

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.heads import state_root
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.storage.mpt import TrieState, _Heap, read_state
from madang.core.evidence.storage.slots import Place
from madang.infra.primitives import PRIMITIVES
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.storage.tries import build, keccak
from tests.unit.madang.core.evidence.world import ORIGIN, SIZE, seeded, tree

ADDRESS, LOG_ID, CODE = seeded("address")[:20], seeded("id"), seeded("code")
PLACE = Place(ADDRESS, LOG_ID)


def proof(accounts: int = 40, slots: int = 40, *, root: bytes = b"\x07") -> tuple[TrieState, bytes]:
    """Return a proof of a made-up state, and its root."""
    first, second = PLACE.slots(PRIMITIVES)
    storage = {seeded(f"slot {n}"): rlp.encode(n + 1) for n in range(slots)}
    storage |= {first: rlp.encode(root), second: rlp.encode(bytes([5]) * 32)}
    storage_root, storage_nodes = build(storage)
    account = rlp.encode([1, 0, storage_root, CODE])
    values = {seeded(f"account {n}")[:20]: rlp.encode([0, 0, b"", b""]) for n in range(accounts)}
    state, nodes = build({**values, ADDRESS: account})
    used = [*path(nodes, state, ADDRESS)]
    used += [*path(storage_nodes, storage_root, first), *path(storage_nodes, storage_root, second)]
    return TrieState(tuple(dict.fromkeys(used))), state


def path(nodes: dict[bytes, bytes], root: bytes, key: bytes) -> list[bytes]:
    heap = _Heap(nodes)
    heap.find(root, keccak(key))
    return [nodes[each] for each in nodes if each in heap.used]


def refused(state: TrieState, root: bytes, place: Place = PLACE) -> str:
    with pytest.raises(EvidenceError) as told:
        read_state(state, root, place, PRIMITIVES)
    assert told.value.code in {"state", "rlp"}
    return str(told.value)


def test_what_anvil_proves_is_read() -> None:
    known = sample(Engine.DEVELOPMENT)
    place = known.trust.place(known.trust.logs[ORIGIN], PRIMITIVES)
    assert isinstance(known.evidence.state, TrieState)
    found = read_state(known.evidence.state, state_root(known.evidence.head), place, PRIMITIVES)
    assert (found.root, found.size) == (tree().root(), SIZE)
    assert found.code_hash == known.trust.contracts["AnchorLog"].code_hash
    assert found.owner == known.trust.logs[ORIGIN].opener


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 300), st.integers(0, 60))
def test_a_state_of_any_size_is_read(accounts: int, slots: int) -> None:
    state, root = proof(accounts, slots)
    found = read_state(state, root, PLACE, PRIMITIVES)
    assert (found.root, found.code_hash) == (bytes(31) + b"\x07", CODE)
    assert found.owner == bytes([5]) * 20


def test_each_node_is_needed() -> None:
    state, root = proof()
    for left_out in range(len(state.nodes)):
        nodes = state.nodes[:left_out] + state.nodes[left_out + 1 :]
        assert "missing" in refused(TrieState(nodes), root)


def test_no_node_is_carried_along() -> None:
    state, root = proof()
    assert "on none" in refused(TrieState((*state.nodes, b"\xc0")), root)
    assert "on none" in refused(TrieState((*state.nodes, state.nodes[0])), root)


def test_another_root_address_or_log_is_refused() -> None:
    state, root = proof()
    refused(state, seeded("another"))
    refused(state, root, replace(PLACE, address=seeded("another")[:20]))
    refused(state, root, replace(PLACE, log_id=seeded("another")))


@pytest.mark.parametrize("others", [0, 1, 6])
def test_a_log_that_is_not_open_has_no_proof(others: int) -> None:
    first, _ = PLACE.slots(PRIMITIVES)
    slots = {seeded(f"slot {n}"): rlp.encode(1) for n in range(others)}
    storage_root, storage = build({first: rlp.encode(7), **slots})
    root, nodes = build({ADDRESS: rlp.encode([1, 0, storage_root, CODE])})
    assert "nothing at the key" in refused(TrieState((*nodes.values(), *storage.values())), root)


@pytest.mark.parametrize(
    "value", [b"\x00", b"\x81\x80\x80", b"\xc1\x07", rlp.encode(b"\x00\x07"), b""]
)
def test_a_value_that_is_no_number_is_refused(value: bytes) -> None:
    first, second = PLACE.slots(PRIMITIVES)
    storage_root, storage = build({first: value, second: rlp.encode(1)})
    root, nodes = build({ADDRESS: rlp.encode([1, 0, storage_root, CODE])})
    refused(TrieState((*nodes.values(), *storage.values())), root)


@pytest.mark.parametrize("account", [[1, 0, b""], [1, 0, b"", b"", b""], [[], 0, b"", b""]])
def test_what_is_no_account_is_refused(account: list[object]) -> None:
    root, nodes = build({ADDRESS: rlp.encode(account)})
    refused(TrieState(tuple(nodes.values())), root)


def test_a_path_in_another_form_is_refused() -> None:
    for first in (*range(0x01, 0x10), *range(0x21, 0x30), *range(0x40, 0x100)):
        node = rlp.encode([bytes([first]) + keccak(ADDRESS), rlp.encode([1, 0, bytes(32), CODE])])
        assert "another form" in refused(TrieState((node,)), keccak(node))


@given(st.lists(st.binary(max_size=40), max_size=6), st.binary(min_size=32, max_size=32))
def test_any_nodes_give_the_one_error(nodes: list[bytes], root: bytes) -> None:
    refused(TrieState(tuple(nodes)), keccak(nodes[0]) if nodes else root)


ITEM = st.recursive(
    st.binary(max_size=40), lambda below: st.lists(below, min_size=2, max_size=2), max_leaves=6
)
BRANCH = st.lists(ITEM, min_size=17, max_size=17)


@given(st.lists(ITEM | BRANCH, min_size=1, max_size=4), st.binary(min_size=1, max_size=33))
def test_any_nodes_of_the_right_outline_give_the_one_error(items: list[object], at: bytes) -> None:
    nodes = [rlp.encode(each) for each in items]
    nodes.append(rlp.encode([at, nodes[-1]]))
    nodes.append(rlp.encode([keccak(nodes[0])] * 16 + [b""]))
    for node in nodes:
        refused(TrieState(tuple(nodes)), keccak(node))


@given(st.data())
def test_a_changed_node_is_refused(data: st.DataObject) -> None:
    state, root = proof(8, 4)
    at = data.draw(st.integers(0, len(state.nodes) - 1))
    node = bytearray(state.nodes[at])
    node[data.draw(st.integers(0, len(node) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    nodes = (*state.nodes[:at], bytes(node), *state.nodes[at + 1 :])
    refused(TrieState(nodes), root)
