# pragma version 0.4.3
# pragma evm-version london
# pragma optimize gas
"""
@title Accreditation
@license Apache-2.0
@notice Keeps who may issue, ask, witness and keep a log, and which municipality serves a
        tenant. Municipalities are the members; what they decide takes a quorum and, where
        nothing burns, a time lock in the open. It is the guardian of one AnchorLog. Nothing
        here is about a person, and there is no way to replace this code.
@dev A record is a document, and its id is SHA-256 of the document: kept are the id and the
     times, the document stands in the event. How changes hash into `history` stands in
     changes.vy, how members decide in council.vy.
     Until `seal` only the founder acts, afterwards never again: believe no unsealed contract.
     AnchorLog is fixed by the seal, so no other contract is ever called.
     Compiled for London, like AnchorLog.
"""

import changes
import council

initializes: changes
initializes: council[changes := changes]

exports: (changes.history, changes.version)
exports: (council.approve, council.withdraw, council.proposal, council.approvals)
exports: (council.members, council.quorum, council.delay, council.proposalCount)

interface AnchorLog:
    def guardian() -> address: view
    def guardianRotation() -> Rotation: view
    def proposeOwner(logId: bytes32, successor: address): nonpayable
    def cancelRotation(logId: bytes32): nonpayable
    def proposeGuardian(successor: address): nonpayable
    def cancelGuardian(): nonpayable
    def acceptGuardian(): nonpayable
    def rotation(logId: bytes32) -> Rotation: view

struct Rotation:
    successor: address
    ready: uint64
    byGuardian: bool

struct Record:
    kind: uint8
    body: address
    since: uint64
    suspended: uint64
    removed: uint64

struct Lease:
    holder: address
    fence: uint64
    since: uint64

event RecordAdded:
    id: indexed(bytes32)
    kind: indexed(uint8)
    body: indexed(address)
    document: Bytes[council.MAX_DOCUMENT]

# Issuer, verifier, witness, log.
KINDS: constant(uint256) = 4

# Seconds a lease rests before its holder hands it on: each change stays in every snapshot.
HAND_AFTER: constant(uint256) = 3_600

# Bit n speaks of action n: whether it takes a target, an account.
WITH_TARGET: constant(uint256) = 2**1 + 2**2 + 2**3 + 2**4 + 2**8 + 2**9 + 2**10
WITH_ACCOUNT: constant(uint256) = 2**1 + 2**5 + 2**6 + 2**8 + 2**9 + 2**10 + 2**11

founder: public(address)
anchorLog: public(AnchorLog)
recordCount: public(uint256)
recordAt: public(HashMap[uint256, bytes32])
_records: HashMap[bytes32, Record]
_leases: HashMap[bytes32, Lease]


@deploy
def __init__(
    _members: DynArray[address, council.MAX_MEMBERS], _quorum: uint256, _delay: uint256
):
    """
    @notice Seats the first members. The deployer is the founder until `seal`.
    @param _members accounts of municipalities, each once, none zero.
    @param _quorum more than half of the members, at most all.
    @param _delay seconds between a quorum and what it decides, 1 to 90 days.
    """
    council.__init__(_members, _quorum, _delay)
    self.founder = msg.sender


# --- founding: by the deployer, until the seal ---


@external
def found(kind: uint8, body: address, document: Bytes[council.MAX_DOCUMENT]) -> bytes32:
    """
    @notice Adds a record without a vote; by the founder, before the seal.
    @param kind 1 issuer, 2 verifier, 3 witness, 4 log.
    @param body the account that may suspend the record.
    @param document canonical JSON (RFC 8785) about the body, of no person.
    @return the record's id, SHA-256 of the document.
    """
    self._onlyFounder()
    assert kind >= 1 and convert(kind, uint256) <= KINDS, "no such kind"
    assert body != empty(address), "wrong account"
    assert len(document) != 0, "wrong document"
    return self._addRecord(kind, body, document, 0)


@external
def foundLease(tenant: bytes32, holder: address):
    """
    @notice Gives a tenant its first holder without a vote; by the founder, before the seal.
    @param tenant the tenant's name in ASCII, filled up with zeros on the right.
    @param holder the municipality's account that serves it.
    """
    self._onlyFounder()
    assert tenant != empty(bytes32), "wrong target"
    assert holder != empty(address), "wrong account"
    assert self._leases[tenant].fence == 0, "lease is given"
    self._setLease(tenant, holder, 0)


