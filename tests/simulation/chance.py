"""What goes wrong in the simulation, and when: all of it follows from one seed."""

from collections import Counter

from madang.infra.ids import SeededIds


class Crash(Exception):  # noqa: N818 - what happens, not what is wrong
    """The process ends here; nothing after this point is done."""


class Chance:
    """Decides by a seed what goes wrong.

    Attributes:
        one_in: a durable step is cut off once in so many; 0 for never.
        crashed: whether the process has ended since its start; what it does then does not count.
        seen: how often each thing happened.
    """

    def __init__(self, seed: str, one_in: int) -> None:
        self._ids = SeededIds(f"{seed} chance")
        self.one_in = one_in
        self.crashed = False
        self.seen: Counter[str] = Counter()

    def point(self, place: str) -> None:
        """End the process at this place, by chance."""
        if self.crashed or (self.one_in and self._ids.below(self.one_in) == 0):
            self.crash(place)

    def crash(self, place: str) -> None:
        """End the process at this place."""
        self.crashed = True
        self.happened(f"crash {place}")
        raise Crash(place)

    def ended(self) -> None:
        """End the process if it has ended already, and somebody went on all the same."""
        if self.crashed:
            raise Crash("within")

    def happened(self, what: str) -> None:
        """Count what happened."""
        self.seen[what] += 1

    def one(self, count: int, what: str) -> bool:
        """Tell whether something happens that does so once in so many times."""
        if not self.one_in or self._ids.below(count):
            return False
        self.happened(what)
        return True

    def below(self, limit: int) -> int:
        """Return a number from 0 to `limit` - 1."""
        return self._ids.below(limit)
