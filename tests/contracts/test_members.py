"""Who decides is decided alike: by the quorum, in the open, and the quorum stays a majority."""

import pytest
from actions import ADD_MEMBER, REMOVE_MEMBER, SET_QUORUM
from federation import Federation
from harness import DELAY, address_of, compiled


def test_a_member_joins(federation: Federation) -> None:
    federation.decide(ADD_MEMBER, account=federation.stranger)
    change, _ = federation.changes()
    assert (change["action"], change["account"], change["proposal"]) == (5, federation.stranger, 1)
    assert federation.accreditation.members() == [*federation.members, federation.stranger]
    with federation.at(federation.stranger):
        proposal = federation.accreditation.propose(5, bytes(32), federation.body, 0, b"")
    assert federation.accreditation.approvals(proposal) == [federation.stranger]


def test_a_member_leaves(federation: Federation) -> None:
    leaving = federation.members[1]
    federation.decide(REMOVE_MEMBER, account=leaving)
    [change] = federation.changes()
    assert (change["action"], change["account"]) == (6, leaving)
    assert leaving not in federation.accreditation.members()
    assert len(federation.accreditation.members()) == 4
    with federation.at(leaving), federation.refuses("not a member"):
        federation.accreditation.propose(5, bytes(32), leaving, 0, b"")


@pytest.mark.parametrize("place", range(5))
def test_any_member_can_leave_and_the_others_stay(federation: Federation, place: int) -> None:
    leaving = federation.members[place]
    federation.decide(REMOVE_MEMBER, account=leaving)
    assert set(federation.accreditation.members()) == set(federation.members) - {leaving}


def test_nobody_joins_twice_or_leaves_twice(federation: Federation) -> None:
    joining = federation.agreed(ADD_MEMBER, account=federation.members[1])
    with federation.refuses("a member already"):
        federation.execute(joining)
    leaving = federation.agreed(REMOVE_MEMBER, account=federation.stranger)
    with federation.refuses("not a member"):
        federation.execute(leaving)


@pytest.mark.parametrize(
    ("count", "quorum", "after"), [(1, 1, 2), (2, 2, 2), (3, 2, 3), (4, 3, 3), (4, 4, 4)]
)
def test_the_quorum_follows_a_member_who_joins(
    federation: Federation, count: int, quorum: int, after: int
) -> None:
    small = of(federation, count, quorum)
    small.decide(ADD_MEMBER, account=federation.stranger)
    changes = [(each["action"], each["number"], each["proposal"]) for each in small.changes()]
    assert changes == [(ADD_MEMBER, 0, 1), *[(SET_QUORUM, after, 1)] * (after != quorum)]
    assert small.accreditation.quorum() == after


@pytest.mark.parametrize(
    ("count", "quorum", "after"), [(2, 2, 1), (3, 3, 2), (3, 2, 2), (5, 3, 3), (5, 5, 4)]
)
def test_the_quorum_follows_a_member_who_leaves(
    federation: Federation, count: int, quorum: int, after: int
) -> None:
    small = of(federation, count, quorum)
    small.decide(REMOVE_MEMBER, account=federation.members[count - 1])
    changes = [(each["action"], each["number"], each["proposal"]) for each in small.changes()]
    assert changes == [(REMOVE_MEMBER, 0, 1), *[(SET_QUORUM, after, 1)] * (after != quorum)]
    assert small.accreditation.quorum() == after


def test_the_last_member_stays(federation: Federation) -> None:
    small = of(federation, 1, 1)
    leaving = small.agreed(REMOVE_MEMBER, account=small.members[0])
    with small.refuses("the last member"):
        small.execute(leaving)


def test_there_are_at_most_32_members(federation: Federation) -> None:
    members = [address_of(f"one of 32: {n}") for n in range(32)]
    full = of(federation, 32, 17, members)
    joining = full.agreed(ADD_MEMBER, account=full.stranger)
    with full.refuses("too many members"):
        full.execute(joining)
    full.decide(REMOVE_MEMBER, account=members[31])
    full.execute(joining)
    assert len(full.accreditation.members()) == 32


@pytest.mark.parametrize("number", [1, 2, 6, 2**256 - 1])
def test_the_quorum_is_a_majority(federation: Federation, number: int) -> None:
    proposal = federation.agreed(SET_QUORUM, number=number)
    with federation.refuses("no majority"):
        federation.execute(proposal)


@pytest.mark.parametrize("number", [3, 4, 5])
def test_the_members_set_the_quorum(federation: Federation, number: int) -> None:
    federation.decide(SET_QUORUM, number=number)
    [change] = federation.changes()
    assert (change["action"], change["number"], change["proposal"]) == (SET_QUORUM, number, 1)
    assert federation.accreditation.quorum() == number


def test_the_first_decision_about_the_quorum_overtakes_the_others(federation: Federation) -> None:
    waiting = federation.agreed(SET_QUORUM, number=4)
    federation.decide(SET_QUORUM, number=3)
    with federation.refuses("overtaken"):
        federation.execute(waiting)


def test_a_quorum_that_followed_a_member_overtakes_too(federation: Federation) -> None:
    federation.decide(SET_QUORUM, number=5)
    waiting = federation.agreed(SET_QUORUM, number=3)
    federation.decide(REMOVE_MEMBER, account=federation.members[4])
    assert federation.accreditation.quorum() == 4
    with federation.refuses("overtaken"):
        federation.execute(waiting)


def test_members_who_join_do_not_overtake_one_another(federation: Federation) -> None:
    four = of(federation, 5, 4)
    waiting = four.agreed(ADD_MEMBER, account=four.body)
    four.decide(ADD_MEMBER, account=four.stranger)
    four.execute(waiting)
    assert len(four.accreditation.members()) == 7


def test_an_old_vote_brings_no_removed_member_back(federation: Federation) -> None:
    four = of(federation, 5, 4)
    waiting = four.agreed(ADD_MEMBER, account=four.stranger)
    four.decide(ADD_MEMBER, account=four.stranger)
    four.decide(REMOVE_MEMBER, account=four.stranger)
    with four.refuses("overtaken"):
        four.execute(waiting)
    assert four.stranger not in four.accreditation.members()


def test_a_removal_overtakes_a_vote_to_add(federation: Federation) -> None:
    leaving = federation.members[4]
    waiting = federation.agreed(ADD_MEMBER, account=leaving)
    federation.decide(REMOVE_MEMBER, account=leaving)
    with federation.refuses("overtaken"):
        federation.execute(waiting)


def of(
    federation: Federation, count: int, quorum: int, members: list[str] | None = None
) -> Federation:
    """Return another federation of the first members alone."""
    chosen = (members or federation.members)[:count]
    with federation.at(federation.founder):
        contract = compiled("Accreditation").deploy(chosen, quorum, DELAY)
        contract.setAnchorLog(compiled("AnchorLog").deploy(contract.address, DELAY).address)
        contract.seal()
    parts = {name: getattr(federation, name) for name in federation.__slots__}
    return Federation(**(parts | {"accreditation": contract, "members": chosen}))
