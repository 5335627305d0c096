"""The state of both contracts as proofs of storage show it: slot by slot, past all code."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import boa
from eth_hash.auto import keccak as keccak256
from eth_utils import to_checksum_address
from federation import Federation
from replay import Lease, Record

from contracts.artifacts import load

SLOTS = load("Accreditation").storage_slots
LOG_SLOTS = load("AnchorLog").storage_slots


def at(address: str, slot: int) -> int:
    return int(boa.env.get_storage(address, slot))


def of_map(slot: int, key: bytes) -> int:
    return int.from_bytes(keccak256(slot.to_bytes(32) + key))


def words(address: str, slot: int, count: int) -> list[int]:
    return [at(address, slot + place) for place in range(count)]


def account(number: int) -> str:
    return str(to_checksum_address(number.to_bytes(20)))


@dataclass(frozen=True)
class Log:
    """One log of AnchorLog, and the change of owner that waits."""

    root: bytes
    owner: str
    size: int
    time: int
    rotation: tuple[str, int, bool]


@dataclass(frozen=True)
class Observation:
    """All that the contracts hold and readers see, but proposals."""

    history: bytes
    version: int
    quorum: int
    founder: str
    members: list[str]
    records: dict[bytes, Record]
    leases: dict[bytes, Lease]
    logs: dict[bytes, Log]
    guardian: str
    guardian_rotation: tuple[str, int]


def observe(federation: Federation, tenants: Iterable[bytes], logs: Iterable[bytes]) -> Observation:
    address = str(federation.accreditation.address)
    log_address = str(federation.anchor_log.address)
    number, *found = words(address, SLOTS["_members"], 33)
    count = at(address, SLOTS["recordCount"])
    ids = [word(at(address, of_map(SLOTS["recordAt"], word(n)))) for n in range(count)]
    rotation = words(log_address, LOG_SLOTS["guardianRotation"], 2)
    return Observation(
        history=word(at(address, SLOTS["history"])),
        version=at(address, SLOTS["version"]),
        quorum=at(address, SLOTS["quorum"]),
        founder=account(at(address, SLOTS["founder"])),
        members=[account(each) for each in found[:number]],
        records={each: record(address, each) for each in ids},
        leases={each: lease(address, each) for each in tenants},
        logs={each: log(log_address, each) for each in logs},
        guardian=account(at(log_address, LOG_SLOTS["guardian"])),
        guardian_rotation=(account(rotation[0]), rotation[1]),
    )


def word(value: Any) -> bytes:
    return int(value).to_bytes(32)


def record(address: str, key: bytes) -> Record:
    kind, body, since, suspended, removed = words(address, of_map(SLOTS["_records"], key), 5)
    return Record(kind, account(body), since, suspended, removed)


def lease(address: str, tenant: bytes) -> Lease:
    holder, fence, since = words(address, of_map(SLOTS["_leases"], tenant), 3)
    return Lease(account(holder), fence, since)


def log(address: str, key: bytes) -> Log:
    root, packed = words(address, of_map(LOG_SLOTS["_heads"], key), 2)
    successor, ready, guardian = words(address, of_map(LOG_SLOTS["_rotations"], key), 3)
    return Log(
        root=word(root),
        owner=account(packed & (2**160 - 1)),
        size=packed >> 160 & (2**64 - 1),
        time=packed >> 224,
        rotation=(account(successor), ready, bool(guardian)),
    )
