# pragma version 0.4.3
# pragma evm-version london
# pragma optimize gas
"""
@title AnchorLog
@license Apache-2.0
@notice Keeps the heads of many append-only logs. A log is a Merkle tree of RFC 6962 over
        SHA-256. A new head is taken only with a proof that the old tree is a prefix of the
        new one, so nobody can rewrite history, the log's own operator and the guardian
        included. There is no way to remove a head, to close a log or to replace this code.
@dev Two slots per log: the root, and owner, size and time packed into one word. Past heads
     are read from the events `Appended`. The size of a head is only what the owner claims:
     a proof fixes the order of the entries, but the same hashes may also fit another size.
     Whoever counts entries recomputes the root from them.
     The algorithms are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2. Google's
     trillian-examples held a witness contract of the same purpose in Solidity (2021).
     Compiled for London, the oldest rules that this compiler knows: one and the same code
     then runs on every engine in use, those without Shanghai's opcodes included.
"""

struct Head:
    owner: address
    size: uint64
    time: uint32
    root: bytes32

struct Rotation:
    successor: address
    ready: uint64
    byGuardian: bool

struct Slots:
    root: bytes32
    packed: uint256

event Opened:
    logId: indexed(bytes32)
    owner: indexed(address)
    label: bytes32

event Appended:
    logId: indexed(bytes32)
    size: uint64
    root: bytes32

event RotationProposed:
    logId: indexed(bytes32)
    successor: indexed(address)
    ready: uint64
    byGuardian: bool

event RotationCancelled:
    logId: indexed(bytes32)
    by: indexed(address)

event OwnerChanged:
    logId: indexed(bytes32)
    old: indexed(address)
    new: indexed(address)

event GuardianProposed:
    successor: indexed(address)
    ready: uint64

event GuardianCancelled:
    successor: indexed(address)

event GuardianChanged:
    old: indexed(address)
    new: indexed(address)

# Begins the hash over two subtrees, RFC 6962 section 2.1; a single entry's begins with 0.
NODE: constant(Bytes[1]) = b"\x01"

# A tree of fewer than 2**63 leaves has no longer proof.
MAX_PROOF: constant(uint256) = 64
MAX_SIZE: constant(uint256) = 2**63 - 1
MIN_DELAY: constant(uint256) = 86_400
MAX_DELAY: constant(uint256) = 90 * 86_400

SIZE_SHIFT: constant(uint256) = 160
TIME_SHIFT: constant(uint256) = 224
OWNER_MASK: constant(uint256) = 2**160 - 1
SIZE_MASK: constant(uint256) = 2**64 - 1
TIME_MASK: constant(uint256) = 2**32 - 1

delay: public(immutable(uint256))

# The heads come first, so that their slots are easy to find for proofs of storage.
_heads: HashMap[bytes32, Slots]
_rotations: HashMap[bytes32, Rotation]
guardian: public(address)
guardianRotation: public(Rotation)


@deploy
def __init__(_guardian: address, _delay: uint256):
    """
    @notice Sets who may help when an owner's key is lost or stolen, and how long that takes.
    @param _guardian the account, later the governance contract; never the zero address.
    @param _delay seconds between the proposal of a new owner and its effect, 1 to 90 days.
    """
    assert _guardian != empty(address), "guardian is zero"
    assert _delay >= MIN_DELAY and _delay <= MAX_DELAY, "delay not 1 to 90 days"
    self.guardian = _guardian
    delay = _delay
    log GuardianChanged(old=empty(address), new=_guardian)


# --- logs and their heads ---


@external
def open(label: bytes32) -> bytes32:
    """
    @notice Opens a log for the caller. The id is made from the caller's address, so nobody
            can take the id of somebody else's log beforehand.
    @param label tells the logs of one owner apart, such as SHA-256 of the log's origin.
    @return the id of the log, as `idOf` gives it.
    """
    id: bytes32 = self._id(msg.sender, label)
    assert self._heads[id].packed == 0, "log is open already"
    self._heads[id].packed = convert(msg.sender, uint256)
    log Opened(logId=id, owner=msg.sender, label=label)
    return id


