# pragma version 0.4.3
"""
@title council
@license Apache-2.0
@notice The members of Accreditation, their proposals, the quorum and the time lock.
@dev A proposal is carried out once, by the members and the quorum of that moment, when its
     time lock has run since it last came to a quorum, and since the quorum was last lowered:
     where approvals were lost with a member, a lower quorum makes them enough again unseen.
     Approvals are taken for 30 days, and it has to be executed within 30 days after `ready`.
     A member's seat is a number that nobody had before; approvals belong to seats, so those of
     a removed member do not come back with the address.
     A decision that is executed overtakes all that wait about the same thing, so none is
     carried out later on a state that its approvals were not given for.
"""

import changes

uses: changes

struct Proposal:
    action: uint8
    target: bytes32
    account: address
    number: uint256
    subject: bytes32
    proposed: uint64
    ready: uint64
    executed: uint64
    basis: uint256

event Proposed:
    id: indexed(uint256)
    by: indexed(address)
    action: indexed(uint8)
    target: bytes32
    account: address
    number: uint256
    document: Bytes[MAX_DOCUMENT]

event Approved:
    id: indexed(uint256)
    by: indexed(address)
    ready: uint64

event Withdrawn:
    id: indexed(uint256)
    by: indexed(address)
    ready: uint64

MAX_DOCUMENT: constant(uint256) = 16_384
MAX_MEMBERS: constant(uint256) = 32
DAY: constant(uint256) = 86_400
PERIOD: constant(uint256) = 30 * DAY

# What these are against does not wait either.
WITHOUT_LOCK: constant(uint8[4]) = [
    changes.SUSPEND_RECORD,
    changes.TAKE_LEASE,
    changes.CANCEL_ROTATION,
    changes.CANCEL_GUARDIAN,
]

delay: public(immutable(uint256))

quorum: public(uint256)
proposalCount: public(uint256)
_members: DynArray[address, MAX_MEMBERS]
_seats: HashMap[address, uint256]
_lastSeat: uint256
_proposals: HashMap[uint256, Proposal]
_approved: HashMap[uint256, HashMap[uint256, bool]]
# By matter and subject, how often the members decided.
_decisions: HashMap[uint8, HashMap[bytes32, uint256]]
# When the quorum was last lowered, 0 for never.
_lowered: uint256


@deploy
def __init__(_members: DynArray[address, MAX_MEMBERS], _quorum: uint256, _delay: uint256):
    assert _delay >= DAY and _delay <= 90 * DAY, "delay not 1 to 90 days"
    delay = _delay
    for member: address in _members:
        self.seat(member, 0)
    self.setQuorum(_quorum, 0)


# --- for members ---


@external
def approve(id: uint256):
    """
    @notice Approves a proposal; by a member, within 30 days of the proposal. The approval that
            makes the quorum starts the time lock.
    @dev Where the quorum was lowered, so that the approvals suffice already, a member withdraws
         and approves again to start it.
    """
    seat: uint256 = self.seatOf(msg.sender)
    proposed: uint256 = convert(self._open(id).proposed, uint256)
    assert block.timestamp <= proposed + PERIOD, "expired"
    assert not self._approved[id][seat], "approved already"
    self._approve(id, seat)


@external
def withdraw(id: uint256):
    """
    @notice Takes the caller's own approval back; by a member. Below the quorum the time lock
            stops, and begins anew with the next quorum.
    """
    seat: uint256 = self.seatOf(msg.sender)
    ready: uint64 = self._open(id).ready
    assert self._approved[id][seat], "not approved"
    self._approved[id][seat] = False
    if len(self._approvals(id)) < self.quorum:
        ready = 0
        self._proposals[id].ready = 0
    log Withdrawn(id=id, by=msg.sender, ready=ready)


@external
@view
def proposal(id: uint256) -> Proposal:
    """
    @notice A proposal; all zero if there is none. `subject` is what it is about: the record's
            id, the member, the tenant or the log. `ready` is the time from which it can be
            executed, unless the quorum was lowered since, and 0 below the quorum; `basis` the
            number of decisions on its subject before.
    """
    return self._proposals[id]


@external
@view
def approvals(id: uint256) -> DynArray[address, MAX_MEMBERS]:
    """
    @notice The members whose approval of a proposal counts now.
    """
    return self._approvals(id)


@external
@view
def members() -> DynArray[address, MAX_MEMBERS]:
    """
    @notice The present members, in no order that means anything.
    """
    return self._members


# --- for the contract ---