@external
def setAnchorLog(contract: address):
    """
    @notice Names the AnchorLog that this contract guards, once; by the founder, before the
            seal. It has to be deployed with this contract as its guardian, or have this one
            proposed as the next.
    """
    self._onlyFounder()
    assert self.anchorLog.address == empty(address), "AnchorLog is set"
    assert contract.is_contract, "no contract there"
    self.anchorLog = AnchorLog(contract)
    changes.add(changes.SET_ANCHOR_LOG, empty(bytes32), contract, 0, 0)


@external
def seal():
    """
    @notice Ends the founding for good: from here on the founder is a stranger. AnchorLog has
            to have this contract as its guardian, or as the one that is proposed: so a contract
            that follows another is sealed and can be read before it takes the office.
    """
    self._onlyFounder()
    assert self.anchorLog.address != empty(address), "AnchorLog is not set"
    if staticcall self.anchorLog.guardian() != self:
        next: Rotation = staticcall self.anchorLog.guardianRotation()
        assert next.successor == self, "not the guardian"
    self.founder = empty(address)
    changes.add(changes.SEAL, empty(bytes32), msg.sender, 0, 0)


@external
@view
def sealed() -> bool:
    """
    @notice Whether the founding is over.
    """
    return self.founder == empty(address)


# --- decisions of the members ---


@external
def propose(
    action: uint8,
    target: bytes32,
    account: address,
    number: uint256,
    document: Bytes[council.MAX_DOCUMENT],
) -> uint256:
    """
    @notice Puts something to the vote and approves it; by a member. What an action does not
            take is zero or empty, so that members see all that they approve.
    @dev 3, 8, 10 and 12 have no time lock: what they are against does not wait either. A
         resumption is of the present suspension, so it cannot be decided beforehand.
    @param action 1 add record (target kind, account body, document) · 2 remove, 3 suspend,
           4 resume record (target id) · 5 add, 6 remove member (account) · 7 set quorum
           (number) · 8 take lease (target tenant, account holder) · 9 propose the owner of a
           log (target log, account successor) · 10 cancel this successor's rotation (as 9) ·
           11 propose a guardian (account) · 12 cancel that.
    @return the proposal's id, from 1.
    """
    self._onlySealed()
    assert action >= changes.ADD_RECORD and action <= changes.CANCEL_GUARDIAN, "no such action"
    bit: uint256 = 1 << convert(action, uint256)
    assert (target != empty(bytes32)) == (WITH_TARGET & bit != 0), "wrong target"
    assert (account != empty(address)) == (WITH_ACCOUNT & bit != 0), "wrong account"
    assert (number != 0) == (action == changes.SET_QUORUM), "wrong number"
    assert (len(document) != 0) == (action == changes.ADD_RECORD), "wrong document"
    if action == changes.ADD_RECORD:
        assert convert(target, uint256) <= KINDS, "no such kind"
    elif action <= changes.RESUME_RECORD:
        assert self._records[target].since != 0, "no such record"
        assert self._records[target].removed == 0, "removed"
    if action == changes.RESUME_RECORD:
        assert self._records[target].suspended != 0, "not suspended"
    return council.propose(action, target, account, number, document)


@external
def execute(id: uint256, document: Bytes[council.MAX_DOCUMENT] = b""):
    """
    @notice Carries out what a quorum decided; by anybody, from the end of the time lock on and
            for 30 days. The members of now count, by the quorum of now.
    @param id of the proposal.
    @param document for the addition of a record its document once more, as in `Proposed`;
           otherwise nothing.
    """
    decision: council.Proposal = council.take(id)
    action: uint8 = decision.action
    target: bytes32 = decision.target
    account: address = decision.account
    if action == changes.ADD_RECORD:
        assert sha256(document) == decision.subject, "wrong document"
        self._addRecord(convert(convert(target, uint256), uint8), account, document, id)
        return
    assert len(document) == 0, "wrong document"
    if action == changes.SUSPEND_RECORD:
        self._suspend(target, id)
    elif action == changes.REMOVE_RECORD or action == changes.RESUME_RECORD:
        assert self._records[target].removed == 0, "removed"
        if action == changes.REMOVE_RECORD:
            self._records[target].removed = self._now()
        else:
            self._records[target].suspended = 0
        changes.add(action, target, empty(address), 0, id)
    elif action == changes.ADD_MEMBER:
        council.addMember(account, id)
    elif action == changes.REMOVE_MEMBER:
        council.removeMember(account, id)
    elif action == changes.SET_QUORUM:
        council.setQuorum(decision.number, id)
    elif action == changes.TAKE_LEASE:
        self._setLease(target, account, id)
    else:
        changes.add(action, target, account, 0, id)
        self._guard(action, target, account)


