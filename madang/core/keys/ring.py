"""All versions of the keys of one purpose: what was decided, and what follows (ADR 0021).

Decisions are kept (a key announced, a key compromised); states are computed from them and the
time. So nobody has to turn a key over at the right moment, and nothing is lost when no process
ran in that moment.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from madang.core.encoding import canonical_json
from madang.core.keys.decided import Decided
from madang.core.keys.life import (
    PUBLISHED,
    Active,
    Announced,
    Compromised,
    LifeError,
    State,
    Step,
    VerifyOnly,
    moment,
)

MAX_VERSIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that a key took.

    Attributes:
        number: of the version.
        kid: name under which the key is published, its thumbprint (RFC 7638).
        step: what happened.
        at: when, epoch seconds.
    """

    number: int
    kid: str
    step: Step
    at: int

    def digest(self, purpose: str) -> bytes:
        """Return what the log holds of this step: SHA-256 over canonical JSON (RFC 8785)."""
        said = {
            "kid": self.kid,
            "purpose": purpose,
            "step": self.step.value,
            "thumbprint": self.kid,
            "time": self.at,
        }
        return hashlib.sha256(canonical_json.encode(said)).digest()


@dataclass(frozen=True, slots=True)
class Version:
    """One key at a moment.

    Attributes:
        number: from 1.
        kid: name under which it is published.
        states: all that it went through, the present one last.
    """

    number: int
    kid: str
    states: tuple[State, ...]

    @property
    def state(self) -> State:
        """Return the present state."""
        return self.states[-1]


@dataclass(frozen=True, slots=True)
class Ring:
    """The versions of one purpose, number 1 first.

    Attributes:
        decided: what was decided about each.

    Raises:
        LifeError: a key that is there twice, too many, or announced out of order.
    """

    decided: tuple[Decided, ...] = ()

    def __post_init__(self) -> None:
        if len({each.kid for each in self.decided}) != len(self.decided):
            raise LifeError("a key is there twice; every version has a key of its own")
        if len(self.decided) > MAX_VERSIONS:
            raise LifeError(f"{len(self.decided)} versions, at most {MAX_VERSIONS} are kept")
        order = [each.announced_at for each in self.decided]
        if order != sorted(order):
            raise LifeError("a version is announced before the one that it follows")

    def announce(self, kid: str, *, now: int, cache: int, longest: int) -> "Ring":
        """Publish one more key; it signs when the longest kept copy of the keys has it.

        The first key signs at once, for nobody can have kept a copy without it.

        Args:
            kid: the key's thumbprint.
            now: epoch seconds.
            cache: seconds for which published keys may be kept.
            longest: seconds, the longest life of anything that it will sign.

        Raises:
            LifeError: another key is announced and not active yet.
        """
        self.check_announced(now)
        active_from = now + cache if self.decided else now
        return Ring((*self.decided, Decided(kid, now, active_from, longest)))

    def check_announced(self, now: int) -> None:
        """Find no key announced and waiting; LifeError saying which one is."""
        for version in self.at(now):
            if isinstance(version.state, Announced):
                raise LifeError(
                    f"version {version.number} is announced already and signs from"
                    f" {moment(version.state.active_from)}; one key is announced at a time"
                )

    def compromise(self, number: int, *, now: int) -> "Ring":
        """Give a version up at once.

        Raises:
            LifeError: there is no such version, or it was given up before.
        """
        if not 1 <= number <= len(self.decided):
            raise LifeError(f"there is no version {number}, there are {len(self.decided)}")
        given_up = self.decided[number - 1]
        if given_up.compromised_at is not None:
            since = moment(given_up.compromised_at)
            raise LifeError(f"version {number} is compromised since {since}")
        # A clock that went back must keep nobody from it.
        at = max(now, given_up.announced_at)
        return self._with(number, replace(given_up, compromised_at=at))

    def allow(self, longest: int, *, now: int) -> "Ring":
        """Let the keys that sign now or later sign what lives so long; never shortens."""
        ring = self
        for version in self.at(now):
            known = self.decided[version.number - 1]
            if isinstance(version.state, Announced | Active) and known.longest < longest:
                ring = ring._with(version.number, replace(known, longest=longest))
        return ring

    def _with(self, number: int, decided: Decided) -> "Ring":
        return Ring((*self.decided[: number - 1], decided, *self.decided[number:]))

    def at(self, now: int) -> tuple[Version, ...]:
        """Return every version that is announced by `now`, in its state then."""
        return _Fold(self.decided).until(now)

    def active(self, now: int) -> Version | None:
        """Return the version that signs; None after the only one was given up."""
        for version in self.at(now):
            if isinstance(version.state, Active):
                return version
        return None

    def published(self, now: int) -> tuple[Version, ...]:
        """Return the versions that verifiers are to find, oldest first."""
        return tuple(each for each in self.at(now) if isinstance(each.state, PUBLISHED))

    def taken(self, now: int) -> tuple[Taken, ...]:
        """Return every step up to now, oldest first."""
        steps = [
            Taken(version.number, version.kid, state.step, state.since)
            for version in self.at(now)
            for state in version.states
        ]
        return tuple(sorted(steps, key=lambda taken: taken.at))

    def to_json(self) -> dict[str, Any]:
        """Return what is kept."""
        return {"versions": [each.to_json() for each in self.decided]}

    @classmethod
    def from_json(cls, value: object) -> "Ring":
        """Read what was kept.

        Raises:
            LifeError: anything that `to_json` does not make.
        """
        if not isinstance(value, Mapping) or value.keys() != {"versions"}:
            raise LifeError("a key ring is an object with the member 'versions'")
        versions = value["versions"]
        if not isinstance(versions, list):
            raise LifeError("the versions of a key ring are an array")
        return cls(tuple(map(Decided.from_json, versions)))


