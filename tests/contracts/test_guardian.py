"""As guardian of AnchorLog the members rescue a log together, and none of them alone."""

from typing import Any

import boa
import pytest
from actions import (
    CANCEL_GUARDIAN,
    CANCEL_ROTATION,
    PROPOSE_GUARDIAN,
    PROPOSE_OWNER,
    ZERO_ADDRESS,
)
from federation import LABEL, TENANT, Federation
from harness import DELAY, compiled

from madang.core.merkle.tree import Tree, leaf_hash

ROOT = Tree([leaf_hash(b"an entry")]).root(1)


@pytest.fixture
def log(federation: Federation) -> bytes:
    with federation.at(federation.owner):
        opened = federation.anchor_log.open(LABEL)
        federation.anchor_log.append(opened, 1, ROOT, [])
    return bytes(opened)


def test_the_members_give_a_log_another_owner(federation: Federation, log: bytes) -> None:
    federation.decide(PROPOSE_OWNER, target=log, account=federation.successor)
    [(_, change), *_] = federation.events()
    assert (change["action"], change["target"], change["account"]) == (
        *(PROPOSE_OWNER, log),
        federation.successor,
    )
    rotation = tuple(federation.anchor_log.rotation(log))
    assert rotation == (federation.successor, federation.now + DELAY, True)
    federation.later(DELAY)
    with federation.at(federation.successor):
        federation.anchor_log.acceptOwner(log)
    head = federation.anchor_log.head(log)
    assert (head.owner, head.size, head.root) == (federation.successor, 1, ROOT)


def test_what_anchor_log_refuses_is_refused_and_can_be_tried_again(
    federation: Federation, log: bytes
) -> None:
    waiting = federation.agreed(PROPOSE_OWNER, target=TENANT, account=federation.successor)
    before = federation.accreditation.version()
    with federation.refuses("log is not open"):
        federation.execute(waiting)
    assert federation.accreditation.version() == before
    assert federation.accreditation.proposal(waiting).executed == 0


def test_the_members_cancel_a_rotation_at_once(federation: Federation, log: bytes) -> None:
    with federation.at(federation.owner):
        federation.anchor_log.proposeOwner(log, federation.stranger)
    proposal = federation.propose(CANCEL_ROTATION, target=log, account=federation.stranger)
    federation.approve(proposal, 1, 2)
    federation.execute(proposal)
    assert federation.anchor_log.rotation(log).successor == ZERO_ADDRESS


def test_another_rotation_than_the_one_that_was_meant_goes_on(
    federation: Federation, log: bytes
) -> None:
    waiting = federation.agreed(CANCEL_ROTATION, target=log, account=federation.stranger)
    with federation.refuses("another rotation"):
        federation.execute(waiting)
    with federation.at(federation.owner):
        federation.anchor_log.proposeOwner(log, federation.successor)
    with federation.refuses("another rotation"):
        federation.execute(waiting)
    assert federation.anchor_log.rotation(log).successor == federation.successor


def test_a_rotation_cancelled_at_once_makes_way_for_the_members_own(
    federation: Federation, log: bytes
) -> None:
    waiting = federation.agreed(PROPOSE_OWNER, target=log, account=federation.successor)
    with federation.at(federation.owner):
        federation.anchor_log.proposeOwner(log, federation.stranger)
    federation.decide(CANCEL_ROTATION, target=log, account=federation.stranger)
    federation.execute(waiting)
    assert federation.anchor_log.rotation(log).successor == federation.successor


def test_a_rotation_is_cancelled_by_a_vote_of_its_own(federation: Federation, log: bytes) -> None:
    waiting = federation.agreed(CANCEL_ROTATION, target=log, account=federation.stranger)
    for again in (False, True):
        with federation.at(federation.owner):
            federation.anchor_log.proposeOwner(log, federation.stranger)
        if not again:
            federation.decide(CANCEL_ROTATION, target=log, account=federation.stranger)
    with federation.refuses("overtaken"):
        federation.execute(waiting)


