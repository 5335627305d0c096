"""Claims path pointers into JSON credentials (OpenID4VP 1.0 section 7)."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

ClaimsPath: TypeAlias = tuple[str | int | None, ...]
"""Member names, array indexes from zero, and ``None`` for all elements of an array."""

Located: TypeAlias = tuple[ClaimsPath, object]
"""A selected element and the path that leads to it alone (no ``None`` in it)."""


class _NotSelectable(Exception):  # noqa: N818  # a jump out of the walk, never seen outside
    pass


def locate(document: Mapping[str, object], path: ClaimsPath) -> tuple[Located, ...]:
    """Select the elements a path points at (section 7.1.1).

    Returns:
        Each element with its own path; empty where the specification aborts with an error.
    """
    selected: list[Located] = [((), document)]
    try:
        for component in path:
            selected = [found for here in selected for found in _step(here, component)]
    except _NotSelectable:
        return ()
    return tuple(selected)


def _step(here: Located, component: str | int | None) -> Iterator[Located]:
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
    elif 0 <= component < len(value):
        yield (*place, component), value[component]


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