@external
def append(logId: bytes32, size: uint64, root: bytes32, proof: DynArray[bytes32, MAX_PROOF]):
    """
    @notice Takes a larger head of a log. The first head is taken as it is; every other needs
            the proof that the present tree is a prefix of the new one.
    @dev Reverts for anyone but the owner, for a size that is not larger than the present one
         (a stale or repeated head), and for a proof that does not fit.
    @param logId id of an open log.
    @param size number of entries, as the owner claims it.
    @param root Merkle tree hash over them.
    @param proof consistency proof of RFC 6962 section 2.1.2, empty for the first head.
    """
    slots: Slots = self._heads[logId]
    packed: uint256 = slots.packed
    assert packed != 0, "log is not open"
    assert packed & OWNER_MASK == convert(msg.sender, uint256), "not the owner"
    old: uint256 = (packed >> SIZE_SHIFT) & SIZE_MASK
    new: uint256 = convert(size, uint256)
    assert new > old and new <= MAX_SIZE, "size is not larger"
    if old == 0:
        assert len(proof) == 0, "first head takes no proof"
        assert root != empty(bytes32), "root is zero"
    else:
        assert self._consistent(old, new, slots.root, root, proof), "not an extension"
    # After the year 2106 the time stays at its largest value; blocks still tell it.
    time: uint256 = min(block.timestamp, TIME_MASK)
    self._heads[logId] = Slots(
        root=root,
        packed=(packed & OWNER_MASK) | (new << SIZE_SHIFT) | (time << TIME_SHIFT),
    )
    log Appended(logId=logId, size=size, root=root)


@external
@view
def head(logId: bytes32) -> Head:
    """
    @notice The present head of a log; size 0 before the first append, owner zero if not open.
    """
    slots: Slots = self._heads[logId]
    return Head(
        owner=self._owner(slots.packed),
        size=convert((slots.packed >> SIZE_SHIFT) & SIZE_MASK, uint64),
        time=convert(slots.packed >> TIME_SHIFT, uint32),
        root=slots.root,
    )


@external
@pure
def idOf(owner: address, label: bytes32) -> bytes32:
    """
    @notice The id of the log that `owner` gets by `open(label)`; later owners change nothing.
    """
    return self._id(owner, label)


@external
@view
def verifyInclusion(
    logId: bytes32, index: uint64, leaf: bytes32, proof: DynArray[bytes32, MAX_PROOF]
) -> bool:
    """
    @notice Whether an entry stands in a log under its present head.
    @param logId id of the log.
    @param index position of the entry, from 0.
    @param leaf leaf hash of the entry, SHA-256(0x00 || entry).
    @param proof inclusion proof of RFC 6962 section 2.1.1 for the size of the present head.
    @return true or false; it does not revert, also not for a log that is not open.
    """
    slots: Slots = self._heads[logId]
    size: uint256 = (slots.packed >> SIZE_SHIFT) & SIZE_MASK
    return self._included(convert(index, uint256), size, leaf, proof, slots.root)


@external
@pure
def isIncluded(
    index: uint64, size: uint64, leaf: bytes32, proof: DynArray[bytes32, MAX_PROOF], root: bytes32
) -> bool:
    """
    @notice Whether a leaf stands at `index` under the head `size` and `root`, such as a past
            head from the events.
    """
    return self._included(convert(index, uint256), convert(size, uint256), leaf, proof, root)


@external
@pure
def isConsistent(
    size1: uint64,
    size2: uint64,
    root1: bytes32,
    root2: bytes32,
    proof: DynArray[bytes32, MAX_PROOF],
) -> bool:
    """
    @notice Whether the first head is that of a prefix of the second; what `append` asks.
    @dev From the empty tree nothing can be proved: false.
    """
    return self._consistent(
        convert(size1, uint256), convert(size2, uint256), root1, root2, proof
    )


# --- change of a log's owner: after a delay, and without touch of root and size ---


@external
def proposeOwner(logId: bytes32, successor: address):
    """
    @notice Begins to hand a log to another account. The owner does so for a planned change of
            key; the guardian when the owner's key is lost or stolen.
    @dev A proposal of the guardian replaces one of the owner and not the other way round, so
         a thief of the owner's key can neither run away with a log nor block its rescue.
    @param logId id of an open log.
    @param successor the account that shall own it, and that has to accept.
    """
    owner: address = self._owner(self._heads[logId].packed)
    byGuardian: bool = msg.sender == self.guardian
    assert owner != empty(address), "log is not open"
    assert byGuardian or msg.sender == owner, "neither owner nor guardian"
    assert byGuardian or not self._rotations[logId].byGuardian, "the guardian has proposed"
    assert successor != empty(address) and successor != owner, "no successor"
    ready: uint64 = convert(block.timestamp + delay, uint64)
    self._rotations[logId] = Rotation(successor=successor, ready=ready, byGuardian=byGuardian)
    log RotationProposed(logId=logId, successor=successor, ready=ready, byGuardian=byGuardian)


@external
def cancelRotation(logId: bytes32):
    """
    @notice Drops the proposal for a log: the guardian any, the owner their own.
    """
    rotation: Rotation = self._rotations[logId]
    assert rotation.successor != empty(address), "nothing is proposed"
    if msg.sender != self.guardian:
        assert msg.sender == self._owner(self._heads[logId].packed), "neither owner nor guardian"
        assert not rotation.byGuardian, "the guardian has proposed"
    self._rotations[logId] = empty(Rotation)
    log RotationCancelled(logId=logId, by=msg.sender)


