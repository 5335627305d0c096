"""What superiors in a federation demand of metadata (OpenID Federation 1.0, 6.1).

Policies are read, merged from the anchor downward, and applied to what an entity says of itself.
Merging never permits more than before. Where an operator meets a type of value that it is not made
for, and where two superiors contradict each other, there is no result.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias, TypeVar

from madang.core.encoding.strict_json import Json
from madang.core.protocol.openid.errors import OpenIdError

T = TypeVar("T")
Metadata: TypeAlias = Mapping[str, Mapping[str, Json]]
"""Parameters by entity type. None is no value of one (section 5)."""
Operators: TypeAlias = Mapping[str, Json]
Policy: TypeAlias = Mapping[str, Mapping[str, Operators]]
"""By entity type and parameter the operators that are known here."""
MAX_CHARS: Final = 20_000
SCOPE: Final = "scope"
"""The one parameter whose text is a set of words (section 6.1.3.1.8)."""
_BESIDE_ONE_OF: Final = {"value", "default", "one_of", "essential"}
_WITHIN: Final = (
    ("add", "value"),
    ("value", "subset_of"),
    ("superset_of", "value"),
    ("add", "subset_of"),
    ("superset_of", "subset_of"),
)
"""Whose values have to be among whose."""


def read_policy(value: object) -> Policy:
    """Read a ``metadata_policy``; operators that are not known are left out (section 6.1.3.2).

    Raises:
        OpenIdError: ``metadata_policy``, also for operators that cannot stand together, and for a
            policy of more than MAX_CHARS.
    """
    if (chars := len(_sorted(value))) > MAX_CHARS:
        raise _refused(f"{chars} characters; at most {MAX_CHARS} are accepted")
    return {
        kind: {name: _read(name, each) for name, each in _object(parameters).items()}
        for kind, parameters in _object(value).items()
    }


def merge(above: Policy, below: Policy) -> Policy:
    """Return the policy of a superior together with that of one below it (section 6.1.4.1).

    Raises:
        OpenIdError: ``metadata_policy`` where they contradict each other.
    """
    return _joined(above, below, lambda _, one, other: _joined(one, other, _merged))


def apply_policy(policy: Policy, metadata: Metadata) -> Metadata:
    """Return what a policy leaves of metadata (section 6.1.4.2).

    Raises:
        OpenIdError: ``metadata_policy`` for metadata that it forbids.
    """
    return {kind: _kept(policy.get(kind, {}), own) for kind, own in metadata.items()}


def _read(parameter: str, value: Json) -> Operators:
    told = {name: each for name, each in _object(value).items() if name in _OPERATORS}
    if parameter == SCOPE:
        told = {name: _words(each) for name, each in told.items()}
    return _checked({name: _OPERATORS[name].read(each) for name, each in told.items()})


def _merged(_: str, above: Operators, below: Operators) -> Operators:
    return _checked(_joined(above, below, lambda name, *both: _OPERATORS[name].merge(*both)))


def _joined(
    above: Mapping[str, T], below: Mapping[str, T], both: Callable[[str, T, T], T]
) -> dict[str, T]:
    """Return the members of two objects; `both` makes one of those that are in each."""
    own = {
        name: both(name, above[name], each) if name in above else each
        for name, each in below.items()
    }
    return {**above, **own}


def _kept(policies: Mapping[str, Operators], own: Mapping[str, Json]) -> Mapping[str, Json]:
    made = {name: _made(name, told, own.get(name)) for name, told in policies.items()}
    return {name: each for name, each in {**own, **made}.items() if each is not None}


def _made(parameter: str, told: Operators, value: Json) -> Json:
    if parameter == SCOPE:
        value = _words(value)
    for name, operator in _OPERATORS.items():
        if name in told:
            value = operator.apply(told[name], value)
    return _text_of_words(value) if parameter == SCOPE and isinstance(value, list) else value


def _checked(told: Operators) -> Operators:
    """Return the operators of a parameter that can stand together (section 6.1.3.1)."""
    if "one_of" in told and not told.keys() <= _BESIDE_ONE_OF:
        raise _refused("one_of stands beside value, default and essential only")
    if told.get("value", ()) is None and ("default" in told or told.get("essential", False)):
        raise _refused("value removes what default or essential demands")
    if {"value", "one_of"} <= told.keys() and not _within([told["value"]], told["one_of"]):
        raise _refused("value is not among one_of")
    for part, whole in _WITHIN:
        if {part, whole} <= told.keys() and not _within(told[part], told[whole]):
            raise _refused(f"{part} and {whole} cannot both be kept")
    return told


# --- values


def _object(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise _refused("an object of objects of objects was expected")
    return value


def _members(value: Json) -> dict[str, Json]:
    """Return the elements of a set, each once, by what tells it from others."""
    if not isinstance(value, list):
        raise _refused("an array was expected")
    if not all(type(each) in (str, int, float, dict) for each in value):
        raise _refused("an array of text, numbers or objects was expected")
    return {_identity(each): each for each in value}


def _identity(value: Json) -> str:
    """Tell values apart: true is not 1, and 1.0 is not 1 either, which is on the strict side."""
    return f'"{value}' if isinstance(value, str) else _sorted(value)


_sorted: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""Only text begins with a quotation mark."""


