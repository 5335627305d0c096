"""Only the owner moves a log, only forward, and only along its own history."""

import boa
import pytest
from actions import ZERO_ADDRESS
from eth_hash.auto import keccak as keccak256
from harness import Chain
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.core.merkle.tree import Tree, leaf_hash

LEAVES = [leaf_hash(n.to_bytes(2)) for n in range(120)]
TREE = Tree(LEAVES)
OTHER = Tree([*LEAVES[:3], leaf_hash(b"rewritten"), *LEAVES[4:]])
LABEL = bytes(31) + b"\x01"


@pytest.fixture
def log(chain: Chain) -> bytes:
    """The owner's log at size 5."""
    opened = chain.open(chain.owner)
    with chain.at(chain.owner):
        chain.contract.append(opened, 5, TREE.root(5), [])
    return opened


def test_a_log_is_opened_for_its_owner(chain: Chain) -> None:
    with chain.at(chain.owner):
        log = chain.contract.open(LABEL)
    events = chain.events()
    head = chain.contract.head(log)
    assert log == chain.contract.idOf(chain.owner, LABEL)
    assert (head.owner, head.size, head.time, head.root) == (chain.owner, 0, 0, bytes(32))
    assert events == [("Opened", {"logId": log, "owner": chain.owner, "label": LABEL})]


def test_nobody_can_squat_a_foreign_log(chain: Chain) -> None:
    with chain.at(chain.stranger):
        squatted = chain.contract.open(LABEL)
    with chain.at(chain.owner):
        log = chain.contract.open(LABEL)
    assert squatted != log
    assert chain.contract.head(log).owner == chain.owner
    assert chain.contract.head(squatted).owner == chain.stranger


def test_a_log_is_opened_once(chain: Chain) -> None:
    chain.open(chain.owner)
    with pytest.raises(boa.BoaError, match="log is open already"):
        chain.open(chain.owner)


def test_an_open_log_cannot_be_reset_by_its_owner(chain: Chain, log: bytes) -> None:
    with pytest.raises(boa.BoaError, match="log is open already"):
        chain.open(chain.owner)
    assert chain.contract.head(log).size == 5


def test_one_owner_has_many_logs(chain: Chain) -> None:
    first = chain.open(chain.owner)
    with chain.at(chain.owner):
        second = chain.contract.open(LABEL)
    assert first != second


def test_heads_follow_one_another(chain: Chain, log: bytes) -> None:
    for old, new in [(5, 6), (6, 8), (8, 64), (64, 65), (65, 119)]:
        with chain.at(chain.owner):
            chain.contract.append(log, new, TREE.root(new), TREE.consistency_proof(old, new))
        expected = ("Appended", {"logId": log, "size": new, "root": TREE.root(new)})
        assert chain.events() == [expected]
        head = chain.contract.head(log)
        assert (head.owner, head.size, head.root) == (chain.owner, new, TREE.root(new))
        assert head.time == chain.now


@pytest.mark.parametrize("who", ["stranger", "guardian", "successor"])
def test_only_the_owner_appends(chain: Chain, log: bytes, who: str) -> None:
    with chain.at(getattr(chain, who)), chain.refuses("not the owner"):
        chain.contract.append(log, 6, TREE.root(6), TREE.consistency_proof(5, 6))


def test_a_log_that_is_not_open_takes_nothing(chain: Chain) -> None:
    log = chain.contract.idOf(chain.owner, LABEL)
    for account in (chain.owner, ZERO_ADDRESS):
        with chain.at(account), chain.refuses("log is not open"):
            chain.contract.append(log, 1, TREE.root(1), [])
    assert chain.contract.head(log).owner == ZERO_ADDRESS


@pytest.mark.parametrize("size", [0, 1, 4, 5])
def test_a_size_that_is_not_larger_is_refused(chain: Chain, log: bytes, size: int) -> None:
    for tree in (TREE, OTHER):
        steps = TREE.consistency_proof(size, 5) if size else []
        for each in ([], steps):
            with chain.at(chain.owner), chain.refuses("size is not larger"):
                chain.contract.append(log, size, tree.root(size), each)


