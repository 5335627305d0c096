"""Where the contract keeps a head, held against the contract itself."""

from hashlib import sha256

import pytest
from eth_abi.abi import encode as abi_encode

from contracts import artifacts
from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.storage.slots import HEADS_SLOT, Place, log_id, unpack
from madang.infra.primitives import PRIMITIVES
from tests.unit.madang.core.evidence.world import ORIGIN, seeded

OWNER = bytes(range(20))


def test_the_heads_are_where_the_compiler_put_them() -> None:
    assert artifacts.load("AnchorLog").storage_slots["_heads"] == HEADS_SLOT


def test_the_id_is_that_of_the_contract() -> None:
    label = sha256(ORIGIN.encode()).digest()
    encoded = abi_encode(["address", "bytes32"], ["0x" + OWNER.hex(), label])
    assert log_id(OWNER, ORIGIN, PRIMITIVES) == PRIMITIVES.keccak(encoded)


def test_root_and_packed_word_lie_side_by_side() -> None:
    first, second = Place(OWNER, seeded("id")).slots(PRIMITIVES)
    assert first == PRIMITIVES.keccak(HEADS_SLOT.to_bytes(32) + seeded("id"))
    assert int.from_bytes(second) == int.from_bytes(first) + 1


def test_a_word_is_unpacked_as_the_contract_packs_it() -> None:
    packed = int.from_bytes(OWNER) | 10_000 << 160 | 1_795_000_000 << 224
    state = unpack(seeded("root"), packed.to_bytes(32), seeded("code"))
    assert (state.size, state.time, state.owner) == (10_000, 1_795_000_000, OWNER)
    assert (state.root, state.code_hash) == (seeded("root"), seeded("code"))


def test_leading_zeros_may_be_missing() -> None:
    assert unpack(b"\x07", b"\x05", bytes(32)).root == bytes(31) + b"\x07"
    assert unpack(b"\x07", b"\x05", bytes(32)).owner == bytes(19) + b"\x05"


@pytest.mark.parametrize("sizes", [(33, 32, 32), (32, 33, 32), (32, 32, 31)])
def test_what_is_no_word_is_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(EvidenceError, match="no word"):
        unpack(*(b"\x01" * size for size in sizes))
