"""Reads JSON objects key by key, as a closed JSON Schema would; every complaint names its place."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from madang.core.encoding.strict_json import Json
from madang.core.rules.errors import RuleError
from madang.core.rules.operators import day_of, text

T = TypeVar("T")

IDENTIFIER = "[a-z][a-z0-9_]{0,63}"
"""Form of every id inside a rule; it is also a DCQL id (OpenID4VP 1.0 section 6.1)."""
MAX_NESTING = 32
"""How deep objects and lists may lie in one another, as in `strict_json`."""
SHOWN_CHARACTERS = 60
"""Longest value that a message repeats."""
_ABSENT = object()


def shown(value: object) -> str:
    """Return what stands in a file, for a message: short scalars as they are, the rest by kind."""
    if value is _ABSENT:
        return "nothing"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, float):
        return f"the fraction {value}"
    return repr(value) if len(str(value)) <= SHOWN_CHARACTERS else "a long value"


def refuse_fractions(value: Json, place: str = "$", depth: int = 0) -> None:
    """Raise RuleError at the first fraction: amounts are whole won, shares are whole percent.

    A document that nests deeper than `MAX_NESTING` is refused as well.
    """
    if depth > MAX_NESTING:
        raise RuleError("$", f"at most {MAX_NESTING} objects and lists in one another", "more")
    if isinstance(value, float):
        raise RuleError(place, "a whole number, since rules hold no fractions", shown(value))
    if isinstance(value, dict):
        for key, member in value.items():
            refuse_fractions(member, f"{place}.{key}", depth + 1)
    if isinstance(value, list):
        for index, member in enumerate(value):
            refuse_fractions(member, f"{place}[{index}]", depth + 1)


@dataclass(frozen=True, slots=True)
class Section:
    """One object of a file: where it stands, and its members."""

    place: str
    members: Mapping[str, Json]

    @classmethod
    def of(cls, value: Json, place: str = "$") -> "Section":
        """Return the section of a value that has to be an object."""
        if not isinstance(value, dict):
            raise RuleError(place, "an object", shown(value))
        return cls(place, value)

    def at(self, key: str) -> str:
        """Return the place of a member."""
        return f"{self.place}.{key}"

    def error(self, key: str, expected: str) -> RuleError:
        """Return (not raise) the error about a member."""
        return RuleError(self.at(key), expected, shown(self.get(key)))

    def get(self, key: str) -> Json:
        """Return a member as it is, or a mark that is no JSON value."""
        return self.members.get(key, _ABSENT)

    def only(self, required: Iterable[str], optional: Iterable[str] = ()) -> None:
        """Refuse keys that are not known and ask for those that have to be there."""
        needed, allowed = tuple(required), (*required, *optional)
        for key in self.members:
            if key not in allowed:
                raise RuleError(self.at(key), f"only {', '.join(allowed)}", "a key not known here")
        for key in needed:
            if key not in self.members:
                raise self.error(key, "a value")

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = text(self.get(key))
        if value is None or not value.strip():
            raise self.error(key, "a text that is not empty")
        return value

    def identifier(self, key: str) -> str:
        """Return an id of lower-case letters, digits and underscores."""
        value = self.get(key)
        if not isinstance(value, str) or re.fullmatch(IDENTIFIER, value) is None:
            raise self.error(key, "an id of lower-case letters, digits and _, letter first")
        return value

    def choice(self, key: str, kind: Callable[[str], T], allowed: Iterable[str]) -> T:
        """Return a member of a closed set as its enumeration."""
        value = self.get(key)
        if not isinstance(value, str) or value not in tuple(allowed):
            raise self.error(key, f"one of {', '.join(allowed)}")
        return kind(value)

    def day(self, key: str) -> date:
        """Return a calendar day."""
        value = day_of(self.get(key))
        if value is None:
            raise self.error(key, "a date YYYY-MM-DD")
        return value

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.get(key)
        if not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def child(self, key: str) -> "Section":
        """Return a member that is an object."""
        return Section.of(self.get(key), self.at(key))

    def list(self, key: str) -> list[Json]:
        """Return a member that is a list with at least one element."""
        value = self.get(key)
        if not isinstance(value, list) or not value:
            raise self.error(key, "a list with at least one element")
        return value

    def entries(self, key: str) -> Iterator["Section"]:
        """Yield the elements of a list of objects."""
        for index, value in enumerate(self.list(key)):
            yield Section.of(value, f"{self.at(key)}[{index}]")

    def named(self, key: str) -> Iterator[tuple[str, "Section"]]:
        """Yield the members of an object whose keys are ids, with the section that holds each."""
        section = self.child(key)
        if not section.members:
            raise RuleError(section.place, "at least one member", "an empty object")
        for name in section.members:
            if re.fullmatch(IDENTIFIER, name) is None:
                raise RuleError(section.at(name), "an id as key", shown(name))
            yield name, section
