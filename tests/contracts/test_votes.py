"""Proposals: who approves, what counts, when something is carried out, and that only once."""

import pytest
from actions import (
    ADD,
    ADD_MEMBER,
    CANCEL_GUARDIAN,
    CANCEL_ROTATION,
    ISSUER,
    NOTHING,
    PERIOD,
    PROPOSE_GUARDIAN,
    PROPOSE_OWNER,
    REMOVE,
    REMOVE_MEMBER,
    RESUME,
    SET_QUORUM,
    SUSPEND,
    TAKE_LEASE,
    ZERO_ADDRESS,
)
from federation import DOCUMENT, TENANT, Federation, record_id, word
from harness import DELAY

ADDITION = {"target": word(ISSUER), "document": DOCUMENT}


def addition(federation: Federation) -> int:
    return federation.propose(ADD, account=federation.body, **ADDITION)


def test_a_proposal_shows_all_that_is_approved(federation: Federation) -> None:
    proposal = addition(federation)
    first = federation.members[0]
    proposed = {
        "id": proposal,
        "by": first,
        "action": ADD,
        "target": word(ISSUER),
        "account": federation.body,
        "number": 0,
        "document": DOCUMENT,
    }
    approved = {"id": proposal, "by": first, "ready": 0}
    assert federation.events() == [("Proposed", proposed), ("Approved", approved)]
    found = federation.accreditation.proposal(proposal)
    assert tuple(found) == (
        *(ADD, word(ISSUER), federation.body, 0, record_id(DOCUMENT)),
        *(federation.now, 0, 0, 0),
    )
    assert federation.accreditation.approvals(proposal) == [first]
    assert (proposal, federation.accreditation.proposalCount()) == (1, 1)


def test_a_quorum_and_the_time_lock_decide(federation: Federation) -> None:
    proposal = addition(federation)
    federation.later(3600)
    federation.approve(proposal, 1)
    with federation.refuses("no quorum"):
        federation.execute(proposal, DOCUMENT)
    federation.later(3600)
    federation.approve(proposal, 2)
    ready = federation.now + DELAY
    approved = {"id": proposal, "by": federation.members[2], "ready": ready}
    assert federation.events() == [("Approved", approved)]
    federation.later(DELAY - 1)
    with federation.refuses("too early"):
        federation.execute(proposal, DOCUMENT)
    federation.later(1)
    federation.execute(proposal, DOCUMENT)
    assert federation.accreditation.proposal(proposal).executed == federation.now
    assert federation.accreditation.record(record_id(DOCUMENT)).since == federation.now


