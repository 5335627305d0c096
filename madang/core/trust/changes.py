"""The changes of the registry (ADR 0034), as the contract chains them, and what they lead to.

`history` is SHA-256(history before || the change), each change seven words of the ABI
(contracts/changes.vy). One storage slot of the contract so proves that a list of changes is whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import IntEnum
from hashlib import sha256
from typing import Any, Final

from madang.core.trust.accreditation import (
    KINDS,
    AccreditationError,
    Document,
    Kind,
    parse_document,
    record_id,
)
from madang.core.trust.registry import Lease, Record

WORD: Final = 32
WORDS: Final = 7
GENESIS: Final = bytes(WORD)
_MAX_NUMBER: Final = 2**64
_MAX_ACCOUNT: Final = 2**160


class ChangeError(ValueError):
    """Changes that the contract cannot have made."""


class Action(IntEnum):
    """What was changed, as the contract numbers it."""

    ADD_RECORD = 1
    REMOVE_RECORD = 2
    SUSPEND_RECORD = 3
    RESUME_RECORD = 4
    ADD_MEMBER = 5
    REMOVE_MEMBER = 6
    SET_QUORUM = 7
    TAKE_LEASE = 8
    PROPOSE_OWNER = 9
    CANCEL_ROTATION = 10
    PROPOSE_GUARDIAN = 11
    CANCEL_GUARDIAN = 12
    SET_ANCHOR_LOG = 13
    SEAL = 14


_ACTIONS: Final = {int(action): action for action in Action}


@dataclass(frozen=True, slots=True)
class Change:
    """One change.

    Attributes:
        version: its number, from 1.
        time: of its block, seconds since the epoch.
        action: what was changed.
        target: the record's id, a tenant's key, or the log of AnchorLog; 32 bytes.
        account: the record's body, a member, a lease's holder; "0x" and 40 hex digits.
        number: the record's kind, the quorum, or the lease's fence.
        proposal: the decision behind it; 0 where none was needed.
    """

    version: int
    time: int
    action: Action
    target: bytes
    account: str
    number: int
    proposal: int

    @property
    def encoded(self) -> bytes:
        """Return the words that go into the history."""
        return b"".join(
            (
                self.version.to_bytes(WORD),
                self.time.to_bytes(WORD),
                self.action.to_bytes(WORD),
                self.target,
                bytes.fromhex(self.account[2:]).rjust(WORD, b"\0"),
                self.number.to_bytes(WORD),
                self.proposal.to_bytes(WORD),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "Change":
        """Read a change; ChangeError when it is of another form."""
        if len(data) != WORD * WORDS:
            raise ChangeError(f"a change of {len(data)} bytes, {WORD * WORDS} were expected")
        words = [data[at : at + WORD] for at in range(0, len(data), WORD)]
        version, time, action, _, account, number, proposal = map(int.from_bytes, words)
        if action not in _ACTIONS or account >= _MAX_ACCOUNT:
            raise ChangeError(f"change {version}: no such action, or no account")
        if max(version, time, number, proposal) >= _MAX_NUMBER:
            raise ChangeError("a number of a change lies beyond 64 bits")
        return cls(version, time, _ACTIONS[action], words[3], f"0x{account:040x}", number, proposal)


@dataclass(frozen=True, slots=True)
class State:
    """Where changes lead to.

    Attributes:
        records: in the order in which they were added.
        members: addresses of the municipalities that govern, sorted.
        quorum: how many of them decide.
        leases: by `registry.tenant_key`.
        sealed: whether the founding is over.
    """

    records: tuple[Record, ...]
    members: tuple[str, ...]
    quorum: int
    leases: Mapping[bytes, Lease]
    sealed: bool

    def to_json(self) -> dict[str, Any]:
        """Return it for readers that do not go through the changes."""
        leases = {key.rstrip(b"\0").hex(): asdict(each) for key, each in self.leases.items()}
        return {
            "members": list(self.members),
            "quorum": self.quorum,
            "leases": leases,
            "records": [_record_json(record) for record in self.records],
        }


def _record_json(record: Record) -> dict[str, Any]:
    return {
        "id": record.id.hex(),
        "kind": int(record.kind),
        "body": record.account,
        "since": record.since,
        "suspended": next((begin for begin, end in record.suspensions if end is None), 0),
        "removed": record.removed or 0,
    }


def history_of(changes: Sequence[Change]) -> bytes:
    """Return the contract's `history` after these changes."""
    history = GENESIS
    for change in changes:
        history = sha256(history + change.encoded).digest()
    return history


