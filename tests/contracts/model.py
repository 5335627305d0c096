"""Accreditation once more in Python, as plainly as its rules can be said.

A method is a call by `sender` at the time `now`; it changes the model or raises `Refused`.
"""

import hashlib
from dataclasses import dataclass, field, replace

from actions import (
    ADD,
    ADD_MEMBER,
    CANCEL_GUARDIAN,
    CANCEL_ROTATION,
    HOUR,
    NOTHING,
    PERIOD,
    PROPOSE_GUARDIAN,
    PROPOSE_OWNER,
    REMOVE,
    REMOVE_MEMBER,
    RESUME,
    SEAL,
    SET_ANCHOR_LOG,
    SET_QUORUM,
    SUSPEND,
    TAKE_LEASE,
    WITHOUT_LOCK,
    ZERO_ADDRESS,
)
from model_log import LogModel, Refused, ask
from replay import Lease, Record

__all__ = ["AccreditationModel", "LogModel", "Proposal", "Refused"]

TARGETS = (ADD, REMOVE, SUSPEND, RESUME, TAKE_LEASE, PROPOSE_OWNER, CANCEL_ROTATION)
# Every action but these takes an account.
NO_ACCOUNT = (REMOVE, SUSPEND, RESUME, SET_QUORUM, CANCEL_GUARDIAN)
UNDOES = {
    RESUME: SUSPEND,
    REMOVE_MEMBER: ADD_MEMBER,
    CANCEL_GUARDIAN: PROPOSE_GUARDIAN,
}


@dataclass
class Proposal:
    """What members vote on; `by` holds the seats that approve."""

    action: int
    target: bytes
    account: str
    number: int
    document: bytes
    subject: tuple[int, object]
    basis: int
    proposed: int
    ready: int = 0
    executed: int = 0
    by: set[int] = field(default_factory=set)


