"""Reads the JSON objects of the catalogue key by key; every complaint names file and key."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.catalog.certificate_type import LANGUAGES, MORE_LANGUAGES, Texts
from madang.core.catalog.errors import CatalogError
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json

MAX_FILE_BYTES = 200_000
"""Largest accepted file of the catalogue."""
SHOWN_CHARACTERS = 60
"""Longest value that a message repeats."""
_ABSENT = object()
_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a fraction",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def kind(value: object) -> str:
    """Return what a JSON value is, in words and without the value."""
    if value is _ABSENT:
        return "nothing"
    return _KINDS.get(type(value), "null")


def shown(value: object) -> str:
    """Return a JSON value for a message about a file: scalars as they stand, the rest by kind."""
    scalar = isinstance(value, str | int) and not isinstance(value, bool)
    return repr(value) if scalar and len(str(value)) <= SHOWN_CHARACTERS else kind(value)


def load(files: Mapping[str, bytes], folder: str, name: str) -> "Node":
    """Return a file's JSON object.

    Raises:
        CatalogError: the file is absent, too large, not strict JSON, or no object.
    """
    file = f"{folder}/{name}" if folder else name
    if name not in files:
        raise CatalogError(file, "", "the file", "nothing")
    try:
        value = strict_json.loads(files[name], max_bytes=MAX_FILE_BYTES)
    except EncodingError as error:
        raise CatalogError(file, "", "strict JSON", str(error)) from error
    if not isinstance(value, dict):
        raise CatalogError(file, "", "an object", kind(value))
    return Node(file, "", value)


@dataclass(frozen=True, slots=True)
class Node:
    """One object of a file: ``key`` is its place, ``members`` are its contents."""

    file: str
    key: str
    members: Mapping[str, Json]

    def place(self, key: str) -> str:
        """Return a member's place inside the file."""
        return f"{self.key}.{key}" if self.key else key

    def error(self, key: str, expected: str, found: str) -> CatalogError:
        """Return (not raise) the error about a member."""
        return CatalogError(self.file, self.place(key), expected, found)

    def only(self, *allowed: str) -> None:
        """Refuse members that nobody reads: mostly a slip in spelling."""
        for key in self.members:
            if key not in allowed:
                raise self.error(key, f"only {', '.join(allowed)}", "a key that is not known")

    def text(self, key: str) -> str:
        """Return a string that is not empty."""
        value = self.members.get(key, _ABSENT)
        if not isinstance(value, str) or not value.strip():
            found = "an empty string" if isinstance(value, str) else kind(value)
            raise self.error(key, "a text", found)
        return value

    def matching(self, key: str, pattern: str, expected: str) -> str:
        """Return a string that the whole pattern fits."""
        value = self.text(key)
        if re.fullmatch(pattern, value) is None:
            raise self.error(key, expected, shown(value))
        return value

    def integer(self, key: str, minimum: int, maximum: int) -> int:
        """Return a whole number within bounds, both included."""
        value = self.members.get(key, _ABSENT)
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            expected = f"a whole number from {minimum} to {maximum}"
            raise self.error(key, expected, shown(value))
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean."""
        value = self.members.get(key, _ABSENT)
        if not isinstance(value, bool):
            raise self.error(key, "true or false", shown(value))
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """Return a string of a closed set."""
        value = self.members.get(key, _ABSENT)
        if not isinstance(value, str) or value not in allowed:
            raise self.error(key, f"one of {', '.join(allowed)}", shown(value))
        return value

    def child(self, key: str) -> "Node":
        """Return a member that is an object."""
        value = self.members.get(key, _ABSENT)
        if not isinstance(value, dict):
            raise self.error(key, "an object", kind(value))
        return Node(self.file, self.place(key), value)

    def array(self, key: str, *, may_be_empty: bool = False) -> list[Json]:
        """Return a member that is an array, with at least one element unless it is said."""
        value = self.members.get(key, _ABSENT)
        if not isinstance(value, list) or not (value or may_be_empty):
            found = "an empty array" if isinstance(value, list) else kind(value)
            raise self.error(key, "an array with at least one element", found)
        return value

    def children(self, key: str) -> tuple["Node", ...]:
        """Return the elements of an array of objects."""
        nodes = []
        for index, value in enumerate(self.array(key)):
            if not isinstance(value, dict):
                raise self.error(f"{key}[{index}]", "an object", kind(value))
            nodes.append(Node(self.file, self.place(f"{key}[{index}]"), value))
        return tuple(nodes)

    def strings(self, key: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """Return an array of different strings, each of a closed set."""
        found: list[str] = []
        for index, value in enumerate(self.array(key)):
            if not isinstance(value, str) or value not in allowed or value in found:
                expected = f"one of {', '.join(allowed)}, each once"
                raise self.error(f"{key}[{index}]", expected, shown(value))
            found.append(value)
        return tuple(found)

    def texts(self, key: str) -> Texts:
        """Return a text in every official language, and in others of the known ones."""
        node = self.child(key)
        node.only(*LANGUAGES, *MORE_LANGUAGES)
        return {tag: node.text(tag) for tag in dict.fromkeys((*LANGUAGES, *node.members))}
