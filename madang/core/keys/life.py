"""The life of a signing key (ADR 0021): announced, active, verify-only, retired; or compromised.

A state is a type, and a step is a function from the earlier state to the later one, so that an
order that would leave a verifier without a key does not pass mypy. Times are epoch seconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar, Final

_LAST: Final = 253_402_300_799  # second of the year 9999


class LifeError(ValueError):
    """A step that may not be taken, or not yet; the message says which and from when."""


def moment(at: int) -> str:
    """Return a time, epoch seconds, as people write it; one after the year 9999 as it is."""
    if at > _LAST:
        return str(at)
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


class Step(StrEnum):
    """What happened to a key, as the log has it."""

    ANNOUNCED = "announced"
    ACTIVE = "active"
    VERIFY_ONLY = "verify-only"
    RETIRED = "retired"
    COMPROMISED = "compromised"


@dataclass(frozen=True, slots=True)
class Compromised:
    """Somebody else may have signed with it: neither signs nor verifies, and stays so.

    Attributes:
        since: when that was told.
    """

    step: ClassVar = Step.COMPROMISED
    since: int


@dataclass(frozen=True, slots=True)
class _Sound:
    """A state from which a key can be compromised, which is every other one."""

    since: int

    def compromised(self, at: int) -> Compromised:
        """Give the key up at once."""
        return Compromised(at)


@dataclass(frozen=True, slots=True)
class Retired(_Sound):
    """Nothing that it signed is valid any more: kept in the history, no longer published."""

    step: ClassVar = Step.RETIRED


@dataclass(frozen=True, slots=True)
class VerifyOnly(_Sound):
    """Published for what it signed, and signs no more.

    Attributes:
        until: when the last thing that it can have signed has expired.
    """

    step: ClassVar = Step.VERIFY_ONLY
    until: int

    def retired(self) -> Retired:
        """Retire the key when the last thing that it signed has expired."""
        return Retired(self.until)


@dataclass(frozen=True, slots=True)
class Active(_Sound):
    """The one key of its purpose that signs."""

    step: ClassVar = Step.ACTIVE

    def replaced(self, successor: "Active", longest: int) -> VerifyOnly:
        """Sign no more from the moment in which another key signs, and never before.

        Args:
            successor: the key that signs from then on.
            longest: seconds, the longest life of anything that this one signed.
        """
        return VerifyOnly(successor.since, successor.since + longest)


@dataclass(frozen=True, slots=True)
class Announced(_Sound):
    """Published, and not used until everybody who keeps published keys has it.

    Attributes:
        active_from: when that is.
    """

    step: ClassVar = Step.ANNOUNCED
    active_from: int

    def activated(self) -> Active:
        """Sign from the time that was announced."""
        return Active(self.active_from)


State = Announced | Active | VerifyOnly | Retired | Compromised
PUBLISHED = (Announced, Active, VerifyOnly)
"""States in which verifiers find the key."""
