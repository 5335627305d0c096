"""Claims path pointers into JSON credentials (OpenID4VP 1.0 section 7)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

ClaimsPath: TypeAlias = tuple[str | int | None, ...]
"""Member names, array indexes from zero, and ``None`` for all elements of an array."""

Located: TypeAlias = tuple[ClaimsPath, object]
"""A selected element and the path that leads to it alone (no ``None`` in it)."""


Positions: TypeAlias = Mapping[ClaimsPath, tuple[int, ...]]
"""Of arrays of which only a part was disclosed: where each element stands among all that were
signed. An index in a query counts all elements, and the holder alone knows which digests between
them are decoys, so an element may be meant by every index from its own to its place."""

_ALL_DISCLOSED: Final[Positions] = MappingProxyType({})


class _NotSelectable(Exception):  # noqa: N818  # a jump out of the walk, never seen outside
    pass


def locate(
    document: Mapping[str, object], path: ClaimsPath, positions: Positions = _ALL_DISCLOSED
) -> tuple[Located, ...]:
    """Select the elements a path points at (section 7.1.1).

    Args:
        document: a credential's claims.
        path: a claims path pointer.
        positions: of arrays that were disclosed in part.

    Returns:
        Each element with its own path; empty where the specification aborts with an error.
    """
    value: object = document
    for walked, name in enumerate(path):
        if not isinstance(name, str) or not isinstance(value, dict):
            return _located((path[:walked], value), path[walked:], positions)
        if name not in value:
            return ()
        value = value[name]
    return ((path, value),)


def _located(start: Located, path: ClaimsPath, positions: Positions) -> tuple[Located, ...]:
    """Select from a place on, where a path may lead to several."""
    selected = [start]
    try:
        for component in path:
            selected = [found for here in selected for found in _step(here, component, positions)]
    except _NotSelectable:
        return ()
    return tuple(selected)


def _step(here: Located, component: str | int | None, positions: Positions) -> Iterator[Located]:
    place, value = here
    if isinstance(component, str):
        if not isinstance(value, Mapping):
            raise _NotSelectable
        if component in value:
            yield (*place, component), value[component]
        return
    if not isinstance(value, list | tuple):
        raise _NotSelectable
    if component is None:
        yield from (((*place, index), element) for index, element in enumerate(value))
    else:
        meant = _meant(len(value), component, positions.get(place))
        yield from (((*place, index), value[index]) for index in meant)


def _meant(count: int, index: int, signed: tuple[int, ...] | None) -> Iterable[int]:
    """Return which of an array's elements an index may mean."""
    if signed is None:
        return (index,) if 0 <= index < count else ()
    return (own for own, place in enumerate(signed) if own <= index <= place)


def restrict(document: Mapping[str, object], paths: Iterable[ClaimsPath]) -> dict[str, object]:
    """Return the document with nothing but what the paths select.

    Elements that stay in an array keep their order and close up, as they do in a presentation.
    """
    keep = [place for path in paths for place, _ in locate(document, path)]
    kept = _restrict(document, keep)
    return kept if isinstance(kept, dict) else {}


def _restrict(value: object, paths: list[ClaimsPath]) -> object:
    if () in paths:
        return value
    below: dict[str | int | None, list[ClaimsPath]] = {}
    for head, *tail in paths:
        below.setdefault(head, []).append(tuple(tail))
    if isinstance(value, Mapping):
        return {name: _restrict(value[name], below[name]) for name in value if name in below}
    if isinstance(value, list | tuple):
        return [_restrict(value[i], below[i]) for i in range(len(value)) if i in below]
    return value


def show(path: ClaimsPath) -> str:
    """Write a path as the JSON array it is in a query."""
    return json.dumps(list(path), ensure_ascii=False)
