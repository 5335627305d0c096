"""Holds one step of both contracts to what must hold whatever anybody calls.

The number in a check is that of docs/contracts.md, "What must hold", where it stands in words.
"""

from dataclasses import dataclass
from typing import Any

from actions import (
    ADD,
    ADD_MEMBER,
    HOUR,
    REMOVE,
    REMOVE_MEMBER,
    RESUME,
    SET_QUORUM,
    SUSPEND,
    TAKE_LEASE,
    WITHOUT_LOCK,
    ZERO_ADDRESS,
)
from observe import Observation
from replay import Change, history, snapshot

from madang.core.merkle.proof import verify_consistency


@dataclass(frozen=True)
class Step:
    """One call and what was seen of it.

    Attributes:
        name: of the function called.
        arguments: of the call.
        refused: whether it was reverted.
        proposal: what `proposal` said before, when the call executes one.
        votes: number of present members who approved it.
        delay: the time lock of Accreditation in seconds.
    """

    name: str
    arguments: tuple[Any, ...]
    sender: str
    now: int
    refused: bool
    proposal: Any
    votes: int
    delay: int

    def decides(self, *actions: int) -> bool:
        """Tell whether this is a decision of one of these actions, by a quorum and in time."""
        if self.name != "execute" or self.proposal.action not in actions:
            return False
        waits = 0 if self.proposal.action in WITHOUT_LOCK else self.delay
        return bool(self.now >= self.proposal.proposed + waits)


def check(step: Step, before: Observation, after: Observation, changes: list[Change]) -> None:
    """Hold one step to the invariants."""
    if step.refused:
        assert after == before, "10"
    for log in before.logs:
        check_log(step, before, after, log)
    check_guardian(step, before, after)
    if step.name == "execute" and not step.refused:
        assert step.votes >= before.quorum, "3"
        assert step.proposal.executed == 0, "9"
    check_records(step, before, after)
    check_leases(step, before, after)
    if (set(before.members), before.quorum) != (set(after.members), after.quorum):
        assert step.decides(ADD_MEMBER, REMOVE_MEMBER, SET_QUORUM), "3"
    assert len(after.members) < 2 * after.quorum <= 2 * len(after.members), "7"
    assert len(set(after.members)) == len(after.members), "7"
    assert ZERO_ADDRESS not in after.members, "7"
    assert after.founder == ZERO_ADDRESS, "9"
    check_history(after, changes)


def check_log(step: Step, before: Observation, after: Observation, log: bytes) -> None:
    old, new = before.logs[log], after.logs[log]
    if (old.root, old.size, old.time) != (new.root, new.size, new.time):
        assert (step.name, step.sender) == ("append", old.owner), "1"
        proof = step.arguments[3]
        sizes, roots = (old.size, new.size), (old.root, new.root)
        assert new.size > old.size, "1"
        assert old.size == 0 or verify_consistency(*sizes, *roots, proof), "1"
    if old.owner not in (new.owner, ZERO_ADDRESS):
        successor, ready, _ = old.rotation
        assert (step.name, step.sender, new.owner) == ("acceptOwner", successor, successor), "2"
        assert step.now >= ready, "2"
        assert (old.root, old.size, old.time) == (new.root, new.size, new.time), "2"


def check_guardian(step: Step, before: Observation, after: Observation) -> None:
    if before.guardian != after.guardian:
        successor, ready = before.guardian_rotation
        assert step.name == "acceptGuardian", "2"
        assert after.guardian == successor, "2"
        assert step.now >= ready, "2"


def check_records(step: Step, before: Observation, after: Observation) -> None:
    assert before.records.keys() <= after.records.keys(), "3"
    if before.records.keys() != after.records.keys():
        assert step.decides(ADD), "3"
    for record, old in before.records.items():
        new = after.records[record]
        assert (old.kind, old.body, old.since) == (new.kind, new.body, new.since), "3"
        if old.removed:
            assert new == old, "5"
        elif new.removed:
            assert step.decides(REMOVE), "3"
            assert new.suspended == old.suspended, "5"
        elif new.suspended and not old.suspended:
            own = step.name == "suspend" and step.sender == old.body
            assert own or step.decides(SUSPEND), "4"
        elif new.suspended != old.suspended:
            assert step.decides(RESUME), "3"


def check_leases(step: Step, before: Observation, after: Observation) -> None:
    for tenant, old in before.leases.items():
        new = after.leases[tenant]
        if new != old:
            assert new.fence == old.fence + 1, "6"
            handed = step.name == "handLease" and step.sender == old.holder
            handed = handed and step.now - old.since >= HOUR
            assert handed or step.decides(TAKE_LEASE), "6"


def check_history(after: Observation, changes: list[Change]) -> None:
    expected = snapshot(changes)
    assert (after.history, after.version) == (history(changes), len(changes)), "8"
    assert (after.records, after.quorum) == (expected.records, expected.quorum), "8"
    assert set(after.members) == expected.members, "8"
    given = {tenant: lease for tenant, lease in after.leases.items() if lease.fence}
    assert given == expected.leases, "8"
