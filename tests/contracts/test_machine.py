"""Long random sequences of calls by honest and hostile callers over both contracts.

Each call is made in the contracts and in the Python models: both refuse for the same reason, or
both agree on the state that is reached. After every step the invariants of invariants.py hold.
"""

import hashlib
from collections.abc import Callable
from typing import Any

import boa
from actions import (
    ADD,
    ADD_MEMBER,
    CANCEL_GUARDIAN,
    CANCEL_ROTATION,
    HOUR,
    NOTHING,
    PERIOD,
    PROPOSE_OWNER,
    REMOVE,
    REMOVE_MEMBER,
    RESUME,
    SET_QUORUM,
    SUSPEND,
    TAKE_LEASE,
    ZERO_ADDRESS,
)
from federation import DELAY, TENANT, Federation, fields, unsealed, word
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from invariants import Step, check
from model import AccreditationModel, LogModel, Refused
from observe import Observation, observe
from replay import Change

from madang.core.merkle.tree import Tree, leaf_hash

LABELS = [hashlib.sha256(name).digest() for name in (b"one log", b"another log")]
TENANTS = [TENANT, b"saebyeol".ljust(32, b"\0")]
DOCUMENTS = [b'{"id":"https://city%d.example"}' % n for n in range(4)]
IDS = [hashlib.sha256(each).digest() for each in DOCUMENTS]
LEAVES = [leaf_hash(n.to_bytes(2)) for n in range(40)]
TREES = [Tree(LEAVES), Tree([*LEAVES[:3], leaf_hash(b"rewritten"), *LEAVES[4:]])]

people = st.integers(0, 9)
some = st.integers(0, 7)
mostly = st.sampled_from([True, True, True, False])
turns = st.sampled_from([REMOVE, SUSPEND, RESUME, RESUME])
waits = st.sampled_from([DELAY] * 4 + [0, DELAY - 1, DELAY + PERIOD, DELAY + PERIOD + 1])
delays = st.sampled_from([1, HOUR, DELAY - 1, DELAY, DELAY + 1, PERIOD, PERIOD + DELAY + 1])


