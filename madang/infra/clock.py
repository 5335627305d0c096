"""The present time: the one place where the services read it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return whole seconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return whole seconds since the epoch."""
        return int(time.time())  # noqa: TID251 - this is the place


class FixedClock:
    """A clock that stands still until it is moved.

    Args:
        now: seconds since the epoch.
    """

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """Return the seconds it was set to."""
        return self._now

    def advance(self, seconds: int) -> None:
        """Move the clock; a negative number moves it back."""
        self._now += seconds