def test_more_approvals_do_not_move_the_time(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    ready = federation.accreditation.proposal(proposal).ready
    federation.later(DELAY - 1)
    federation.approve(proposal, 3, 4)
    assert federation.accreditation.proposal(proposal).ready == ready
    federation.later(1)
    federation.execute(proposal, DOCUMENT)


def test_a_decision_is_carried_out_once(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    federation.later(DELAY)
    federation.execute(proposal, DOCUMENT)
    with federation.refuses("executed already"):
        federation.execute(proposal, DOCUMENT)
    with federation.refuses("executed already"):
        federation.approve(proposal, 3)
    with federation.at(federation.members[0]), federation.refuses("executed already"):
        federation.accreditation.withdraw(proposal)


def test_nobody_approves_twice(federation: Federation) -> None:
    proposal = addition(federation)
    with federation.refuses("approved already"):
        federation.approve(proposal, 0)
    federation.approve(proposal, 1)
    with federation.refuses("approved already"):
        federation.approve(proposal, 1)
    assert len(federation.accreditation.approvals(proposal)) == 2


@pytest.mark.parametrize("who", ["stranger", "founder", "body", "holder"])
def test_only_members_vote(federation: Federation, who: str) -> None:
    proposal = addition(federation)
    contract = federation.accreditation
    with federation.at(getattr(federation, who)):
        with federation.refuses("not a member"):
            contract.propose(REMOVE_MEMBER, NOTHING, federation.members[0], 0, b"")
        with federation.refuses("not a member"):
            contract.approve(proposal)
        with federation.refuses("not a member"):
            contract.withdraw(proposal)


def test_there_must_be_a_proposal(federation: Federation) -> None:
    addition(federation)
    for number in (0, 2, 2**256 - 1):
        with federation.refuses("no such proposal"):
            federation.approve(number, 1)
        with federation.refuses("no such proposal"):
            federation.execute(number)
        with federation.at(federation.members[0]), federation.refuses("no such proposal"):
            federation.accreditation.withdraw(number)
    assert federation.accreditation.proposal(2).proposed == 0


def test_an_approval_is_withdrawn_by_its_giver(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    with federation.at(federation.members[3]), federation.refuses("not approved"):
        federation.accreditation.withdraw(proposal)
    with federation.at(federation.members[1]):
        federation.accreditation.withdraw(proposal)
        withdrawn = {"id": proposal, "by": federation.members[1], "ready": 0}
        assert federation.events() == [("Withdrawn", withdrawn)]
        with federation.refuses("not approved"):
            federation.accreditation.withdraw(proposal)
    assert federation.accreditation.approvals(proposal) == [
        federation.members[0],
        federation.members[2],
    ]
    federation.later(DELAY)
    with federation.refuses("no quorum"):
        federation.execute(proposal, DOCUMENT)


def test_a_lost_quorum_begins_the_time_lock_anew(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    federation.later(DELAY - 1)
    with federation.at(federation.members[0]):
        federation.accreditation.withdraw(proposal)
        federation.accreditation.approve(proposal)
    federation.later(DELAY - 1)
    with federation.refuses("too early"):
        federation.execute(proposal, DOCUMENT)
    federation.later(1)
    federation.execute(proposal, DOCUMENT)


def test_a_withdrawal_above_the_quorum_changes_no_time(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2, 3)
    ready = federation.accreditation.proposal(proposal).ready
    federation.later(60)
    with federation.at(federation.members[0]):
        federation.accreditation.withdraw(proposal)
    assert federation.accreditation.proposal(proposal).ready == ready
    federation.later(DELAY)
    federation.execute(proposal, DOCUMENT)


def test_approvals_are_taken_for_thirty_days(federation: Federation) -> None:
    proposal = addition(federation)
    federation.later(PERIOD)
    federation.approve(proposal, 1)
    federation.later(1)
    with federation.refuses("expired"):
        federation.approve(proposal, 2)
    federation.later(PERIOD + DELAY)
    with federation.refuses("no quorum"):
        federation.execute(proposal, DOCUMENT)


@pytest.mark.parametrize("late", [0, 1])
def test_a_decision_waits_for_thirty_days(federation: Federation, late: int) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    federation.later(DELAY + PERIOD + late)
    if not late:
        federation.execute(proposal, DOCUMENT)
        return
    with federation.refuses("expired"):
        federation.execute(proposal, DOCUMENT)
    with federation.at(federation.members[0]):
        federation.accreditation.withdraw(proposal)
        with federation.refuses("expired"):
            federation.accreditation.approve(proposal)


def test_an_approval_counts_only_while_its_giver_is_a_member(federation: Federation) -> None:
    proposal = addition(federation)
    removal = federation.propose(REMOVE_MEMBER, account=federation.members[1])
    federation.approve(removal, 2, 3)
    federation.later(DELAY)
    federation.approve(proposal, 1, 2)
    federation.execute(removal)
    federation.later(DELAY)
    contract = federation.accreditation
    assert contract.approvals(proposal) == [federation.members[0], federation.members[2]]
    with federation.refuses("no quorum"):
        federation.execute(proposal, DOCUMENT)
    with federation.refuses("not a member"):
        federation.approve(proposal, 1)
    with federation.at(federation.members[1]), federation.refuses("not a member"):
        contract.withdraw(proposal)
    federation.approve(proposal, 3)
    assert contract.proposal(proposal).ready == federation.now + DELAY
    federation.later(DELAY)
    federation.execute(proposal, DOCUMENT)


def test_an_approval_below_the_quorum_stops_a_time_lock_that_ran(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    first, second = (
        federation.agreed(REMOVE_MEMBER, account=federation.members[n], by=3) for n in (1, 2)
    )
    federation.execute(first)
    federation.approve(second, 4)
    federation.later(DELAY)
    federation.execute(second)
    assert federation.accreditation.proposal(proposal).ready != 0
    federation.approve(proposal, 3)
    assert federation.accreditation.proposal(proposal).ready == 0


def test_approvals_do_not_come_back_with_a_member(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1)
    returning = federation.members[1]
    federation.decide(REMOVE_MEMBER, account=returning, by=2)
    federation.decide(ADD_MEMBER, account=returning)
    assert federation.accreditation.approvals(proposal) == [federation.members[0]]
    federation.approve(proposal, 1)
    assert returning in federation.accreditation.approvals(proposal)


def test_a_higher_quorum_holds_for_what_waits(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    federation.decide(SET_QUORUM, number=4)
    with federation.refuses("no quorum"):
        federation.execute(proposal, DOCUMENT)
    federation.approve(proposal, 3)
    with federation.refuses("too early"):
        federation.execute(proposal, DOCUMENT)
    federation.later(DELAY)
    federation.execute(proposal, DOCUMENT)


def test_a_lower_quorum_starts_no_time_lock_by_itself(federation: Federation) -> None:
    federation.decide(SET_QUORUM, number=4)
    lower = federation.propose(SET_QUORUM, number=3)
    federation.approve(lower, 1, 2, 3)
    federation.later(DELAY)
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    federation.execute(lower)
    federation.later(DELAY)
    with federation.refuses("no quorum"):
        federation.execute(proposal, DOCUMENT)
    with federation.at(federation.members[2]):
        federation.accreditation.withdraw(proposal)
        federation.accreditation.approve(proposal)
    federation.later(DELAY - 1)
    with federation.refuses("too early"):
        federation.execute(proposal, DOCUMENT)
    federation.later(1)
    federation.execute(proposal, DOCUMENT)


def test_an_approval_under_a_lower_quorum_starts_the_time_lock(federation: Federation) -> None:
    federation.decide(SET_QUORUM, number=5)
    lower = federation.propose(SET_QUORUM, number=3)
    federation.approve(lower, 1, 2, 3, 4)
    federation.later(DELAY)
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    federation.execute(lower)
    federation.approve(proposal, 3)
    assert federation.accreditation.proposal(proposal).ready == federation.now + DELAY


def test_what_a_member_took_away_no_lower_quorum_brings_back_at_once(
    federation: Federation,
) -> None:
    proposal = addition(federation)
    federation.decide(SET_QUORUM, number=4)
    lower = federation.propose(SET_QUORUM, number=3)
    federation.approve(lower, 1, 2, 3)
    removal = federation.propose(REMOVE_MEMBER, account=federation.members[4])
    federation.approve(removal, 1, 2, 3)
    federation.approve(proposal, 1, 2, 4)
    federation.later(DELAY)
    federation.execute(removal)
    with federation.refuses("no quorum"):
        federation.execute(proposal, DOCUMENT)
    federation.execute(lower)
    for wait in (0, DELAY - 1):
        federation.later(wait)
        with federation.refuses("too early"):
            federation.execute(proposal, DOCUMENT)
    federation.later(1)
    federation.execute(proposal, DOCUMENT)


def test_a_quorum_that_was_raised_and_lowered_again_begins_the_time_lock_anew(
    federation: Federation,
) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2)
    higher = federation.agreed(SET_QUORUM, number=4)
    federation.execute(higher)
    federation.decide(SET_QUORUM, number=3)
    with federation.refuses("too early"):
        federation.execute(proposal, DOCUMENT)
    federation.later(DELAY)
    federation.execute(proposal, DOCUMENT)


def test_what_has_no_time_lock_waits_for_no_lower_quorum(federation: Federation) -> None:
    federation.decide(SET_QUORUM, number=4)
    federation.decide(SET_QUORUM, number=3)
    proposal = federation.agreed(TAKE_LEASE, target=TENANT, account=federation.members[2])
    federation.execute(proposal)


def test_a_quorum_that_rises_holds_up_nothing(federation: Federation) -> None:
    proposal = addition(federation)
    federation.approve(proposal, 1, 2, 3)
    federation.decide(SET_QUORUM, number=4)
    federation.execute(proposal, DOCUMENT)


@pytest.mark.parametrize(
    ("action", "takes"),
    [
        (ADD, "target account document"),
        (REMOVE, "target"),
        (SUSPEND, "target"),
        (RESUME, "target"),
        (ADD_MEMBER, "account"),
        (REMOVE_MEMBER, "account"),
        (SET_QUORUM, "number"),
        (TAKE_LEASE, "target account"),
        (PROPOSE_OWNER, "target account"),
        (CANCEL_ROTATION, "target account"),
        (PROPOSE_GUARDIAN, "account"),
        (CANCEL_GUARDIAN, ""),
    ],
)
def test_what_an_action_does_not_take_is_nothing(
    federation: Federation, action: int, takes: str
) -> None:
    record = federation.add(b"another")
    federation.suspend(record)
    values = {"target": record, "account": federation.body, "number": 4, "document": DOCUMENT}
    if action == ADD:
        values["target"] = word(ISSUER)
    good = {name: values[name] for name in takes.split()}
    federation.propose(action, **good)
    zero = {"target": NOTHING, "account": ZERO_ADDRESS, "number": 0, "document": b""}
    for name, value in values.items():
        wrong = good | {name: zero[name] if name in good else value}
        with federation.refuses(f"wrong {name}"):
            federation.propose(action, **wrong)


@pytest.mark.parametrize("action", [0, 13, 14, 255])
def test_there_are_twelve_actions(federation: Federation, action: int) -> None:
    with federation.refuses("no such action"):
        federation.propose(action, target=TENANT, account=federation.body)


def test_the_document_comes_again_and_for_records_alone(federation: Federation) -> None:
    proposal = federation.agreed(ADD, account=federation.body, **ADDITION)
    for document in (b"", DOCUMENT + b" ", DOCUMENT[:-1]):
        with federation.refuses("wrong document"):
            federation.execute(proposal, document)
    with federation.refuses("wrong document"):
        federation.accreditation.execute(proposal)
    federation.execute(proposal, DOCUMENT)
    proposal = federation.agreed(SUSPEND, target=record_id(DOCUMENT))
    with federation.refuses("wrong document"):
        federation.execute(proposal, DOCUMENT)
    federation.accreditation.execute(proposal)
