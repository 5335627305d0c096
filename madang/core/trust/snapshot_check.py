"""A reader's checks of a snapshot (ADR 0034, docs/formats/accreditation-snapshot.md).

Steps: 1. form; 2. type and algorithm; 3. a publisher that the reader knows, its name in the leaf,
chain to one of the reader's roots, and signature; 4. the place is the one the reader was given;
5. the changes make the history, their number is the version, and the founding is over; 6. it
continues what was seen before; 7. age.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.signing import checker_for
from madang.core.trust.changes import history_of
from madang.core.trust.model import certified_key
from madang.core.trust.place import Place
from madang.core.trust.registry import Registry, TrustError
from madang.core.trust.snapshot import (
    ALGORITHMS,
    TYPE,
    Snapshot,
    SnapshotError,
    open_snapshot,
)

MAX_SKEW: Final = 60
MAX_AGE: Final = 86_400


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed step.

    Attributes:
        code: fixed word.
        step: its number.
        detail: what came and what was expected.
    """

    code: str
    step: int
    detail: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest snapshot that a reader has relied on."""

    version: int
    history: bytes
    block: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a reader holds a snapshot against.

    Attributes:
        roots: DER of municipalities' roots that the reader was given; one of them has to be behind
            the signature.
        place: of the registry, given out of band.
        publishers: identifiers of the logs that the reader knows; nobody else's word counts, so no
            key for another purpose can be used for this.
        seen: the newest one before; None at first.
        max_age: seconds from the block's time; MAX_AGE by default.
    """

    roots: Sequence[bytes]
    place: Place
    publishers: Collection[str]
    seen: Seen | None = None
    max_age: int = MAX_AGE


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome.

    Attributes:
        snapshot: what it says; None when it cannot be read.
        registry: what to judge by; None when any step failed.
        failures: every failed step, in order.
    """

    snapshot: Snapshot | None
    registry: Registry | None
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return not self.failures

    @property
    def seen(self) -> Seen | None:
        """Return what to hold the next one against."""
        if self.snapshot is None or self.registry is None:
            return None
        basis = self.snapshot.basis
        return Seen(basis.version, self.snapshot.history, basis.block)

    def relied_at(self, now: int, *, max_age: int) -> Registry:
        """Return the registry of one that is kept, while it is in its time; else as `relied`."""
        if self.snapshot is not None:
            for failure in _timely(self.snapshot, max_age, now):
                raise SnapshotError(failure.code, failure.detail)
        return self.relied()

    def relied(self) -> Registry:
        """Return the registry; SnapshotError with the code of the first failure."""
        if self.registry is None:
            first = self.failures[0]
            raise SnapshotError(first.code, first.detail)
        return self.registry


def verify(compact: str | bytes, expected: Expectation, *, now: int) -> Verdict:
    """Verify a snapshot and report every failed step; what cannot be read ends with step 1.

    Args:
        compact: as fetched.
        expected: what it is held against.
        now: seconds since the epoch.
    """
    return _verdict(
        compact,
        lambda parsed, snapshot: (
            *_authentic(parsed, snapshot, expected, now),
            *_continuing(snapshot, expected.seen),
            *_timely(snapshot, expected.max_age, now),
        ),
    )


def verify_kept(compact: str | bytes, expected: Expectation) -> Verdict:
    """Verify one that was relied on before, as of when it was signed: steps 1 to 5.

    However old it is, and though its certificate has ended, it tells what a newer one has to
    continue; `Verdict.relied_at` tells whether it may still be judged by.
    """
    return _verdict(
        compact,
        lambda parsed, snapshot: (*_authentic(parsed, snapshot, expected, snapshot.issued_at),),
    )


def _verdict(
    compact: str | bytes, check: Callable[[Jws, Snapshot], tuple[Failure, ...]]
) -> Verdict:
    try:
        parsed, snapshot = open_snapshot(compact)
    except SnapshotError as error:
        return Verdict(None, None, (Failure(error.code, 1, str(error)),))
    failures = check(parsed, snapshot)
    return Verdict(snapshot, None if failures else snapshot.registry, failures)


def _authentic(
    parsed: Jws, snapshot: Snapshot, expected: Expectation, now: int
) -> Iterator[Failure]:
    yield from _header(parsed)
    yield from _signed(parsed, snapshot, expected, now)
    yield from _placed(snapshot, expected)
    yield from _complete(snapshot)


def _header(parsed: Jws) -> Iterator[Failure]:
    typ, alg = parsed.header.get("typ"), parsed.header["alg"]
    if typ != TYPE:
        yield Failure("snapshot_type", 2, f"typ {str(typ)[:80]!r}, expected {TYPE!r}")
    if alg not in ALGORITHMS:
        yield Failure("snapshot_algorithm", 2, f"alg {alg[:80]!r}, expected {ALGORITHMS}")


def _signed(parsed: Jws, snapshot: Snapshot, expected: Expectation, now: int) -> Iterator[Failure]:
    if snapshot.publisher not in expected.publishers:
        yield Failure("snapshot_publisher", 3, f"{snapshot.publisher} is no log that is known here")
    try:
        chain = jws.decode_chain(parsed.header)
        key = certified_key(
            snapshot.publisher, chain, expected.roots, now=now, body="snapshot_publisher"
        )
    except EnvelopeError as error:
        yield Failure("snapshot_signature", 3, str(error))
    except TrustError as error:
        yield Failure("snapshot_signature", 3, f"{error.code}: {error}")
    else:
        if not jws.verify(parsed, checker_for(key)):
            yield Failure("snapshot_signature", 3, "not signed by the key of its certificate")


def _placed(snapshot: Snapshot, expected: Expectation) -> Iterator[Failure]:
    different = expected.place.differences(snapshot.place)
    if different:
        yield Failure("snapshot_other_chain", 4, f"another {', '.join(different)} than was given")


def _complete(snapshot: Snapshot) -> Iterator[Failure]:
    if history_of(snapshot.changes) != snapshot.history:
        yield Failure("snapshot_history", 5, "its changes do not make the history that it tells")
    if len(snapshot.changes) != snapshot.basis.version:
        yield Failure("snapshot_history", 5, "its version is not the number of its changes")
    if not snapshot.state.sealed:
        yield Failure("snapshot_unsealed", 5, "its founding is not over: one account may do all")


def _continuing(snapshot: Snapshot, seen: Seen | None) -> Iterator[Failure]:
    if seen is None:
        return
    if snapshot.basis.version < seen.version or snapshot.basis.block < seen.block:
        yield Failure("snapshot_rolled_back", 6, "older than one that was relied on before")
    elif history_of(snapshot.changes[: seen.version]) != seen.history:
        yield Failure("snapshot_forked", 6, "it does not continue the one relied on before")


def _timely(snapshot: Snapshot, max_age: int, now: int) -> Iterator[Failure]:
    if snapshot.basis.time > now + MAX_SKEW or snapshot.issued_at > now + MAX_SKEW:
        yield Failure("snapshot_ahead", 7, "its time lies ahead; check the clock of this device")
    age = snapshot.basis.age(now)
    if age > max_age:
        told = f"{age} s old, at most {max_age} s are relied on"
        yield Failure("snapshot_stale", 7, told)
