"""The registry of accreditations as it stood at one block (ADR 0034), and what follows from it.

A record that is suspended counts for nothing while that lasts. One that was removed counts for what
was done before, unless it was suspended when it was removed. A judgement looks at the state when
something was issued and at the state now.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NoReturn, TypeVar

from madang.core.catalog.certificate_type import Path
from madang.core.merkle.entry import HOUR
from madang.core.trust.accreditation import (
    Body,
    Document,
    Issuer,
    Kind,
    Log,
    RegisteredPurpose,
    Verifier,
    Witness,
)

_TENANT_BYTES: Final = 32
Of = TypeVar("Of", bound=Body)


class TrustError(ValueError):
    """A body may not do what it did, or what it asks.

    Attributes:
        code: fixed word, such as issuer_not_accredited, issuer_suspended or over_asking, or a code
            of ChainError.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the registry.

    Attributes:
        id: SHA-256 of the document.
        kind: what it accredits.
        account: the body's address on the chain, which may suspend it.
        content: the document's bytes, as the chain has them.
        document: the same, read; None when it is not as it should be, and then it counts for
            nothing.
        since: when it was added, seconds since the epoch.
        suspensions: each as its first second, and the first one after it or None while it lasts.
        removed: when it was removed; None if it was not.
    """

    id: bytes
    kind: Kind
    account: str
    content: bytes
    document: Document | None
    since: int
    suspensions: tuple[tuple[int, int | None], ...] = ()
    removed: int | None = None

    @property
    def suspended(self) -> bool:
        """Tell whether it is suspended, or was when it was removed."""
        return bool(self.suspensions) and any(end is None for _, end in self.suspensions)

    def counts(self, at: int | None, now: int) -> bool:
        """Tell whether what was done at a time counts now.

        Args:
            at: seconds since the epoch; up to an hour earlier, as times of issue are rounded down.
                None for any time: whether anything may count.
            now: seconds since the epoch.
        """
        if self.document is None or self.suspended:
            return False
        if at is None:
            return True
        earliest = max(self.since, self.document.valid_from)
        done = min(at, now)  # whoever tells a time ahead gains nothing by it
        inside = earliest - HOUR < done <= self.document.valid_until
        before = self.removed is None or done < self.removed
        if not self.suspensions:
            return inside and before
        return inside and before and not any(a <= done < (b or a) for a, b in self.suspensions)


@dataclass(frozen=True, slots=True)
class Lease:
    """Which municipality serves a tenant.

    Attributes:
        holder: its address on the chain.
        fence: rises with each change, so that an earlier holder is told from the one of now.
        since: seconds since the epoch.
    """

    holder: str
    fence: int
    since: int


def tenant_key(tenant: str) -> bytes:
    """Return how the contract names a tenant: its id in ASCII, filled up with zeros to 32 bytes."""
    return tenant.encode("ascii").ljust(_TENANT_BYTES, b"\0")


@dataclass(frozen=True, slots=True)
class Basis:
    """The state of the registry that a judgement rests on.

    Attributes:
        version: number of changes.
        block: number of the block at whose end this was the state.
        block_hash: "0x" and 64 hex digits.
        time: of the block, seconds since the epoch.
    """

    version: int
    block: int
    block_hash: str
    time: int

    def age(self, now: int) -> int:
        """Return how many seconds ago the block was made; a block of a moment ahead is new."""
        return max(0, now - self.time)


@dataclass(frozen=True)
class Registry:
    """All records.

    Attributes:
        basis: where this was read.
        records: in the order in which they were added.
        anchors: DER of the roots that records name, by their SHA-256.
        leases: by `tenant_key`.
    """

    basis: Basis
    records: tuple[Record, ...]
    anchors: Mapping[bytes, bytes]
    leases: Mapping[bytes, Lease]

    def issuer(self, issuer: str, of_type: str, *, at: int | None, now: int) -> tuple[Issuer, ...]:
        """Return the documents by which an issuer's signature counts for a type.

        Args:
            issuer: its identifier.
            of_type: `vct` or `docType`.
            at: when it signed, seconds since the epoch; None for any time.
            now: seconds since the epoch.

        Raises:
            TrustError: issuer_not_accredited or issuer_suspended.
        """
        return self._counting(self._issuers.get((issuer, of_type), []), "issuer", at, now)

    def knows(self, issuer: str, of_type: str) -> bool:
        """Tell whether there is, or was, a record of an issuer of this type."""
        return (issuer, of_type) in self._issuers

    def verifier(
        self, verifier: str, purpose: str, asks: Mapping[str, Collection[Path]], *, now: int
    ) -> tuple[tuple[Verifier, ...], RegisteredPurpose]:
        """Return the documents of a verifier that may ask for this, and the purpose as registered.

        Args:
            verifier: its identifier.
            purpose: the name of the purpose.
            asks: the claim paths that it asks for, per `vct` or `docType`.
            now: seconds since the epoch.

        Raises:
            TrustError: verifier_not_registered, verifier_suspended, purpose_not_registered or
                over_asking.
        """
        counting = self._counting([*self._of(Verifier, verifier)], "verifier", now, now)
        found = [(d, p) for d in counting for p in d.purposes if p.id == purpose]
        if not found:
            raise TrustError(
                "purpose_not_registered",
                f"{verifier} is not registered for the purpose {purpose!r}",
            )
        within = [(d, p) for d, p in found if not over_asked(p, asks)]
        if not within:
            most = "; ".join(over_asked(found[0][1], asks))
            raise TrustError("over_asking", f"more than the purpose {purpose!r} lists: {most}")
        return tuple(d for d, p in within if p == within[0][1]), within[0][1]

    def witness(self, witness: str, *, now: int) -> Witness:
        """Return a witness; TrustError: witness_not_accredited or witness_suspended."""
        return self._counting([*self._of(Witness, witness)], "witness", now, now)[-1]

    def log(self, log: str, *, now: int) -> Log:
        """Return a log; TrustError: log_not_accredited or log_suspended."""
        return self._counting([*self._of(Log, log)], "log", now, now)[-1]

    def lease(self, tenant: str) -> Lease | None:
        """Return who serves a tenant."""
        return self.leases.get(tenant_key(tenant))

    def roots(self, documents: Collection[Issuer | Verifier]) -> tuple[bytes, ...]:
        """Return the roots that documents name, as DER; one that is not here is left out."""
        named = (each for document in documents for each in document.anchors)
        return tuple(self.anchors[each] for each in dict.fromkeys(named) if each in self.anchors)

    def _of(self, kind: type[Of], identifier: str) -> Iterator[tuple[Record, Of]]:
        for record in self._by_id.get(identifier, ()):
            if isinstance(record.document, kind):
                yield record, record.document

    @cached_property
    def _issuers(self) -> Mapping[tuple[str, str], list[tuple[Record, Issuer]]]:
        found: dict[tuple[str, str], list[tuple[Record, Issuer]]] = {}
        for record in self.records:
            document = record.document
            if isinstance(document, Issuer):
                for of_type in dict.fromkeys(document.types):
                    found.setdefault((document.id, of_type), []).append((record, document))
        return found

    @cached_property
    def _by_id(self) -> Mapping[str, list[Record]]:
        found: dict[str, list[Record]] = {}
        for record in self.records:
            if record.document is not None:
                found.setdefault(record.document.id, []).append(record)
        return found

    def _counting(
        self, known: list[tuple[Record, Of]], body: str, at: int | None, now: int
    ) -> tuple[Of, ...]:
        # A body that is suspended is so in all its records: a newer one is no way around.
        if any(record.suspended and record.removed is None for record, _ in known):
            raise TrustError(f"{body}_suspended", f"the {body}'s accreditation is suspended")
        counting = tuple(document for record, document in known if record.counts(at, now))
        return counting or _refuse(body)


def _refuse(body: str) -> NoReturn:
    word = "registered" if body == "verifier" else "accredited"
    raise TrustError(f"{body}_not_{word}", f"the registry has no such {body} for this time")


def over_asked(purpose: RegisteredPurpose, asks: Mapping[str, Collection[Path]]) -> tuple[str, ...]:
    """Return what is asked beyond a purpose, each as "<type>: <path>"; () is good."""
    beyond = [name for name in asks if name not in purpose.asks]
    for name, paths in asks.items():
        listed = purpose.asks.get(name, ())
        beyond += [
            f"{name}: {'.'.join('*' if step is None else str(step) for step in path)}"
            for path in paths
            if name in purpose.asks and path not in listed
        ]
    return tuple(beyond)