@external
def acceptOwner(logId: bytes32):
    """
    @notice Completes a change of owner; called by the successor once the delay is over.
            Root, size and time of the head stay as they are.
    """
    rotation: Rotation = self._rotations[logId]
    assert rotation.successor != empty(address), "nothing is proposed"
    assert rotation.successor == msg.sender, "not the successor"
    assert block.timestamp >= convert(rotation.ready, uint256), "too early"
    packed: uint256 = self._heads[logId].packed
    self._rotations[logId] = empty(Rotation)
    self._heads[logId].packed = (packed & ~OWNER_MASK) | convert(msg.sender, uint256)
    log OwnerChanged(logId=logId, old=self._owner(packed), new=msg.sender)


@external
@view
def rotation(logId: bytes32) -> Rotation:
    """
    @notice The pending change of a log's owner; successor zero when there is none.
    """
    return self._rotations[logId]


# --- change of the guardian: after the same delay ---


@external
def proposeGuardian(successor: address):
    """
    @notice Begins to hand the guardian's office to another account, which has to accept.
    """
    assert msg.sender == self.guardian, "not the guardian"
    assert successor != empty(address) and successor != msg.sender, "no successor"
    ready: uint64 = convert(block.timestamp + delay, uint64)
    self.guardianRotation = Rotation(successor=successor, ready=ready, byGuardian=True)
    log GuardianProposed(successor=successor, ready=ready)


@external
def cancelGuardian():
    """
    @notice Drops the proposal for a new guardian; by the guardian.
    """
    assert msg.sender == self.guardian, "not the guardian"
    successor: address = self.guardianRotation.successor
    assert successor != empty(address), "nothing is proposed"
    self.guardianRotation = empty(Rotation)
    log GuardianCancelled(successor=successor)


@external
def acceptGuardian():
    """
    @notice Completes a change of guardian; called by the successor once the delay is over.
    """
    rotation: Rotation = self.guardianRotation
    assert rotation.successor != empty(address), "nothing is proposed"
    assert rotation.successor == msg.sender, "not the successor"
    assert block.timestamp >= convert(rotation.ready, uint256), "too early"
    old: address = self.guardian
    self.guardianRotation = empty(Rotation)
    self.guardian = msg.sender
    log GuardianChanged(old=old, new=msg.sender)


# --- proofs ---


@internal
@pure
def _consistent(
    size1: uint256,
    size2: uint256,
    root1: bytes32,
    root2: bytes32,
    proof: DynArray[bytes32, MAX_PROOF],
) -> bool:
    """
    @dev RFC 9162 section 2.1.4.2; `fn`, `sn`, `fr` and `sr` are the names used there. What is
         a loop of shifts there is one division here: `even` is the lowest bit that is set.
    """
    if size1 == 0 or size1 > size2:
        return False
    if size1 == size2:
        return len(proof) == 0 and root1 == root2
    even: uint256 = size1 & unsafe_sub(0, size1)
    fn: uint256 = unsafe_div(size1 - 1, even)
    sn: uint256 = unsafe_div(size2 - 1, even)
    fr: bytes32 = root1
    isFirst: bool = fn != 0
    if isFirst:
        # The first tree is not perfect, so its right-most perfect part begins the proof.
        if len(proof) == 0:
            return False
        fr = proof[0]
    sr: bytes32 = fr
    for c: bytes32 in proof:
        if isFirst:
            isFirst = False
            continue
        if sn == 0:
            return False
        if fn & 1 != 0 or fn == sn:
            fr = sha256(concat(NODE, c, fr))
            sr = sha256(concat(NODE, c, sr))
            even = fn & unsafe_sub(0, fn)
            fn = unsafe_div(fn, even)
            sn = unsafe_div(sn, even)
        else:
            sr = sha256(concat(NODE, sr, c))
        fn >>= 1
        sn >>= 1
    return sn == 0 and fr == root1 and sr == root2


@internal
@pure
def _included(
    index: uint256,
    size: uint256,
    leaf: bytes32,
    proof: DynArray[bytes32, MAX_PROOF],
    root: bytes32,
) -> bool:
    """
    @dev RFC 9162 section 2.1.3.2, in the same way.
    """
    if index >= size:
        return False
    fn: uint256 = index
    sn: uint256 = size - 1
    r: bytes32 = leaf
    for p: bytes32 in proof:
        if sn == 0:
            return False
        if fn & 1 != 0 or fn == sn:
            r = sha256(concat(NODE, p, r))
            even: uint256 = fn & unsafe_sub(0, fn)
            fn = unsafe_div(fn, even)
            sn = unsafe_div(sn, even)
        else:
            r = sha256(concat(NODE, r, p))
        fn >>= 1
        sn >>= 1
    return sn == 0 and r == root


@internal
@pure
def _id(owner: address, label: bytes32) -> bytes32:
    return keccak256(abi_encode(owner, label))


@internal
@pure
def _owner(packed: uint256) -> address:
    return convert(packed & OWNER_MASK, address)
