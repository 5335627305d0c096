"""An owner can be changed after a delay in the open; root and size cannot be touched."""

import boa
import pytest
from actions import ZERO_ADDRESS
from harness import DELAY, Chain, compiled

from madang.core.merkle.tree import Tree, leaf_hash

TREE = Tree([leaf_hash(n.to_bytes(2)) for n in range(20)])
DAY = 86_400


@pytest.fixture
def log(chain: Chain) -> bytes:
    opened = chain.open(chain.owner)
    with chain.at(chain.owner):
        chain.contract.append(opened, 7, TREE.root(7), [])
    return opened


def propose(chain: Chain, log: bytes, by: str) -> None:
    with chain.at(by):
        chain.contract.proposeOwner(log, chain.successor)


def accept(chain: Chain, log: bytes) -> None:
    with chain.at(chain.successor):
        chain.contract.acceptOwner(log)


@pytest.mark.parametrize("who", ["owner", "guardian"])
def test_a_successor_takes_over_after_the_delay(chain: Chain, log: bytes, who: str) -> None:
    propose(chain, log, getattr(chain, who))
    ready = chain.now + DELAY
    proposed = {
        "logId": log,
        "successor": chain.successor,
        "ready": ready,
        "byGuardian": who == "guardian",
    }
    assert chain.events() == [("RotationProposed", proposed)]
    before = chain.contract.head(log)
    chain.later(DELAY)
    accept(chain, log)
    changed = {"logId": log, "old": chain.owner, "new": chain.successor}
    assert chain.events() == [("OwnerChanged", changed)]
    after = chain.contract.head(log)
    assert after.owner == chain.successor
    assert (after.root, after.size, after.time) == (before.root, before.size, before.time)
    assert chain.contract.rotation(log).successor == ZERO_ADDRESS


def test_the_new_owner_appends_and_the_old_one_does_not(chain: Chain, log: bytes) -> None:
    propose(chain, log, chain.owner)
    chain.later(DELAY)
    accept(chain, log)
    with chain.at(chain.owner), chain.refuses("not the owner"):
        chain.contract.append(log, 9, TREE.root(9), TREE.consistency_proof(7, 9))
    with chain.at(chain.successor):
        chain.contract.append(log, 9, TREE.root(9), TREE.consistency_proof(7, 9))
    with pytest.raises(boa.BoaError, match="log is open already"):
        chain.open(chain.owner)


def test_the_owner_goes_on_while_a_proposal_waits(chain: Chain, log: bytes) -> None:
    propose(chain, log, chain.guardian)
    with chain.at(chain.owner):
        chain.contract.append(log, 9, TREE.root(9), TREE.consistency_proof(7, 9))
    assert chain.contract.rotation(log).successor == chain.successor
    chain.later(DELAY)
    accept(chain, log)
    head = chain.contract.head(log)
    assert (head.owner, head.size, head.root) == (chain.successor, 9, TREE.root(9))


def test_nobody_takes_over_early(chain: Chain, log: bytes) -> None:
    propose(chain, log, chain.guardian)
    chain.later(DELAY - 1)
    with chain.at(chain.successor), chain.refuses("too early"):
        chain.contract.acceptOwner(log)
    chain.later(1)
    accept(chain, log)


def test_only_the_successor_accepts(chain: Chain, log: bytes) -> None:
    propose(chain, log, chain.guardian)
    chain.later(DELAY)
    for account in (chain.owner, chain.guardian, chain.stranger):
        with chain.at(account), chain.refuses("not the successor"):
            chain.contract.acceptOwner(log)


def test_nothing_proposed_is_nothing_to_accept_or_cancel(chain: Chain, log: bytes) -> None:
    for account in (chain.successor, ZERO_ADDRESS):
        with chain.at(account), chain.refuses("nothing is proposed"):
            chain.contract.acceptOwner(log)
    with chain.at(chain.guardian), chain.refuses("nothing is proposed"):
        chain.contract.cancelRotation(log)


def test_a_proposal_is_used_once(chain: Chain, log: bytes) -> None:
    propose(chain, log, chain.owner)
    chain.later(DELAY)
    accept(chain, log)
    with chain.at(chain.successor), chain.refuses("nothing is proposed"):
        chain.contract.acceptOwner(log)


def test_strangers_propose_and_cancel_nothing(chain: Chain, log: bytes) -> None:
    with chain.at(chain.stranger), chain.refuses("neither owner nor guardian"):
        chain.contract.proposeOwner(log, chain.stranger)
    propose(chain, log, chain.owner)
    for account in (chain.stranger, chain.successor):
        with chain.at(account), chain.refuses("neither owner nor guardian"):
            chain.contract.cancelRotation(log)


@pytest.mark.parametrize(
    ("by", "cancelled_by"), [("owner",) * 2, ("owner", "guardian"), ("guardian",) * 2]
)
def test_a_proposal_can_be_cancelled(chain: Chain, log: bytes, by: str, cancelled_by: str) -> None:
    propose(chain, log, getattr(chain, by))
    account = getattr(chain, cancelled_by)
    with chain.at(account):
        chain.contract.cancelRotation(log)
    assert chain.events() == [("RotationCancelled", {"logId": log, "by": account})]
    chain.later(DELAY)
    with chain.at(chain.successor), chain.refuses("nothing is proposed"):
        chain.contract.acceptOwner(log)


