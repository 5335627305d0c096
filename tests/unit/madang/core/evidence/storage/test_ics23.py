"""Proofs of ICS 23 as cosmos/evm gives them, and what they must not be."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.finality.heads import state_root
from madang.core.evidence.finality.model import Engine
from madang.core.evidence.storage.ics23 import (
    MAX_PROOF_BYTES,
    Existence,
    IavlState,
    Step,
    parse_iavl,
    parse_store,
    read_state,
)
from madang.core.evidence.storage.protobuf import bytes_field, number_field
from madang.core.evidence.storage.slots import Place
from madang.infra.primitives import PRIMITIVES
from tests.unit.madang.core.evidence.samples import sample
from tests.unit.madang.core.evidence.world import ORIGIN, SIZE, seeded, tree

KNOWN = sample(Engine.COMETBFT)
assert isinstance(KNOWN.evidence.state, IavlState)
STATE, APP_HASH = KNOWN.evidence.state, state_root(KNOWN.evidence.head)
PLACE = KNOWN.trust.place(KNOWN.trust.logs[ORIGIN], PRIMITIVES)
CODES = {"state", "ics23", "protobuf"}
PARTS = ("root", "packed", "code", "store")


def refused(state: IavlState, place: Place = PLACE, app_hash: bytes = APP_HASH) -> str:
    with pytest.raises(EvidenceError) as told:
        read_state(state, app_hash, place, PRIMITIVES)
    assert told.value.code in CODES
    return str(told.value)


def exist(*fields: bytes) -> bytes:
    return bytes_field(1, b"".join(fields))


def leaf(prefix: bytes, *, hash_: int = 1) -> bytes:
    return bytes_field(
        3, number_field(1, hash_) + number_field(3, 1) + number_field(4, 1) + bytes_field(5, prefix)
    )


def step(prefix: bytes, suffix: bytes, *, hash_: int = 1) -> bytes:
    return bytes_field(4, number_field(1, hash_) + bytes_field(2, prefix) + bytes_field(3, suffix))


KEY, VALUE = bytes_field(1, b"key"), bytes_field(2, b"value")
IAVL_LEAF = leaf(b"\x00\x02\x02")
HASH = b"\x20" + bytes(32)


def test_what_evmd_proves_is_read() -> None:
    found = read_state(STATE, APP_HASH, PLACE, PRIMITIVES)
    assert (found.root, found.size) == (tree().root(), SIZE)
    assert found.code_hash == KNOWN.trust.contracts["AnchorLog"].code_hash
    assert found.owner == KNOWN.trust.logs[ORIGIN].opener


def test_each_proof_has_its_key() -> None:
    assert "not" in refused(replace(STATE, root=STATE.packed, packed=STATE.root))
    assert "not" in refused(replace(STATE, code=STATE.root))
    refused(STATE, replace(PLACE, address=seeded("another")[:20]))
    refused(STATE, replace(PLACE, log_id=seeded("another")))


def test_another_state_is_refused() -> None:
    assert "not in the state of the header" in refused(STATE, app_hash=seeded("another"))
    assert "not in the state of the header" in refused(
        replace(STATE, store=exist(KEY, VALUE, leaf(b"\x00")))
    )


def test_a_value_of_another_store_is_refused() -> None:
    key = parse_iavl(STATE.root).key
    other = exist(bytes_field(1, key), VALUE, IAVL_LEAF)
    assert "is not in the store" in refused(replace(STATE, root=other))


@pytest.mark.parametrize("part", PARTS)
def test_every_bit_of_every_proof_counts(part: str) -> None:
    data = getattr(STATE, part)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        refused(replace(STATE, **{part: bytes(changed)}))


@pytest.mark.parametrize(
    "proof",
    [
        exist(KEY, VALUE, leaf(b"\x00")),  # not three numbers
        exist(KEY, VALUE, leaf(b"\x00\x04\x02")),  # a leaf of two
        exist(KEY, VALUE, leaf(b"\x00\x01\x02")),  # a negative number
        exist(KEY, VALUE, leaf(b"\x02\x02\x02")),  # a leaf that is higher than one
        exist(KEY, VALUE, leaf(b"\x00\x02\x02\x00")),  # something behind
        exist(KEY, VALUE, leaf(b"\x00\x02\x02", hash_=2)),  # another hash
        exist(KEY, VALUE, IAVL_LEAF, step(b"\x00\x04\x02\x20", HASH)),  # an inner node of height 0
        exist(KEY, VALUE, IAVL_LEAF, step(b"\x02\x04\x02\x21", HASH)),  # another child's length
        exist(KEY, VALUE, IAVL_LEAF, step(b"\x02\x04\x02\x20", HASH[1:])),
        exist(KEY, VALUE, IAVL_LEAF, step(b"\x02\x04\x02\x20", b"")),
        exist(
            KEY, VALUE, IAVL_LEAF, step(b"\x02\x04\x02" + HASH + b"\x20", HASH)
        ),  # two children more
        exist(KEY, VALUE, IAVL_LEAF, step(b"\x02\x04\x02" + HASH + b"\x21", b"")),
        exist(KEY, VALUE, IAVL_LEAF, step(b"\x02\x04\x02\x20", HASH, hash_=2)),
        exist(
            KEY, VALUE, IAVL_LEAF, step(b"\x02\x04\x02\x20", HASH), step(b"\x02\x04\x02\x20", HASH)
        ),
        exist(KEY, VALUE),
        exist(VALUE, IAVL_LEAF),
        exist(KEY, VALUE, IAVL_LEAF, IAVL_LEAF),
        exist(KEY, VALUE, IAVL_LEAF, number_field(4, 1)),
        exist(number_field(1, 1), VALUE, IAVL_LEAF),
        bytes_field(2, KEY + VALUE + IAVL_LEAF),  # not of existence
        b"",
        bytes(MAX_PROOF_BYTES + 1),
    ],
    ids=range(22),
)
def test_another_form_of_a_proof_in_an_iavl_tree_is_refused(proof: bytes) -> None:
    with pytest.raises(EvidenceError):
        parse_iavl(proof)


def test_both_children_of_an_iavl_node_are_known() -> None:
    right = step(b"\x02\x04\x02\x20", HASH)
    left = step(b"\x04\x06\x02" + HASH + b"\x20", b"")
    assert len(parse_iavl(exist(KEY, VALUE, IAVL_LEAF, right, left)).path) == 2


@pytest.mark.parametrize(
    "proof",
    [
        exist(KEY, VALUE, IAVL_LEAF),
        exist(KEY, VALUE, leaf(b"\x00"), step(b"\x01", bytes(31))),
        exist(KEY, VALUE, leaf(b"\x00"), step(b"\x01", b"")),
        exist(KEY, VALUE, leaf(b"\x00"), step(b"\x00", bytes(32))),
        exist(KEY, VALUE, leaf(b"\x00"), step(b"\x01" + bytes(32), bytes(32))),
        exist(KEY, VALUE, leaf(b"\x00"), step(b"\x01" + bytes(33), b"")),
    ],
    ids=range(6),
)
def test_another_form_of_a_proof_in_the_tree_of_stores_is_refused(proof: bytes) -> None:
    with pytest.raises(EvidenceError):
        parse_store(proof)


def test_an_inner_node_cannot_pass_for_a_leaf() -> None:
    """The parent of the leaf, offered as a leaf with key and value of the attacker's choice."""
    proof = parse_iavl(STATE.root)
    inner = proof.path[0]
    with pytest.raises(EvidenceError):
        parse_iavl(
            exist(
                KEY, VALUE, leaf(inner.prefix), *(step(s.prefix, s.suffix) for s in proof.path[1:])
            )
        )


