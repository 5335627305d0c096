"""Give indexes to new copies, change statuses, publish the lists."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from issuer.status.model import (
    VALUES,
    CredentialRecord,
    NoSuchList,
    Place,
    Reason,
    Status,
    StatusFinal,
    UnknownCredential,
)
from issuer.work import Work
from madang.core.keys.signing import Signer
from madang.core.merkle.entry import EntryKind
from madang.core.status import token_status_list
from madang.core.status.token_status_list import StatusList
from madang.infra.outbox import Registered

SALT_BYTES = 32
_BITS = 2

Register = Callable[[Registered], None]
"""Hands a thing to the outbox in the same transaction."""


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """Sizes and lives of lists.

    Attributes:
        size: statuses in a new list.
        fill_percent: a new list is begun when so much of one is used.
        ttl: seconds that readers may keep a list.
        life: seconds until a published list expires.
    """

    size: int
    fill_percent: int
    ttl: int
    life: int


@dataclass(frozen=True, slots=True)
class OpenList:
    """The list from which indexes are drawn."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Published:
    """A list as it was published last.

    Attributes:
        token: the signed list.
        issued_at: epoch seconds.
    """

    token: str
    issued_at: int


class Lists(Protocol):
    """Keeps the status lists."""

    def open(self, tenant: str, count: int, policy: ListPolicy) -> OpenList:
        """Return a list with room for `count` more, and count them as used."""
        ...

    def taken(self, tenant: str, number: int, indexes: Sequence[int]) -> set[int]:
        """Return which of the indexes are in use."""
        ...

    def size(self, tenant: str, number: int) -> int | None:
        """Return the size of a list; None if there is none of this number."""
        ...

    def published(self, tenant: str, number: int) -> Published | None:
        """Return a list as it was published last, None if it changed since or never was."""
        ...

    def marked(self, tenant: str, number: int) -> Iterable[tuple[int, Status]]:
        """Return the indexes that are not valid."""
        ...

    def publish(self, tenant: str, number: int, published: Published) -> None:
        """Keep a published list."""
        ...


class Records(Protocol):
    """Keeps the records of issued copies."""

    def by_digest(self, tenant: str, digest: bytes) -> CredentialRecord | None:
        """Return the record of a copy."""
        ...

    def set_status(self, tenant: str, batch: str, status: Status) -> int:
        """Change the status of all copies of one issue; their lists need publishing. Count them."""
        ...


def draw_places(work: Work, lists: Lists, count: int, policy: ListPolicy) -> list[Place]:
    """Return places of chance that no other copy has."""
    current = lists.open(work.tenant, count, policy)
    found: list[int] = []
    while len(found) < count:
        drawn = {work.ids.below(current.size) for _ in range(count - len(found))} - {*found}
        fresh = drawn - lists.taken(work.tenant, current.number, sorted(drawn))
        found += work.ids.shuffled(sorted(fresh))
    return [Place(current.number, index) for index in found]


@dataclass(frozen=True, slots=True)
class Change:
    """What an officer decided.

    Attributes:
        digest: of any copy of the certificate.
        status: the new one.
        reason: why.
    """

    digest: bytes
    status: Status
    reason: Reason


def change_status(work: Work, records: Records, change: Change) -> int:
    """Change the status of a certificate, all copies of it; return their number.

    Raises:
        UnknownCredential: this municipality issued no such certificate.
        StatusFinal: it is invalid already.
    """
    record = records.by_digest(work.tenant, change.digest)
    if record is None:
        raise UnknownCredential
    if record.status is Status.INVALID and change.status is not Status.INVALID:
        raise StatusFinal
    copies = records.set_status(work.tenant, record.batch, change.status)
    work.note(f"status.{change.status}.{change.reason}", record.batch)
    return copies


def is_fresh(published: Published | None, now: int, policy: ListPolicy) -> bool:
    """Tell whether a published list can be served again: unchanged, and half its ttl not over."""
    return published is not None and now < published.issued_at + policy.ttl // 2


@dataclass(frozen=True, slots=True)
class Press:
    """What publishes a list.

    Attributes:
        signer: the issuer's key.
        register: hands the list's hash to the outbox.
        policy: lives.
    """

    signer: Signer
    register: Register
    policy: ListPolicy


def publish(work: Work, lists: Lists, number: int, press: Press) -> str:
    """Sign a list as it is now, keep it, and have its hash logged.

    Raises:
        NoSuchList: none of this number.
    """
    size = lists.size(work.tenant, number)
    if size is None:
        raise NoSuchList
    token = token_status_list.token(
        _packed(size, dict(lists.marked(work.tenant, number))),
        uri=list_uri(work.issuer, number),
        issued_at=work.now,
        expires_at=work.now + press.policy.life,
        ttl=press.policy.ttl,
        signer=press.signer,
    )
    lists.publish(work.tenant, number, Published(token, work.now))
    digest = hashlib.sha256(token.encode("ascii")).digest()
    key, salt = work.ids.token(), work.ids.bytes(SALT_BYTES)
    press.register(Registered(key, EntryKind.STATUS_LIST, work.issuer, digest, salt))
    return token


def _packed(size: int, marked: Mapping[int, Status]) -> StatusList:
    statuses = StatusList.of_size(size, _BITS)
    for index, status in marked.items():
        statuses.set(index, VALUES[status])
    return statuses


def list_uri(issuer: str, number: int) -> str:
    """Return where a list is published."""
    return f"{issuer}/statuslists/{number}"