def _within(part: Json, whole: Json) -> bool:
    return _members(part).keys() <= _members(whole).keys()


def _words(value: Json) -> Json:
    return value.split() if isinstance(value, str) else value


def _text_of_words(value: list[Json]) -> str:
    if not all(isinstance(each, str) and each.split() == [each] for each in value):
        raise _refused("scope holds something else than words")
    return " ".join(value)


# --- operators: how each is read, merged and applied


def _any(told: Json) -> Json:
    return told


def _not_null(told: Json) -> Json:
    if told is None:
        raise _refused("default is null")
    return told


def _set(told: Json) -> Json:
    return [*_members(told).values()]


def _choice(told: Json) -> Json:
    if not _members(told):
        raise _refused("one_of leaves no choice")
    return _set(told)


def _boolean(told: Json) -> Json:
    if not isinstance(told, bool):
        raise _refused("essential is true or false")
    return told


def _equal(above: Json, below: Json) -> Json:
    if _identity(above) != _identity(below):
        raise _refused("two superiors set different values")
    return above


def _union(above: Json, below: Json) -> Json:
    return [*(_members(above) | _members(below)).values()]


def _common(above: Json, below: Json) -> Json:
    known = _members(below)
    return [each for name, each in _members(above).items() if name in known]


def _common_choice(above: Json, below: Json) -> Json:
    return _choice(_common(above, below))


def _either(above: Json, below: Json) -> Json:
    return above or below


def _assign(told: Json, _: Json) -> Json:
    return told


def _add(told: Json, value: Json) -> Json:
    own = [] if value is None else value
    known = _members(own)
    return [*own, *(each for each in told if _identity(each) not in known)]


def _default(told: Json, value: Json) -> Json:
    return told if value is None else value


def _one_of(told: Json, value: Json) -> Json:
    if value is not None and not _within([value], told):
        raise _refused("a parameter has another value than one_of permits")
    return value


def _subset_of(told: Json, value: Json) -> Json:
    if value is None:
        return None
    _members(value)
    known = _members(told)
    return [each for each in value if _identity(each) in known]


def _superset_of(told: Json, value: Json) -> Json:
    if value is not None and not _within(told, value):
        raise _refused("a parameter lacks a value that superset_of demands")
    return value


def _essential(told: Json, value: Json) -> Json:
    if told and value is None:
        raise _refused("a parameter is missing that is essential")
    return value


class _Operator(NamedTuple):
    read: Callable[[Json], Json]
    merge: Callable[[Json, Json], Json]
    apply: Callable[[Json, Json], Json]


_OPERATORS: Final[Mapping[str, _Operator]] = {
    "value": _Operator(_any, _equal, _assign),
    "add": _Operator(_set, _union, _add),
    "default": _Operator(_not_null, _equal, _default),
    "one_of": _Operator(_choice, _common_choice, _one_of),
    "subset_of": _Operator(_set, _common, _subset_of),
    "superset_of": _Operator(_set, _union, _superset_of),
    "essential": _Operator(_boolean, _either, _essential),
}
OPERATORS: Final = tuple(_OPERATORS)
"""In the order of application."""


def _refused(reason: str) -> OpenIdError:
    return OpenIdError("metadata_policy", reason)