class Machine(RuleBasedStateMachine):
    """The contracts, their models, and whoever calls them."""

    @initialize()
    def begin(self) -> None:
        self.around = boa.swap_env(boa.Env())
        self.around.__enter__()
        federation = self.federation = unsealed()
        self.changes: list[Change] = []
        self.people = [
            *federation.members,
            *(federation.body, federation.holder, federation.owner, federation.successor),
            federation.founder,
        ]
        self.model = modelled(federation)
        self.collect()
        self.logs = list(self.model.log.ids.values())
        self.found()
        self.seen = self.observed()
        self.log("open", self.model.log.open, federation.owner, LABELS[0])

    def found(self) -> None:
        """Lay the ground with two records and a tenant, and seal it."""
        federation, model, contract = self.federation, self.model, self.federation.accreditation
        address, tenant = federation.anchor_log.address, (TENANT, federation.holder)
        record = (1, federation.body, DOCUMENTS[0]), (2, federation.holder, DOCUMENTS[1])
        for function, same, arguments in (
            (contract.setAnchorLog, model.set_anchor_log, (address,)),
            (contract.foundLease, model.found_lease, tenant),
            (contract.found, model.found, record[0]),
            (contract.found, model.found, record[1]),
            (contract.seal, model.seal, ()),
        ):
            same(federation.founder, federation.now, *arguments)
            with federation.at(federation.founder):
                function(*arguments)
            self.collect()

    def teardown(self) -> None:
        if hasattr(self, "around"):
            self.around.__exit__(None, None, None)

    # --- one call in both ---

    def collect(self) -> None:
        logs = self.federation.accreditation.get_logs()
        self.changes += [fields(each) for each in logs if type(each).__name__ == "Changed"]

    def observed(self) -> Observation:
        return observe(self.federation, TENANTS, self.logs)

    def call(self, function: Any, model: Callable[..., None], sender: str, *arguments: Any) -> None:
        """Make one call in the contract and in the model, and compare all that can be seen."""
        federation, name = self.federation, function.fn_ast.name
        proposal, votes = self.asked(name, arguments)
        expected = None
        try:
            model(sender, federation.now, *arguments)
        except Refused as refused:
            expected = str(refused)
        with federation.at(sender):
            if expected is None:
                function(*arguments)
                if function.contract is federation.accreditation:
                    self.collect()
            else:
                with federation.refuses(expected):
                    function(*arguments)
        before, self.seen = self.seen, self.observed()
        refused = expected is not None
        step = Step(name, arguments, sender, federation.now, refused, proposal, votes, DELAY)
        check(step, before, self.seen, self.changes)
        agree(self.seen, self.model)
        if name in ("propose", "approve", "withdraw", "execute"):
            self.proposal_agrees(arguments[0] if name != "propose" else len(self.model.proposals))

    def asked(self, name: str, arguments: tuple[Any, ...]) -> tuple[Any, int]:
        if name != "execute":
            return None, 0
        contract = self.federation.accreditation
        return contract.proposal(arguments[0]), len(contract.approvals(arguments[0]))

    def proposal_agrees(self, number: int) -> None:
        if not 1 <= number <= len(self.model.proposals):
            return
        contract, expected = self.federation.accreditation, self.model.proposals[number - 1]
        found = contract.proposal(number)
        assert set(contract.approvals(number)) == self.model.approvers(number)
        assert (found.proposed, found.ready, found.executed, found.basis) == (
            *(expected.proposed, expected.ready, expected.executed),
            expected.basis,
        )

    def accredit(self, name: str, model: Callable[..., None], sender: str, *rest: Any) -> None:
        self.call(getattr(self.federation.accreditation, name), model, sender, *rest)

    def log(self, name: str, model: Callable[..., None], sender: str, *rest: Any) -> None:
        self.call(getattr(self.federation.anchor_log, name), model, sender, *rest)

    # --- decisions ---

    def arguments(self, action: int, pick: int, person: int, *, tidy: bool) -> tuple[Any, ...]:
        """Return what an action takes, or if not `tidy` something that it does not take."""
        records = self.model.records.items()
        known = [each for each, record in records if not record.removed]
        if action == RESUME:
            known = [each for each, record in records if record.suspended]
        targets = {ADD: word(pick % 4 + tidy), TAKE_LEASE: TENANTS[pick % 2]}
        record = known[pick % len(known)] if known and tidy else IDS[pick % 4]
        targets |= dict.fromkeys((REMOVE, SUSPEND, RESUME), record)
        targets |= dict.fromkeys((PROPOSE_OWNER, CANCEL_ROTATION), self.logs[pick % 4])
        takes_none = (REMOVE, SUSPEND, RESUME, SET_QUORUM, CANCEL_GUARDIAN)
        account = ZERO_ADDRESS if action in takes_none else self.people[person]
        if action == CANCEL_ROTATION and tidy:
            waiting = self.model.log.rotation(targets[action]).successor
            account = account if waiting == ZERO_ADDRESS else waiting
        number = pick % 7 + 1 if action == SET_QUORUM else 0
        document = DOCUMENTS[pick % 4] if action == ADD else b""
        if not tidy and pick > 3:
            account, number = self.people[person], pick
        return action, targets.get(action, NOTHING), account, number, document

    @rule(by=people, action=st.integers(0, 13), pick=some, person=people, tidy=st.booleans())
    def propose(self, by: int, action: int, pick: int, person: int, *, tidy: bool) -> None:
        arguments = self.arguments(action, pick, person, tidy=tidy)
        self.accredit("propose", self.model.propose, self.people[by], *arguments)

    @rule(by=people, back=some)
    def approve(self, by: int, back: int) -> None:
        self.accredit("approve", self.model.approve, self.people[by], self.number(back))

    @rule(by=people, back=some)
    def withdraw(self, by: int, back: int) -> None:
        self.accredit("withdraw", self.model.withdraw, self.people[by], self.number(back))

    @rule(by=people, back=some, right=st.booleans())
    def execute(self, by: int, back: int, *, right: bool) -> None:
        number = self.number(back)
        known = 1 <= number <= len(self.model.proposals)
        document = self.model.proposals[number - 1].document if known and right else b"x"
        self.accredit("execute", self.model.execute, self.people[by], number, document)

    def number(self, back: int) -> int:
        """Return the number of a late proposal, or of one that is not there."""
        return max(0, len(self.model.proposals) + 1 - back)

    def vote(self, action: int, pick: int, person: int, wait: int, *, do: bool) -> None:
        """Bring a proposal to a quorum, wait, and carry it out or leave it."""
        count = len(self.model.proposals)
        by = sorted(self.model.seats)
        arguments = self.arguments(action, pick, person, tidy=True)
        self.accredit("propose", self.model.propose, by[0], *arguments)
        if len(self.model.proposals) == count:
            return
        for member in by[1 : self.model.quorum]:
            self.accredit("approve", self.model.approve, member, count + 1)
        self.later(wait)
        if do:
            self.execute(person, 1, right=True)

    @rule(pick=some, person=people, wait=waits, do=mostly)
    def vote_on_a_new_record(self, pick: int, person: int, wait: int, *, do: bool) -> None:
        self.vote(ADD, pick, person, wait, do=do)

    @precondition(lambda self: self.model.records)
    @rule(
        action=st.sampled_from([REMOVE, SUSPEND, RESUME, RESUME]), pick=some, wait=waits, do=mostly
    )
    def vote_on_a_record(self, action: int, pick: int, wait: int, *, do: bool) -> None:
        self.vote(action, pick, 9, wait, do=do)

    @rule(
        action=st.sampled_from([ADD_MEMBER, REMOVE_MEMBER, SET_QUORUM]),
        pick=some,
        person=people,
        wait=waits,
        do=mostly,
    )
    def vote_on_members(self, action: int, pick: int, person: int, wait: int, *, do: bool) -> None:
        self.vote(action, pick, person, wait, do=do)

    @rule(
        action=st.sampled_from([TAKE_LEASE, *range(PROPOSE_OWNER, CANCEL_GUARDIAN + 1)]),
        pick=some,
        person=people,
        wait=waits,
        do=mostly,
    )
    def vote_as_guardian(self, action: int, pick: int, person: int, wait: int, *, do: bool) -> None:
        self.vote(action, pick, person, wait, do=do)

    @rule(seconds=delays)
    def later(self, seconds: int) -> None:
        self.federation.later(seconds)

    # --- bodies and holders ---

    @rule(by=people, pick=some)
    def suspend(self, by: int, pick: int) -> None:
        self.accredit("suspend", self.model.suspend, self.people[by], IDS[pick % 4])

    @precondition(lambda self: self.model.records)
    @rule(pick=some)
    def suspend_own(self, pick: int) -> None:
        known = sorted(self.model.records)
        record = known[pick % len(known)]
        self.accredit("suspend", self.model.suspend, self.model.records[record].body, record)

    @rule(by=people, pick=some, to=people)
    def hand_lease(self, by: int, pick: int, to: int) -> None:
        tenant = TENANTS[pick % 2]
        self.accredit("handLease", self.model.hand_lease, self.people[by], tenant, self.people[to])

    @rule(to=people, wait=st.sampled_from([0, HOUR - 1, HOUR, HOUR]))
    def hand_own_lease(self, to: int, wait: int) -> None:
        self.later(wait)
        holder = self.model.leases[TENANT].holder
        self.accredit("handLease", self.model.hand_lease, holder, TENANT, self.people[to])

    @rule(pick=some)
    def founder_again(self, pick: int) -> None:
        """Have the founder try what only a founder may."""
        founder, model = self.federation.founder, self.model
        if pick % 3 == 0:
            self.accredit("seal", model.seal, founder)
        elif pick % 3 == 1:
            self.accredit("foundLease", model.found_lease, founder, TENANTS[1], founder)
        else:
            self.accredit("found", model.found, founder, 1, founder, DOCUMENTS[0])

    # --- the logs ---

    @rule(by=st.sampled_from([6, 7]), label=st.integers(0, 1))
    def open(self, by: int, label: int) -> None:
        self.log("open", self.model.log.open, self.people[by], LABELS[label])

    def of(self, pick: int) -> bytes:
        """Return a log, one that is open if there is one and `pick` is even."""
        known = [each for each in self.logs if self.model.log.head(each).owner != ZERO_ADDRESS]
        chosen = known if known and pick % 2 == 0 else self.logs
        return chosen[pick // 2 % len(chosen)]

    @rule(pick=some, more=st.integers(0, 12), tree=some, by=people)
    def append(self, pick: int, more: int, tree: int, by: int) -> None:
        """Append, mostly as the owner and along the log's own tree."""
        log = self.of(pick)
        head = self.model.log.head(log)
        sender = self.people[by] if by < 3 or head.owner == ZERO_ADDRESS else head.owner
        size = min(head.size + more, 40)
        chosen = TREES[tree == 7]
        proof = chosen.consistency_proof(head.size, size) if 0 < head.size < size else []
        self.log("append", self.model.log.append, sender, log, size, chosen.root(size), proof)

    @rule(pick=some, by=people, to=people, own=st.booleans())
    def propose_owner(self, pick: int, by: int, to: int, *, own: bool) -> None:
        log = self.of(pick)
        sender = self.model.log.head(log).owner if own else self.people[by]
        self.log("proposeOwner", self.model.log.propose_owner, sender, log, self.people[to])

    @rule(pick=some, by=people, own=st.booleans())
    def cancel_rotation(self, pick: int, by: int, *, own: bool) -> None:
        log = self.of(pick)
        sender = self.model.log.head(log).owner if own else self.people[by]
        self.log("cancelRotation", self.model.log.cancel_rotation, sender, log)

    @rule(by=people, own=mostly)
    def accept_owner(self, by: int, *, own: bool) -> None:
        waiting = [
            each for each in self.logs if self.model.log.rotation(each).successor in self.people
        ]
        log = waiting[by % len(waiting)] if waiting else self.logs[by % 4]
        sender = self.model.log.rotation(log).successor if own else self.people[by]
        self.log("acceptOwner", self.model.log.accept_owner, sender, log)

    @rule(by=people, own=mostly)
    def take_the_office(self, by: int, *, own: bool) -> None:
        """Accept the guardian's office, and if it works hand it back."""
        model, contract = self.model.log, self.federation.accreditation
        sender = model.guardian_rotation.successor if own else self.people[by]
        self.log("proposeGuardian", model.propose_guardian, self.people[by], self.people[by - 1])
        self.log("cancelGuardian", model.cancel_guardian, self.people[by])
        self.accredit("acceptGuardian", self.model.accept_guardian, self.people[by])
        self.log("acceptGuardian", model.accept_guardian, sender)
        if model.guardian == sender:
            self.log("proposeGuardian", model.propose_guardian, sender, str(contract.address))
            self.later(DELAY)
            self.accredit("acceptGuardian", self.model.accept_guardian, self.people[by])


def modelled(federation: Federation) -> AccreditationModel:
    """Return the models of what was just deployed."""
    address, now = str(federation.accreditation.address), federation.now
    ids = {
        (person, label): bytes(federation.anchor_log.idOf(person, label))
        for person in (federation.owner, federation.holder)
        for label in LABELS
    }
    log = LogModel(DELAY, address, ids)
    model = AccreditationModel(address, DELAY, federation.founder, log)
    for member in federation.members:
        model.seat(now, member)
    model.set_quorum(now, 3)
    return model


def agree(found: Observation, model: AccreditationModel) -> None:
    """Compare what the contracts hold with what the models say."""
    assert (set(found.members), found.quorum) == (set(model.seats), model.quorum)
    assert (found.records, found.founder) == (model.records, model.founder)
    assert {key: value for key, value in found.leases.items() if value.fence} == model.leases
    assert found.version == len(model.changes)
    assert found.guardian == model.log.guardian
    assert found.guardian_rotation == model.log.guardian_rotation[:2]
    for key, log in found.logs.items():
        head = model.log.head(key)
        assert (log.owner, log.size, log.time, log.root) == (
            *(head.owner, head.size, head.time),
            head.root,
        )
        assert log.rotation == tuple(model.log.rotation(key))


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=40,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
