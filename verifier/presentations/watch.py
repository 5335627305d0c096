"""Telling who waits that a presentation changed, without asking the database all the time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from madang.core.encoding import strict_json

EVENT_STREAM: Final = "text/event-stream"
_SILENCE: Final = b": nothing new\n\n"
_UNDECIDED: Final = ("open", "returning")


class BusyError(RuntimeError):
    """As many pages watch as may; this one has to load itself again."""


@dataclass
class Watch:
    """Wakes those who wait for a presentation in this process.

    An answer that another process takes is seen at the next look, `seconds` later at most.

    Attributes:
        seconds: longest wait between two looks.
        most: how many may watch at a time.
    """

    seconds: float
    most: int
    _waking: WeakValueDictionary[str, asyncio.Event] = field(default_factory=WeakValueDictionary)
    _watching: int = 0

    def changed(self, presentation: str) -> None:
        """Wake all who wait for a presentation."""
        event = self._waking.pop(presentation, None)
        if event is not None:
            event.set()

    def _event(self, presentation: str) -> asyncio.Event:
        event = self._waking.get(presentation)
        if event is None:
            event = self._waking[presentation] = asyncio.Event()
        return event

    async def _wait(self, event: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                await event.wait()
        except TimeoutError:
            return

    def events(
        self, presentation: str, look: Callable[[], dict[str, object]]
    ) -> AsyncIterator[bytes]:
        """Return server-sent events: one for every change, until it is not open any more.

        Args:
            presentation: whose changes.
            look: tells how it stands; the member `state` says whether it is open.

        Raises:
            BusyError: too many watch already.
        """
        if self._watching >= self.most:
            raise BusyError(str(self.most))
        return self._events(presentation, look)

    async def _events(
        self, presentation: str, look: Callable[[], dict[str, object]]
    ) -> AsyncIterator[bytes]:
        if self._watching >= self.most:
            return  # others began since; the page asks again by itself
        self._watching += 1
        try:
            told: dict[str, object] = {}
            while told.get("state", _UNDECIDED[0]) in _UNDECIDED:
                event = self._event(presentation)  # before the look: no change falls between
                seen = look()
                yield _SILENCE if seen == told else _written(seen)
                told = seen
                if told["state"] in _UNDECIDED:
                    await self._wait(event)
        finally:
            self._watching -= 1


def _written(told: dict[str, object]) -> bytes:
    return f"event: state\ndata: {strict_json.dumps(told)}\n\n".encode()