@internal
def propose(
    action: uint8,
    target: bytes32,
    account: address,
    number: uint256,
    document: Bytes[MAX_DOCUMENT],
) -> uint256:
    """
    @dev Keeps a proposal of the caller, whom it asks to be a member, as approved by the caller.
    """
    seat: uint256 = self.seatOf(msg.sender)
    subject: bytes32 = target
    if action == changes.ADD_RECORD:
        subject = sha256(document)
    elif action == changes.ADD_MEMBER or action == changes.REMOVE_MEMBER:
        subject = convert(convert(account, uint256), bytes32)
    id: uint256 = self.proposalCount + 1
    self.proposalCount = id
    self._proposals[id] = Proposal(
        action=action,
        target=target,
        account=account,
        number=number,
        subject=subject,
        proposed=convert(block.timestamp, uint64),
        ready=0,
        executed=0,
        basis=self._decisions[self._matter(action)][subject],
    )
    log Proposed(
        id=id,
        by=msg.sender,
        action=action,
        target=target,
        account=account,
        number=number,
        document=document,
    )
    self._approve(id, seat)
    return id


@internal
def take(id: uint256) -> Proposal:
    """
    @dev Takes a decision out to carry it out, once. Reverts unless it can be executed now.
    """
    taken: Proposal = self._open(id)
    ready: uint256 = convert(taken.ready, uint256)
    assert ready != 0 and len(self._approvals(id)) >= self.quorum, "no quorum"
    assert block.timestamp >= ready, "too early"
    assert block.timestamp <= ready + PERIOD, "expired"
    matter: uint8 = self._matter(taken.action)
    assert taken.basis == self._decisions[matter][taken.subject], "overtaken"
    if taken.action not in WITHOUT_LOCK and self._lowered != 0:
        assert block.timestamp >= self._lowered + delay, "too early"
    self._decisions[matter][taken.subject] += 1
    if taken.action == changes.RESUME_RECORD:
        # A removal may follow a suspension, but not the decision that all is well.
        self._decisions[changes.REMOVE_RECORD][taken.subject] += 1
    self._proposals[id].executed = convert(block.timestamp, uint64)
    return taken


@internal
def addMember(member: address, proposal: uint256):
    """
    @dev The quorum follows where it would be no majority any more: 2 of 3 become 3 of 4.
    """
    self.seat(member, proposal)
    if self.quorum * 2 <= len(self._members):
        self.setQuorum(self.quorum + 1, proposal)


@internal
def removeMember(member: address, proposal: uint256):
    """
    @dev The quorum follows where it would be more than all: 3 of 3 become 2 of 2.
    """
    assert self._seats[member] != 0, "not a member"
    assert len(self._members) > 1, "the last member"
    self._seats[member] = 0
    last: address = self._members.pop()
    for place: uint256 in range(len(self._members), bound=MAX_MEMBERS):
        if self._members[place] == member:
            self._members[place] = last
    changes.add(changes.REMOVE_MEMBER, empty(bytes32), member, 0, proposal)
    if self.quorum > len(self._members):
        self.setQuorum(len(self._members), proposal)


@internal
def setQuorum(number: uint256, proposal: uint256):
    assert number <= len(self._members) and number > len(self._members) // 2, "no majority"
    if number < self.quorum:
        self._lowered = block.timestamp
    self.quorum = number
    self._decisions[changes.SET_QUORUM][empty(bytes32)] += 1
    changes.add(changes.SET_QUORUM, empty(bytes32), empty(address), number, proposal)


@internal
def seat(member: address, proposal: uint256):
    assert member != empty(address), "wrong account"
    assert self._seats[member] == 0, "a member already"
    assert len(self._members) < MAX_MEMBERS, "too many members"
    self._lastSeat += 1
    self._seats[member] = self._lastSeat
    self._members.append(member)
    changes.add(changes.ADD_MEMBER, empty(bytes32), member, 0, proposal)


@internal
@view
def seatOf(account: address) -> uint256:
    seat: uint256 = self._seats[account]
    assert seat != 0, "not a member"
    return seat


@internal
@view
def _open(id: uint256) -> Proposal:
    found: Proposal = self._proposals[id]
    assert found.proposed != 0, "no such proposal"
    assert found.executed == 0, "executed already"
    return found


@internal
@view
def _approvals(id: uint256) -> DynArray[address, MAX_MEMBERS]:
    found: DynArray[address, MAX_MEMBERS] = []
    for member: address in self._members:
        if self._approved[id][self._seats[member]]:
            found.append(member)
    return found


@internal
def _approve(id: uint256, seat: uint256):
    before: uint256 = len(self._approvals(id))
    self._approved[id][seat] = True
    ready: uint64 = self._proposals[id].ready
    if before + 1 < self.quorum:
        ready = 0
    elif before < self.quorum or ready == 0:
        ready = convert(block.timestamp, uint64)
        if self._proposals[id].action not in WITHOUT_LOCK:
            ready += convert(delay, uint64)
    self._proposals[id].ready = ready
    log Approved(id=id, by=msg.sender, ready=ready)


@internal
@pure
def _matter(action: uint8) -> uint8:
    """
    @dev What undoes a decision is about the same thing. A rotation that is cancelled is not:
         it makes way for the owner whom the members are about to propose.
    """
    if action == changes.RESUME_RECORD:
        return changes.SUSPEND_RECORD
    if action == changes.REMOVE_MEMBER:
        return changes.ADD_MEMBER
    if action == changes.CANCEL_GUARDIAN:
        return changes.PROPOSE_GUARDIAN
    return action