def written(proof: Existence) -> bytes:
    """Return a proof of an IAVL tree as it is read."""
    steps = (step(each.prefix, each.suffix) for each in proof.path)
    return exist(bytes_field(1, proof.key), bytes_field(2, proof.value), leaf(proof.leaf), *steps)


def test_a_leaf_cannot_pass_for_an_inner_node() -> None:
    """A real leaf as the parent of a made-up one, whose hash stands in the leaf's own value."""
    proof = parse_iavl(STATE.root)
    assert written(proof) == STATE.root
    below = Existence(proof.key, seeded("root"), proof.leaf, ())
    content = bytes([len(proof.key)]) + proof.key + b"\x20"
    upper = Step(proof.leaf + content, b"")
    with pytest.raises(EvidenceError, match="height 0 stands in layer 1"):
        parse_iavl(written(replace(below, path=(upper, *proof.path))))


def test_bytes_do_not_move_between_prefix_key_value_and_suffix() -> None:
    """Other cuts of the same hashed bytes lead to the same root: each has to be refused."""
    proof = parse_iavl(STATE.root)
    lower = proof.path[0]
    size = bytes([len(proof.key)])
    assert not lower.suffix or lower.prefix.endswith(b"\x20")
    shifted = (
        replace(proof, leaf=proof.leaf + size + proof.key[:1], key=proof.key[1:]),
        replace(proof, leaf=proof.leaf[:-1]),
        replace(proof, path=(Step(lower.prefix + lower.suffix, b""), *proof.path[1:])),
        replace(proof, path=(Step(b"", lower.suffix), *proof.path[1:])),
    )
    for each in shifted:
        with pytest.raises(EvidenceError):
            parse_iavl(written(each))


def test_another_store_with_the_same_content_is_refused() -> None:
    """The store of another module, under an app hash that is truly its own."""
    store = parse_store(STATE.store)
    for name in (b"bank", b"evm2", b"ev"):
        other = replace(store, key=name)
        assert "not in the state" in refused(
            replace(STATE, store=written(other)), app_hash=other.root()
        )
    assert read_state(replace(STATE, store=written(store)), store.root(), PLACE, PRIMITIVES)


def test_the_app_hash_of_another_height_is_refused() -> None:
    """A root is the state of one block: with another value of the store it leads elsewhere."""
    store = parse_store(STATE.store)
    later = replace(store, value=seeded("the next state of the store"))
    assert "is not in the store" in refused(
        replace(STATE, store=written(later)), app_hash=later.root()
    )


@given(st.binary(max_size=200))
def test_any_bytes_are_a_proof_or_the_one_error(data: bytes) -> None:
    for parser in (parse_iavl, parse_store):
        for tried in (data, exist(data), exist(KEY, VALUE, data)):
            with suppress(EvidenceError):
                assert len(parser(tried).root()) == 32
