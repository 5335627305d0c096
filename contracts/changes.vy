# pragma version 0.4.3
"""
@title changes
@license Apache-2.0
@notice The list of changes of Accreditation, hashed into one slot.
@dev A snapshot is complete exactly if its changes hash to `history`:
       history = sha256(history || abi_encode(version, time, action, target, account, number,
                                              proposal))
     from 32 zero bytes, each value one word of 32 bytes, in the order in which `Changed` has
     them. What a change does not need is zero. `proposal` is what decided it; 0 is the
     founding, a record's body or a lease's holder.
       1 record added     target id, account body, number kind; the document in `RecordAdded`
       2 record removed, 3 suspended, 4 resumed        target id
       5 member added, 6 member removed                account the member
       7 quorum set       number the quorum
       8 lease given      target tenant, account holder, number the fence
       9 to 12            target and account as proposed: a call to AnchorLog
       13 AnchorLog set   account its address
       14 sealed          account the founder
"""

event Changed:
    version: indexed(uint64)
    time: uint64
    action: indexed(uint8)
    target: indexed(bytes32)
    account: address
    number: uint256
    proposal: uint256
    history: bytes32

ADD_RECORD: constant(uint8) = 1
REMOVE_RECORD: constant(uint8) = 2
SUSPEND_RECORD: constant(uint8) = 3
RESUME_RECORD: constant(uint8) = 4
ADD_MEMBER: constant(uint8) = 5
REMOVE_MEMBER: constant(uint8) = 6
SET_QUORUM: constant(uint8) = 7
TAKE_LEASE: constant(uint8) = 8
PROPOSE_OWNER: constant(uint8) = 9
CANCEL_ROTATION: constant(uint8) = 10
PROPOSE_GUARDIAN: constant(uint8) = 11
CANCEL_GUARDIAN: constant(uint8) = 12
SET_ANCHOR_LOG: constant(uint8) = 13
SEAL: constant(uint8) = 14

history: public(bytes32)
version: public(uint64)


@internal
def add(action: uint8, target: bytes32, account: address, number: uint256, proposal: uint256):
    version: uint64 = self.version + 1
    time: uint64 = convert(block.timestamp, uint64)
    history: bytes32 = sha256(
        abi_encode(self.history, version, time, action, target, account, number, proposal)
    )
    self.version = version
    self.history = history
    log Changed(
        version=version,
        time=time,
        action=action,
        target=target,
        account=account,
        number=number,
        proposal=proposal,
        history=history,
    )