def test_a_stale_append_is_refused_and_proved_anew(chain: Chain, log: bytes) -> None:
    with chain.at(chain.owner):
        chain.contract.append(log, 9, TREE.root(9), TREE.consistency_proof(5, 9))
        with chain.refuses("not an extension"):
            chain.contract.append(log, 12, TREE.root(12), TREE.consistency_proof(5, 12))
        chain.contract.append(log, 12, TREE.root(12), TREE.consistency_proof(9, 12))
    assert chain.contract.head(log).size == 12


def test_history_cannot_be_rewritten(chain: Chain, log: bytes) -> None:
    steps = OTHER.consistency_proof(5, 9)
    for each in (steps, TREE.consistency_proof(5, 9), [], steps[::-1]):
        with chain.at(chain.owner), chain.refuses("not an extension"):
            chain.contract.append(log, 9, OTHER.root(9), each)
    assert chain.contract.head(log).root == TREE.root(5)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(size=st.integers(6, 119), flip=st.integers(0, 255), place=st.integers(0, 20))
def test_no_damaged_proof_moves_a_log(
    chain: Chain, log: bytes, size: int, flip: int, place: int
) -> None:
    steps = TREE.consistency_proof(5, size)
    at = place % len(steps)
    damaged = bytearray(steps[at])
    damaged[flip // 8] ^= 1 << flip % 8
    before = chain.contract.head(log)
    with chain.at(chain.owner), chain.refuses("not an extension"):
        chain.contract.append(
            log, size, TREE.root(size), [*steps[:at], bytes(damaged), *steps[at + 1 :]]
        )
    assert chain.contract.head(log) == before


def test_the_first_head_takes_no_proof_and_no_zero_root(chain: Chain) -> None:
    log = chain.open(chain.owner)
    with chain.at(chain.owner):
        with chain.refuses("first head takes no proof"):
            chain.contract.append(log, 5, TREE.root(5), [TREE.root(4)])
        with chain.refuses("root is zero"):
            chain.contract.append(log, 5, bytes(32), [])
        with chain.refuses("size is not larger"):
            chain.contract.append(log, 0, TREE.root(0), [])
        with chain.refuses("size is not larger"):
            chain.contract.append(log, 2**63, TREE.root(5), [])
        chain.contract.append(log, 2**63 - 1, TREE.root(5), [])


def test_logs_do_not_touch_one_another(chain: Chain, log: bytes) -> None:
    with chain.at(chain.stranger):
        other = chain.contract.open(LABEL)
        chain.contract.append(other, 3, OTHER.root(3), [])
    assert chain.contract.head(log).size == 5
    assert chain.contract.head(other).size == 3


def test_inclusion_is_under_the_present_head(chain: Chain, log: bytes) -> None:
    ask = chain.contract.verifyInclusion
    for index in range(5):
        assert ask(log, index, LEAVES[index], TREE.inclusion_proof(index, 5))
    assert not ask(log, 4, LEAVES[3], TREE.inclusion_proof(4, 5))
    assert not ask(log, 5, LEAVES[5], TREE.inclusion_proof(5, 6))
    assert not ask(log, 3, LEAVES[3], OTHER.inclusion_proof(3, 6))
    assert not ask(bytes(32), 0, LEAVES[0], [])


def test_two_slots_hold_a_log(chain: Chain, log: bytes) -> None:
    slot = int.from_bytes(keccak256((1).to_bytes(32) + log))
    root = boa.env.get_storage(chain.contract.address, slot)
    packed = boa.env.get_storage(chain.contract.address, slot + 1)
    head = chain.contract.head(log)
    assert root == int.from_bytes(TREE.root(5))
    assert packed == int(chain.owner, 16) | 5 << 160 | head.time << 224


def test_the_time_stops_in_2106_and_the_log_goes_on(chain: Chain, log: bytes) -> None:
    boa.env.timestamp = 2**32 + 5
    with chain.at(chain.owner):
        chain.contract.append(log, 6, TREE.root(6), TREE.consistency_proof(5, 6))
    head = chain.contract.head(log)
    assert (head.time, head.size, head.owner) == (2**32 - 1, 6, chain.owner)