# --- what a body and a holder do themselves ---


@external
def suspend(id: bytes32):
    """
    @notice Suspends a record at once; by its own body. Only the members resume it.
    """
    self._onlySealed()
    assert self._records[id].since != 0, "no such record"
    assert self._records[id].body == msg.sender, "not the body"
    self._suspend(id, 0)


@external
def handLease(tenant: bytes32, to: address):
    """
    @notice Hands a tenant on; by its holder, an hour after the lease's last change or later.
            To the same account it only raises the fence, which shuts out another copy of the
            holder's service.
    """
    self._onlySealed()
    assert self._leases[tenant].fence != 0, "lease is not given"
    assert self._leases[tenant].holder == msg.sender, "not the holder"
    assert to != empty(address), "wrong account"
    since: uint256 = convert(self._leases[tenant].since, uint256)
    assert block.timestamp >= since + HAND_AFTER, "too early"
    self._setLease(tenant, to, 0)


@external
def acceptGuardian():
    """
    @notice Takes over the guardian's office of AnchorLog once its delay is over; by anybody.
    """
    self._onlySealed()
    extcall self.anchorLog.acceptGuardian()


@external
@view
def record(id: bytes32) -> Record:
    """
    @notice A record's kind, body and times in seconds, 0 for what did not happen. One that was
            removed while suspended counts for nothing, one removed while active for what
            came before.
    """
    return self._records[id]


@external
@view
def lease(tenant: bytes32) -> Lease:
    """
    @notice Who serves a tenant since when, and the fencing number, which each change raises.
    """
    return self._leases[tenant]


# --- inside ---


@internal
@view
def _onlyFounder():
    assert self.founder != empty(address), "sealed"
    assert msg.sender == self.founder, "not the founder"


@internal
@view
def _onlySealed():
    assert self.founder == empty(address), "not sealed"


@internal
def _addRecord(
    kind: uint8, body: address, document: Bytes[council.MAX_DOCUMENT], proposal: uint256
) -> bytes32:
    id: bytes32 = sha256(document)
    assert self._records[id].since == 0, "record exists"
    self._records[id] = Record(kind=kind, body=body, since=self._now(), suspended=0, removed=0)
    self.recordAt[self.recordCount] = id
    self.recordCount += 1
    changes.add(changes.ADD_RECORD, id, body, convert(kind, uint256), proposal)
    log RecordAdded(id=id, kind=kind, body=body, document=document)
    return id


@internal
def _suspend(id: bytes32, proposal: uint256):
    assert self._records[id].removed == 0, "removed"
    assert self._records[id].suspended == 0, "suspended already"
    self._records[id].suspended = self._now()
    changes.add(changes.SUSPEND_RECORD, id, empty(address), 0, proposal)


@internal
def _setLease(tenant: bytes32, holder: address, proposal: uint256):
    fence: uint64 = self._leases[tenant].fence + 1
    self._leases[tenant] = Lease(holder=holder, fence=fence, since=self._now())
    changes.add(changes.TAKE_LEASE, tenant, holder, convert(fence, uint256), proposal)


@internal
def _guard(action: uint8, logId: bytes32, account: address):
    if action == changes.PROPOSE_OWNER:
        extcall self.anchorLog.proposeOwner(logId, account)
    elif action == changes.CANCEL_ROTATION:
        # Not another rotation that was proposed since.
        rotation: Rotation = staticcall self.anchorLog.rotation(logId)
        assert rotation.successor == account, "another rotation"
        extcall self.anchorLog.cancelRotation(logId)
    elif action == changes.PROPOSE_GUARDIAN:
        extcall self.anchorLog.proposeGuardian(account)
    else:
        extcall self.anchorLog.cancelGuardian()


@internal
@view
def _now() -> uint64:
    return convert(block.timestamp, uint64)