def test_a_thief_of_the_owners_key_cannot_block_a_rescue(chain: Chain, log: bytes) -> None:
    propose(chain, log, chain.owner)
    propose(chain, log, chain.guardian)
    with chain.at(chain.owner):
        with chain.refuses("the guardian has proposed"):
            chain.contract.cancelRotation(log)
        with chain.refuses("the guardian has proposed"):
            chain.contract.proposeOwner(log, chain.stranger)
    assert chain.contract.rotation(log).byGuardian
    chain.later(DELAY)
    accept(chain, log)


def test_a_second_proposal_begins_the_delay_anew(chain: Chain, log: bytes) -> None:
    propose(chain, log, chain.owner)
    chain.later(DELAY - 1)
    propose(chain, log, chain.guardian)
    chain.later(DELAY - 1)
    with chain.at(chain.successor), chain.refuses("too early"):
        chain.contract.acceptOwner(log)


def test_there_must_be_a_log_and_a_successor(chain: Chain, log: bytes) -> None:
    with chain.at(chain.guardian):
        with chain.refuses("log is not open"):
            chain.contract.proposeOwner(bytes(32), chain.successor)
        for nobody in (ZERO_ADDRESS, chain.owner):
            with chain.refuses("no successor"):
                chain.contract.proposeOwner(log, nobody)


def test_the_zero_address_never_owns_a_log(chain: Chain, log: bytes) -> None:
    with chain.at(ZERO_ADDRESS):
        with chain.refuses("log is not open"):
            chain.contract.proposeOwner(bytes(32), chain.successor)
        with chain.refuses("nothing is proposed"):
            chain.contract.cancelRotation(bytes(32))


def test_the_guardian_hands_over_after_the_delay(chain: Chain) -> None:
    with chain.at(chain.guardian):
        chain.contract.proposeGuardian(chain.successor)
    ready = chain.now + DELAY
    assert chain.events() == [("GuardianProposed", {"successor": chain.successor, "ready": ready})]
    with chain.at(chain.successor), chain.refuses("too early"):
        chain.contract.acceptGuardian()
    chain.later(DELAY)
    with chain.at(chain.successor):
        chain.contract.acceptGuardian()
    changed = {"old": chain.guardian, "new": chain.successor}
    assert chain.events() == [("GuardianChanged", changed)]
    assert chain.contract.guardian() == chain.successor
    with chain.at(chain.guardian), chain.refuses("not the guardian"):
        chain.contract.proposeGuardian(chain.stranger)


def test_a_handover_of_the_guardian_can_be_cancelled(chain: Chain) -> None:
    with chain.at(chain.guardian):
        with chain.refuses("nothing is proposed"):
            chain.contract.cancelGuardian()
        chain.contract.proposeGuardian(chain.successor)
        chain.contract.cancelGuardian()
    assert chain.events() == [("GuardianCancelled", {"successor": chain.successor})]
    chain.later(DELAY)
    for account in (chain.successor, ZERO_ADDRESS):
        with chain.at(account), chain.refuses("nothing is proposed"):
            chain.contract.acceptGuardian()


def test_only_the_guardian_hands_over(chain: Chain, log: bytes) -> None:
    for account in (chain.owner, chain.stranger):
        with chain.at(account):
            with chain.refuses("not the guardian"):
                chain.contract.proposeGuardian(account)
            with chain.refuses("not the guardian"):
                chain.contract.cancelGuardian()
            with chain.refuses("nothing is proposed"):
                chain.contract.acceptGuardian()
    with chain.at(chain.guardian):
        chain.contract.proposeGuardian(chain.successor)
    for account in (chain.owner, chain.stranger, chain.guardian):
        with chain.at(account), chain.refuses("not the successor"):
            chain.contract.acceptGuardian()
    with chain.at(chain.guardian):
        for nobody in (ZERO_ADDRESS, chain.guardian):
            with chain.refuses("no successor"):
                chain.contract.proposeGuardian(nobody)


@pytest.mark.parametrize("delay", [0, DAY - 1, 90 * DAY + 1, 2**256 - 1])
def test_the_delay_is_between_1_and_90_days(chain: Chain, delay: int) -> None:
    with pytest.raises(boa.BoaError, match="delay not 1 to 90 days"):
        compiled("AnchorLog").deploy(chain.guardian, delay)


def test_a_deployment_needs_a_guardian(chain: Chain) -> None:
    with pytest.raises(boa.BoaError, match="guardian is zero"):
        compiled("AnchorLog").deploy(ZERO_ADDRESS, DELAY)


@pytest.mark.parametrize("delay", [DAY, 90 * DAY])
def test_the_bounds_of_the_delay_are_allowed(chain: Chain, delay: int) -> None:
    assert compiled("AnchorLog").deploy(chain.guardian, delay).delay() == delay
