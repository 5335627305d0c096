"""What was decided about one version of a key, and how that is kept (ADR 0021)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from madang.core.keys.life import LifeError

MAX_TIME: Final = 2**53 - 1
MAX_KID: Final = 128


@dataclass(frozen=True, slots=True)
class Decided:
    """One version of a key; times are epoch seconds.

    Attributes:
        kid: name under which the key is published.
        announced_at: from when it is published.
        active_from: from when it signs, if it is sound then.
        longest: seconds, the longest life of anything that it signs.
        compromised_at: when it was given up, None if it was not.

    Raises:
        LifeError: values that cannot be decided together.
    """

    kid: str
    announced_at: int
    active_from: int
    longest: int
    compromised_at: int | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.kid) <= MAX_KID:
            raise LifeError(f"a kid has 1 to {MAX_KID} characters: {self.kid[:80]!r}")
        given_up = self.announced_at if self.compromised_at is None else self.compromised_at
        if not all(0 <= each <= MAX_TIME for each in (self.announced_at, self.longest)):
            raise LifeError(f"the times of key {self.kid} are not within 0 to {MAX_TIME}")
        if not all(self.announced_at <= at <= MAX_TIME for at in (self.active_from, given_up)):
            raise LifeError(f"key {self.kid} is used or given up before it is announced")

    def to_json(self) -> dict[str, Any]:
        """Return what is kept."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> "Decided":
        """Read what was kept; LifeError for anything that `to_json` does not make."""
        if not isinstance(value, Mapping) or value.keys() != _MEMBERS:
            raise LifeError(f"a version has the members {sorted(_MEMBERS)}, no others")
        if not isinstance(value["kid"], str):
            raise LifeError("a version's kid is text")
        for name in _MEMBERS - {"kid"}:
            missing = name == "compromised_at" and value[name] is None
            if type(value[name]) is not int and not missing:
                raise LifeError(f"a version's {name} is a whole number: {value[name]!r:.80}")
        return cls(**value)


_MEMBERS: Final = frozenset(field.name for field in fields(Decided))
