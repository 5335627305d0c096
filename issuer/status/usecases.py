"""Give places to new copies and change statuses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from issuer.sources.model import PersonId
from issuer.status.model import (
    EMERGENCIES,
    CredentialRecord,
    Flip,
    NotReplaced,
    Place,
    Reason,
    Status,
    StatusFinal,
    UnknownCredential,
)
from issuer.work import Work
from madang.core.catalog.certificate_type import TypeId
from madang.core.status.permutation import KEY_BYTES, Permutation
from madang.infra.outbox import Registered

SALT_BYTES = 32
_ORDERS = 64


class Register(Protocol):
    """Hands things to the outbox in the same transaction."""

    def __call__(self, *things: Registered) -> None:
        """Hand over, in this order."""
        ...


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """Sizes and lives of lists.

    Attributes:
        size: statuses in a new list.
        fill_percent: a new list is begun when so much of one is used.
        ttl: seconds that readers may keep a list.
        life: seconds until a published list expires.
        stagger: seconds over which the copies of one certificate change.
        pitch: seconds between two moments at which they may; every publication falls between.
    """

    size: int
    fill_percent: int
    ttl: int
    life: int
    stagger: int
    pitch: int


@dataclass(frozen=True, slots=True)
class OpenList:
    """The list from which places are given.

    Attributes:
        number: of the list.
        size: statuses in it.
        key: of its order; forgotten when the list is full.
        position: the first that is free in that order.
    """

    number: int
    size: int
    key: bytes
    position: int


class Lists(Protocol):
    """Keeps what is given of the status lists."""

    def open(self, tenant: str, count: int, policy: ListPolicy, fresh_key: bytes) -> OpenList:
        """Return a list with room for `count` more, and count them as given.

        Args:
            tenant: the municipality.
            count: how many are wanted.
            policy: size of a new list.
            fresh_key: of the order of a new list.
        """
        ...


class Flips(Protocol):
    """Keeps the changes that the lists have to show."""

    def plan(self, tenant: str, flips: Sequence[Flip], *, now: int) -> None:
        """Keep changes; one of a place where one waits takes over its moment, or is due now.

        Whoever decides again and again postpones nothing, and moments that differ go on to.
        """
        ...

    def apply(self, now: int) -> int:
        """Put what is due into the lists, which need publishing; return how many changed."""
        ...


class Records(Protocol):
    """Keeps the records of issued copies."""

    def by_digest(self, tenant: str, digest: bytes) -> CredentialRecord | None:
        """Return the record of a copy."""
        ...

    def set_status(self, tenant: str, batch: str, status: Status) -> list[Place]:
        """Change the status of all copies of one issue; return their places, none if final."""
        ...

    def replace(self, tenant: str, batch: str, by: str) -> None:
        """Keep that one issue took the place of another."""
        ...


def draw_places(work: Work, lists: Lists, count: int, policy: ListPolicy) -> list[Place]:
    """Return places of chance that no other copy has or will have: no look-up of those given."""
    current = lists.open(work.tenant, count, policy, work.ids.bytes(KEY_BYTES))
    order = _order(current.key, current.size)
    positions = range(current.position, current.position + count)
    return [Place(current.number, order.place(position)) for position in positions]


@lru_cache(_ORDERS)
def _order(key: bytes, size: int) -> Permutation:
    return Permutation(key, size)


@dataclass(frozen=True, slots=True)
class Change:
    """What an officer decided.

    Attributes:
        digest: of any copy of the certificate.
        status: the new one.
        reason: why.
        replaced_by: digest of any copy of the certificate in its place, for a re-issue.
    """

    digest: bytes
    status: Status
    reason: Reason
    replaced_by: bytes | None = None


def change_status(
    work: Work, records: Records, flips: Flips, change: Change, policy: ListPolicy
) -> int:
    """Change the status of a certificate, all copies of it; return their number.

    This office counts by the new status at once; the lists show it copy by copy, each at its own
    moment, except in an emergency.

    Raises:
        UnknownCredential: this municipality issued no such certificate.
        StatusFinal: it is invalid already.
        NotReplaced: a re-issue without the certificate that takes its place.
    """
    record = records.by_digest(work.tenant, change.digest)
    if record is None:
        raise UnknownCredential
    places = records.set_status(work.tenant, record.batch, change.status)
    if not places:
        raise StatusFinal
    _keep_replacement(work, records, record, change)
    due = _due(work, len(places), policy, at_once=change.reason in EMERGENCIES)
    planned = [Flip(place, change.status, at) for place, at in zip(places, due, strict=True)]
    flips.plan(work.tenant, planned, now=work.now)
    flips.apply(work.now)
    work.note(f"status.{change.status}.{change.reason}", record.batch)
    return len(places)


def _keep_replacement(
    work: Work, records: Records, record: CredentialRecord, change: Change
) -> None:
    if change.reason is not Reason.REISSUE:
        if change.replaced_by is not None:
            raise NotReplaced
        return
    digest = change.replaced_by
    new = None if digest is None else records.by_digest(work.tenant, digest)
    if new is None or change.status is not Status.INVALID or not new.holds(work.now):
        raise NotReplaced
    if new.batch == record.batch or _subject(new) != _subject(record):
        raise NotReplaced
    records.replace(work.tenant, record.batch, new.batch)


def _subject(record: CredentialRecord) -> tuple[PersonId, TypeId]:
    return record.person, record.type_id


def _due(work: Work, count: int, policy: ListPolicy, *, at_once: bool) -> list[int]:
    """Return when each copy changes: moments of a common grid, drawn, no two alike if possible."""
    moments = 0 if at_once else policy.stagger // policy.pitch
    if moments < 2:  # noqa: PLR2004 - one moment would keep no copies apart
        return [work.now] * count
    drawn = work.ids.shuffled(range(1, moments + 1))
    now = work.now // policy.pitch
    return [(now + drawn[copy % moments]) * policy.pitch for copy in range(count)]


def list_uri(issuer: str, number: int) -> str:
    """Return where a list is published."""
    return f"{aggregation_uri(issuer)}/{number}"


def aggregation_uri(issuer: str) -> str:
    """Return where the addresses of all lists are."""
    return f"{issuer}/statuslists"