def test_an_old_vote_proposes_no_owner_again(federation: Federation, log: bytes) -> None:
    waiting = federation.agreed(PROPOSE_OWNER, target=log, account=federation.stranger)
    federation.decide(PROPOSE_OWNER, target=log, account=federation.successor)
    federation.decide(CANCEL_ROTATION, target=log, account=federation.successor)
    with federation.refuses("overtaken"):
        federation.execute(waiting)


def test_the_office_is_handed_to_another_contract(federation: Federation) -> None:
    following = next_contract(federation)
    with federation.at(federation.founder), federation.refuses("not the guardian"):
        following.seal()
    federation.decide(PROPOSE_GUARDIAN, account=following.address)
    with federation.at(federation.founder):
        following.seal()
    with federation.at(federation.stranger), federation.refuses("too early"):
        following.acceptGuardian()
    federation.later(DELAY)
    with federation.at(federation.stranger):
        following.acceptGuardian()
    assert federation.anchor_log.guardian() == following.address
    waiting = federation.agreed(PROPOSE_GUARDIAN, account=federation.body)
    with federation.refuses("not the guardian"):
        federation.execute(waiting)


def test_the_handover_of_the_office_is_cancelled_at_once(federation: Federation) -> None:
    following = next_contract(federation)
    federation.decide(PROPOSE_GUARDIAN, account=following.address)
    with federation.at(federation.founder):
        following.seal()
    proposal = federation.propose(CANCEL_GUARDIAN)
    federation.approve(proposal, 1, 2)
    federation.execute(proposal)
    federation.later(DELAY)
    with federation.refuses("nothing is proposed"):
        following.acceptGuardian()


def test_an_old_vote_hands_no_office_over(federation: Federation) -> None:
    waiting = federation.agreed(PROPOSE_GUARDIAN, account=federation.stranger)
    federation.decide(PROPOSE_GUARDIAN, account=federation.body)
    with federation.refuses("overtaken"):
        federation.execute(waiting)
    waiting = federation.agreed(PROPOSE_GUARDIAN, account=federation.stranger)
    federation.decide(CANCEL_GUARDIAN)
    with federation.refuses("overtaken"):
        federation.execute(waiting)


@pytest.mark.parametrize("who", ["stranger", "founder", "owner", "holder"])
def test_nobody_speaks_for_the_guardian_alone(federation: Federation, log: bytes, who: str) -> None:
    account = getattr(federation, who)
    with federation.at(account):
        with federation.refuses("not the guardian"):
            federation.anchor_log.proposeGuardian(account)
        with federation.refuses("nothing is proposed"):
            federation.accreditation.acceptGuardian()
    with federation.at(federation.members[0]), federation.refuses("neither owner nor guardian"):
        federation.anchor_log.proposeOwner(log, federation.members[0])


HOSTILE = """
# pragma version 0.4.3
# pragma evm-version london
interface Accreditation:
    def execute(id: uint256): nonpayable

guardian: public(address)

@deploy
def __init__(guardian: address):
    self.guardian = guardian

@external
def proposeOwner(logId: bytes32, successor: address):
    extcall Accreditation(msg.sender).execute(1)
"""


def test_a_contract_that_calls_back_finds_the_decision_carried_out(founding: Federation) -> None:
    hostile: Any = boa.loads(HOSTILE, founding.accreditation.address)
    with founding.at(founding.founder):
        founding.accreditation.setAnchorLog(hostile.address)
        founding.accreditation.seal()
    waiting = founding.agreed(PROPOSE_OWNER, target=TENANT, account=founding.stranger)
    with founding.refuses("executed already"):
        founding.execute(waiting)


def next_contract(federation: Federation) -> Any:
    """Deploy the contract that shall follow, for the same AnchorLog; it is sealed later."""
    with federation.at(federation.founder):
        contract = compiled("Accreditation").deploy(federation.members, 3, DELAY)
        contract.setAnchorLog(federation.anchor_log.address)
    return contract