class _Fold:
    """Lets decisions happen in the order of their times."""

    def __init__(self, decided: tuple[Decided, ...]) -> None:
        self._decided = dict(enumerate(decided, 1))
        self._states: dict[int, tuple[State, ...]] = {}

    def until(self, now: int) -> tuple[Version, ...]:
        # What is decided last in a second comes last in it: no step is ever taken back.
        moments = [
            *((each.announced_at, 0, number) for number, each in self._decided.items()),
            *((each.active_from, 1, number) for number, each in self._decided.items()),
            *((each.compromised_at, 2, number) for number, each in self._decided.items()
              if each.compromised_at is not None),
        ]  # fmt: skip
        for at, kind, number in sorted(each for each in moments if each[0] <= now):
            self._retire(at)
            (self._announce, self._activate, self._compromise)[kind](number)
        self._retire(now)
        return tuple(
            Version(number, self._decided[number].kid, states)
            for number, states in sorted(self._states.items())
        )

    def _announce(self, number: int) -> None:
        decided = self._decided[number]
        self._states[number] = (Announced(decided.announced_at, decided.active_from),)

    def _compromise(self, number: int) -> None:
        state, at = self._states[number][-1], self._decided[number].compromised_at
        if not isinstance(state, Compromised) and at is not None:
            self._enter(number, state.compromised(at))

    def _activate(self, number: int) -> None:
        state = self._states[number][-1]
        if not isinstance(state, Announced):
            return
        successor = state.activated()
        for other, states in self._states.items():
            if isinstance(states[-1], Active):
                self._enter(other, states[-1].replaced(successor, self._decided[other].longest))
        self._enter(number, successor)

    def _retire(self, now: int) -> None:
        for number, states in self._states.items():
            if isinstance(states[-1], VerifyOnly) and states[-1].until <= now:
                self._enter(number, states[-1].retired())

    def _enter(self, number: int, state: State) -> None:
        self._states[number] = (*self._states[number], state)