def replay(changes: Sequence[Change], documents: Mapping[bytes, bytes]) -> State:
    """Return the state that changes lead to from nothing.

    Args:
        changes: all of them, in order.
        documents: bytes of each record's document, by their SHA-256.

    Raises:
        ChangeError: a change out of its order or that the state before it does not allow, or a
            record without its document.
    """
    ledger = _Ledger(documents)
    for number, change in enumerate(changes, 1):
        if change.version != number:
            raise ChangeError(f"change {number} calls itself {change.version}")
        try:
            _STEPS.get(change.action, _Ledger.note)(ledger, change)
        except (KeyError, ValueError) as error:
            raise ChangeError(f"change {number} does not fit the state before it") from error
    return State(
        records=tuple(ledger.records.values()),
        members=tuple(sorted(ledger.members)),
        quorum=ledger.quorum,
        leases=ledger.leases,
        sealed=ledger.sealed,
    )


@dataclass
class _Ledger:
    documents: Mapping[bytes, bytes]
    records: dict[bytes, Record] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    quorum: int = 0
    leases: dict[bytes, Lease] = field(default_factory=dict)
    sealed: bool = False

    def add(self, change: Change) -> None:
        content = self.documents[change.target]
        if change.target in self.records or record_id(content) != change.target:
            raise ValueError(change.target)
        kind = Kind(change.number)
        document = _read(content, kind)
        self.records[change.target] = Record(
            change.target, kind, change.account, content, document, change.time
        )

    def remove(self, change: Change) -> None:
        record = self._present(change)
        self.records[record.id] = replace(record, removed=change.time)

    def suspend(self, change: Change) -> None:
        record = self._present(change)
        if record.suspended:
            raise ValueError(change.target)
        suspensions = (*record.suspensions, (change.time, None))
        self.records[record.id] = replace(record, suspensions=suspensions)

    def resume(self, change: Change) -> None:
        record = self._present(change)
        if not record.suspended:
            raise ValueError(change.target)
        *before, (begin, _) = record.suspensions
        suspensions = (*before, (begin, change.time))
        self.records[record.id] = replace(record, suspensions=suspensions)

    def _present(self, change: Change) -> Record:
        record = self.records[change.target]
        if record.removed is not None:
            raise ValueError(change.target)
        return record

    def seat(self, change: Change) -> None:
        if change.account in self.members:
            raise ValueError(change.account)
        self.members.add(change.account)

    def unseat(self, change: Change) -> None:
        self.members.remove(change.account)

    def decide_by(self, change: Change) -> None:
        self.quorum = change.number

    def lease(self, change: Change) -> None:
        known = self.leases.get(change.target)
        if change.number != (1 if known is None else known.fence + 1):
            raise ValueError(change.number)
        self.leases[change.target] = Lease(change.account, change.number, change.time)

    def seal(self, _change: Change) -> None:
        self.sealed = True

    def note(self, _change: Change) -> None:
        """Leave alone what is about AnchorLog."""


_STEPS: Final[Mapping[Action, Callable[[_Ledger, Change], None]]] = {
    Action.ADD_RECORD: _Ledger.add,
    Action.REMOVE_RECORD: _Ledger.remove,
    Action.SUSPEND_RECORD: _Ledger.suspend,
    Action.RESUME_RECORD: _Ledger.resume,
    Action.ADD_MEMBER: _Ledger.seat,
    Action.REMOVE_MEMBER: _Ledger.unseat,
    Action.SET_QUORUM: _Ledger.decide_by,
    Action.TAKE_LEASE: _Ledger.lease,
    Action.SEAL: _Ledger.seal,
}


def _read(content: bytes, kind: Kind) -> Document | None:
    """Return a document that is as it should be, and of the kind that the members saw."""
    try:
        document = parse_document(content)
    except AccreditationError:
        return None
    return document if KINDS[type(document)] is kind else None
