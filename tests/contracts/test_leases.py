"""Which municipality serves a tenant: one at a time, and the fence only grows."""

from actions import HOUR, PERIOD, TAKE_LEASE, ZERO_ADDRESS
from federation import LABEL, TENANT, Federation


def lease(federation: Federation, tenant: bytes = TENANT) -> tuple[str, int, int]:
    holder, fence, since = federation.accreditation.lease(tenant)
    return holder, fence, since


def hand(federation: Federation, account: str, to: str) -> None:
    with federation.at(account):
        federation.accreditation.handLease(TENANT, to)


def test_a_holder_hands_a_tenant_on(federation: Federation) -> None:
    federation.later(HOUR)
    hand(federation, federation.holder, federation.members[1])
    [change] = federation.changes()
    assert (change["action"], change["target"], change["account"]) == (
        *(TAKE_LEASE, TENANT),
        federation.members[1],
    )
    assert (change["number"], change["proposal"]) == (2, 0)
    assert lease(federation) == (federation.members[1], 2, federation.now)
    with federation.at(federation.holder), federation.refuses("not the holder"):
        federation.accreditation.handLease(TENANT, federation.holder)


def test_a_holder_shuts_out_its_own_copy(federation: Federation) -> None:
    federation.later(HOUR)
    hand(federation, federation.holder, federation.holder)
    assert lease(federation) == (federation.holder, 2, federation.now)


def test_a_holder_changes_a_lease_once_an_hour_at_most(federation: Federation) -> None:
    for _ in range(3):
        for wait in (0, HOUR - 1):
            federation.later(wait)
            with federation.refuses("too early"):
                hand(federation, federation.holder, federation.holder)
        federation.later(1)
        hand(federation, federation.holder, federation.holder)
    assert lease(federation)[1] == 4


def test_a_quorum_need_not_wait_and_who_gets_the_tenant_has_to(federation: Federation) -> None:
    federation.later(HOUR)
    hand(federation, federation.holder, federation.stranger)
    federation.decide(TAKE_LEASE, target=TENANT, account=federation.holder)
    assert lease(federation) == (federation.holder, 3, federation.now)
    with federation.refuses("too early"):
        hand(federation, federation.holder, federation.stranger)


def test_only_the_holder_hands_on(federation: Federation) -> None:
    for account in (federation.members[0], federation.founder, federation.stranger):
        with federation.at(account), federation.refuses("not the holder"):
            federation.accreditation.handLease(TENANT, account)
    with federation.at(federation.holder), federation.refuses("wrong account"):
        federation.accreditation.handLease(TENANT, ZERO_ADDRESS)


def test_nobody_holds_what_nobody_was_given(federation: Federation) -> None:
    for account in (federation.holder, ZERO_ADDRESS):
        with federation.at(account), federation.refuses("lease is not given"):
            federation.accreditation.handLease(LABEL, federation.holder)
    assert lease(federation, LABEL) == (ZERO_ADDRESS, 0, 0)


def test_a_quorum_takes_a_tenant_over_without_waiting(federation: Federation) -> None:
    proposal = federation.propose(TAKE_LEASE, target=TENANT, account=federation.members[2])
    federation.approve(proposal, 1)
    with federation.refuses("no quorum"):
        federation.execute(proposal)
    federation.approve(proposal, 2)
    federation.execute(proposal)
    [change] = federation.changes()
    assert (change["number"], change["proposal"]) == (2, proposal)
    assert lease(federation) == (federation.members[2], 2, federation.now)


def test_a_new_tenant_gets_its_holder_alike(federation: Federation) -> None:
    federation.decide(TAKE_LEASE, target=LABEL, account=federation.stranger)
    assert lease(federation, LABEL) == (federation.stranger, 1, federation.now)
    assert lease(federation)[1] == 1


def test_a_thief_of_the_holders_key_cannot_evade(federation: Federation) -> None:
    proposal = federation.agreed(TAKE_LEASE, target=TENANT, account=federation.members[2])
    federation.later(HOUR)
    hand(federation, federation.holder, federation.stranger)
    federation.execute(proposal)
    assert lease(federation)[:2] == (federation.members[2], 3)


def test_an_old_vote_takes_no_tenant_again(federation: Federation) -> None:
    waiting = federation.agreed(TAKE_LEASE, target=TENANT, account=federation.members[2])
    federation.decide(TAKE_LEASE, target=TENANT, account=federation.members[3])
    with federation.refuses("overtaken"):
        federation.execute(waiting)
    assert lease(federation)[0] == federation.members[3]


def test_a_take_over_does_not_wait_for_ever(federation: Federation) -> None:
    waiting = federation.agreed(TAKE_LEASE, target=TENANT, account=federation.members[2])
    federation.later(PERIOD + 1)
    with federation.refuses("expired"):
        federation.execute(waiting)
