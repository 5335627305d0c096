"""What a reader makes of the events `Changed`: the hash of all, and the state that they lead to."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from actions import (
    ADD,
    ADD_MEMBER,
    REMOVE,
    REMOVE_MEMBER,
    RESUME,
    SEAL,
    SET_ANCHOR_LOG,
    SET_QUORUM,
    SUSPEND,
    TAKE_LEASE,
    ZERO_ADDRESS,
)

FIELDS = ("version", "time", "action", "target", "account", "number", "proposal")
Change = dict[str, Any]


def encoded(change: Change) -> bytes:
    """Return a change as seven words: numbers big-endian, an address in the last 20 bytes."""
    return b"".join(_word(change[name]) for name in FIELDS)


def _word(value: Any) -> bytes:
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x")).rjust(32, b"\0")
    return value if isinstance(value, bytes) else int(value).to_bytes(32)


def history(changes: Iterable[Change]) -> bytes:
    found = bytes(32)
    for change in changes:
        found = hashlib.sha256(found + encoded(change)).digest()
    return found


@dataclass(frozen=True)
class Record:
    """As `record` gives it."""

    kind: int
    body: str
    since: int
    suspended: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Lease:
    """As `lease` gives it."""

    holder: str = ZERO_ADDRESS
    fence: int = 0
    since: int = 0


@dataclass
class Snapshot:
    """All that a reader asks of the contract."""

    members: set[str] = field(default_factory=set)
    quorum: int = 0
    records: dict[bytes, Record] = field(default_factory=dict)
    leases: dict[bytes, Lease] = field(default_factory=dict)
    anchor_log: str = ZERO_ADDRESS
    sealed: bool = False


def snapshot(changes: Iterable[Change]) -> Snapshot:
    found = Snapshot()
    for change in changes:
        _apply(found, change["action"], change)
    return found


def _apply(found: Snapshot, action: int, change: Change) -> None:
    if action in (ADD, REMOVE, SUSPEND, RESUME):
        _apply_record(found.records, action, change)
    elif action == ADD_MEMBER:
        found.members.add(change["account"])
    elif action == REMOVE_MEMBER:
        found.members.remove(change["account"])
    elif action == SET_QUORUM:
        found.quorum = change["number"]
    elif action == TAKE_LEASE:
        lease = Lease(change["account"], change["number"], change["time"])
        found.leases[change["target"]] = lease
    elif action == SET_ANCHOR_LOG:
        found.anchor_log = change["account"]
    elif action == SEAL:
        found.sealed = True


def _apply_record(records: dict[bytes, Record], action: int, change: Change) -> None:
    target, time = change["target"], change["time"]
    if action == ADD:
        records[target] = Record(change["number"], change["account"], time)
    elif action == REMOVE:
        records[target] = replace(records[target], removed=time)
    else:
        suspended = time if action == SUSPEND else 0
        records[target] = replace(records[target], suspended=suspended)