@dataclass
class AccreditationModel:
    """Its state. A change is (action, target, account, number, proposal), with its time."""

    address: str
    delay: int
    founder: str
    log: LogModel
    seats: dict[str, int] = field(default_factory=dict)
    last_seat: int = 0
    quorum: int = 0
    lowered: int | None = None
    records: dict[bytes, Record] = field(default_factory=dict)
    leases: dict[bytes, Lease] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)
    decisions: dict[tuple[int, object], int] = field(default_factory=dict)
    changes: list[tuple[int, int, bytes, str, int, int]] = field(default_factory=list)

    def change(
        self, now: int, action: int, target: bytes, account: str, number: int = 0, proposal: int = 0
    ) -> None:
        self.changes.append((now, action, target, account, number, proposal))

    # --- members ---

    def seat(self, now: int, account: str, proposal: int = 0) -> None:
        ask(account not in self.seats, "a member already")
        ask(len(self.seats) < 32, "too many members")
        self.last_seat += 1
        self.seats[account] = self.last_seat
        self.change(now, ADD_MEMBER, NOTHING, account, 0, proposal)

    def set_quorum(self, now: int, number: int, proposal: int = 0) -> None:
        ask(len(self.seats) / 2 < number <= len(self.seats), "no majority")
        if number < self.quorum:
            self.lowered = now
        self.quorum = number
        self.decided((SET_QUORUM, None))
        self.change(now, SET_QUORUM, NOTHING, ZERO_ADDRESS, number, proposal)

    def remove_member(self, now: int, account: str, proposal: int) -> None:
        ask(account in self.seats, "not a member")
        ask(len(self.seats) > 1, "the last member")
        del self.seats[account]
        self.change(now, REMOVE_MEMBER, NOTHING, account, 0, proposal)
        if self.quorum > len(self.seats):
            self.set_quorum(now, len(self.seats), proposal)

    def add_member(self, now: int, account: str, proposal: int) -> None:
        self.seat(now, account, proposal)
        if not self.quorum > len(self.seats) / 2:
            self.set_quorum(now, self.quorum + 1, proposal)

    # --- founding ---

    def only_founder(self, sender: str) -> None:
        ask(self.founder != ZERO_ADDRESS, "sealed")
        ask(sender == self.founder, "not the founder")

    def seal(self, sender: str, now: int) -> None:
        self.only_founder(sender)
        offices = (self.log.guardian, self.log.guardian_rotation.successor)
        ask(self.address in offices, "not the guardian")
        self.founder = ZERO_ADDRESS
        self.change(now, SEAL, NOTHING, sender)

    def set_anchor_log(self, sender: str, now: int, address: str) -> None:
        self.only_founder(sender)
        self.change(now, SET_ANCHOR_LOG, NOTHING, address)

    def found_lease(self, sender: str, now: int, tenant: bytes, holder: str) -> None:
        self.only_founder(sender)
        ask(tenant not in self.leases, "lease is given")
        self.set_lease(now, tenant, holder)

    def found(self, sender: str, now: int, kind: int, body: str, document: bytes) -> None:
        self.only_founder(sender)
        ask(1 <= kind <= 4, "no such kind")
        self.add(now, kind, body, document)

    # --- votes ---

    def votes(self, proposal: Proposal) -> int:
        return len(proposal.by & set(self.seats.values()))

    def approvers(self, number: int) -> set[str]:
        by = self.proposals[number - 1].by
        return {account for account, seat in self.seats.items() if seat in by}

    def decided(self, subject: tuple[int, object]) -> None:
        self.decisions[subject] = self.decisions.get(subject, 0) + 1

    def subject(
        self, action: int, target: bytes, account: str, document: bytes
    ) -> tuple[int, object]:
        matter = UNDOES.get(action, action)
        if matter == ADD:
            return matter, document
        if matter == ADD_MEMBER:
            return matter, account
        return matter, None if target == NOTHING else target

    def propose(
        self,
        sender: str,
        now: int,
        action: int,
        target: bytes,
        account: str,
        number: int,
        document: bytes,
    ) -> None:
        ask(self.founder == ZERO_ADDRESS, "not sealed")
        ask(1 <= action <= 12, "no such action")
        ask((target != NOTHING) == (action in TARGETS), "wrong target")
        ask((account != ZERO_ADDRESS) == (action not in NO_ACCOUNT), "wrong account")
        ask((number != 0) == (action == SET_QUORUM), "wrong number")
        ask((document != b"") == (action == ADD), "wrong document")
        if action == ADD:
            ask(int.from_bytes(target) <= 4, "no such kind")
        if action in (REMOVE, SUSPEND, RESUME):
            ask(target in self.records, "no such record")
            ask(not self.records[target].removed, "removed")
        if action == RESUME:
            ask(self.records[target].suspended != 0, "not suspended")
        ask(sender in self.seats, "not a member")
        subject = self.subject(action, target, account, document)
        basis = self.decisions.get(subject, 0)
        proposal = Proposal(action, target, account, number, document, subject, basis, now)
        self.proposals.append(proposal)
        self.support(proposal, self.seats[sender], now)

    def support(self, proposal: Proposal, seat: int, now: int) -> None:
        had = self.votes(proposal) >= self.quorum
        proposal.by.add(seat)
        if self.votes(proposal) < self.quorum:
            proposal.ready = 0
        elif not had or proposal.ready == 0:
            proposal.ready = now if proposal.action in WITHOUT_LOCK else now + self.delay

    def open(self, number: int) -> Proposal:
        ask(1 <= number <= len(self.proposals), "no such proposal")
        ask(not self.proposals[number - 1].executed, "executed already")
        return self.proposals[number - 1]

    def approve(self, sender: str, now: int, number: int) -> None:
        ask(sender in self.seats, "not a member")
        proposal = self.open(number)
        ask(now <= proposal.proposed + PERIOD, "expired")
        ask(self.seats[sender] not in proposal.by, "approved already")
        self.support(proposal, self.seats[sender], now)

    def withdraw(self, sender: str, _now: int, number: int) -> None:
        ask(sender in self.seats, "not a member")
        proposal = self.open(number)
        ask(self.seats[sender] in proposal.by, "not approved")
        proposal.by.remove(self.seats[sender])
        if self.votes(proposal) < self.quorum:
            proposal.ready = 0

    def execute(self, _sender: str, now: int, number: int, document: bytes = b"") -> None:
        proposal = self.open(number)
        ask(proposal.ready != 0 and self.votes(proposal) >= self.quorum, "no quorum")
        ask(now >= proposal.ready, "too early")
        ask(now <= proposal.ready + PERIOD, "expired")
        ask(proposal.basis == self.decisions.get(proposal.subject, 0), "overtaken")
        if self.lowered is not None and proposal.action not in WITHOUT_LOCK:
            ask(now >= self.lowered + self.delay, "too early")
        ask(document == proposal.document, "wrong document")
        self.carry_out(now, number, proposal)
        self.decided(proposal.subject)
        if proposal.action == RESUME:
            self.decided((REMOVE, proposal.target))
        proposal.executed = now

    def carry_out(self, now: int, number: int, proposal: Proposal) -> None:
        action, target, account = proposal.action, proposal.target, proposal.account
        if action == ADD:
            self.add(now, int.from_bytes(target), account, proposal.document, number)
        elif action in (REMOVE, SUSPEND, RESUME):
            self.turn(now, action, target, number)
        elif action == ADD_MEMBER:
            self.add_member(now, account, number)
        elif action == REMOVE_MEMBER:
            self.remove_member(now, account, number)
        elif action == SET_QUORUM:
            self.set_quorum(now, proposal.number, number)
        elif action == TAKE_LEASE:
            self.set_lease(now, target, account, number)
        else:
            self.guard(now, action, target, account)
            self.change(now, action, target, account, 0, number)

    def guard(self, now: int, action: int, target: bytes, account: str) -> None:
        if action == PROPOSE_OWNER:
            self.log.propose_owner(self.address, now, target, account)
        elif action == CANCEL_ROTATION:
            ask(self.log.rotation(target).successor == account, "another rotation")
            self.log.cancel_rotation(self.address, now, target)
        elif action == PROPOSE_GUARDIAN:
            self.log.propose_guardian(self.address, now, account)
        else:
            self.log.cancel_guardian(self.address, now)

    # --- records and leases ---

    def add(self, now: int, kind: int, body: str, document: bytes, proposal: int = 0) -> None:
        record = hashlib.sha256(document).digest()
        ask(record not in self.records, "record exists")
        self.records[record] = Record(kind, body, now)
        self.change(now, ADD, record, body, kind, proposal)

    def turn(self, now: int, action: int, record: bytes, proposal: int = 0) -> None:
        old = self.records[record]
        ask(not old.removed, "removed")
        if action == REMOVE:
            self.records[record] = replace(old, removed=now)
        elif action == SUSPEND:
            ask(not old.suspended, "suspended already")
            self.records[record] = replace(old, suspended=now)
        else:
            self.records[record] = replace(old, suspended=0)
        self.change(now, action, record, ZERO_ADDRESS, 0, proposal)

    def suspend(self, sender: str, now: int, record: bytes) -> None:
        ask(self.founder == ZERO_ADDRESS, "not sealed")
        ask(record in self.records, "no such record")
        ask(self.records[record].body == sender, "not the body")
        self.turn(now, SUSPEND, record)

    def set_lease(self, now: int, tenant: bytes, holder: str, proposal: int = 0) -> None:
        fence = self.leases.get(tenant, Lease()).fence + 1
        self.leases[tenant] = Lease(holder, fence, now)
        self.change(now, TAKE_LEASE, tenant, holder, fence, proposal)

    def hand_lease(self, sender: str, now: int, tenant: bytes, to: str) -> None:
        ask(self.founder == ZERO_ADDRESS, "not sealed")
        ask(tenant in self.leases, "lease is not given")
        ask(self.leases[tenant].holder == sender, "not the holder")
        ask(to != ZERO_ADDRESS, "wrong account")
        ask(now >= self.leases[tenant].since + HOUR, "too early")
        self.set_lease(now, tenant, to)

    def accept_guardian(self, _sender: str, now: int) -> None:
        ask(self.founder == ZERO_ADDRESS, "not sealed")
        self.log.accept_guardian(self.address, now)
