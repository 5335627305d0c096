"""Reads the conditions of a rule: groups, comparisons, and what stands on their right side."""

from collections.abc import Callable

from madang.core.encoding.strict_json import Json
from madang.core.rules.errors import RuleError
from madang.core.rules.model import (
    Article,
    Basis,
    Condition,
    ConditionId,
    CredentialAlias,
    GoverningDayRef,
    Group,
    GroupKind,
    Literal,
    Node,
    Operand,
    Operator,
    ParameterName,
    ParameterRef,
    PathElement,
    TextId,
)
from madang.core.rules.operators import arity, expectation
from madang.core.rules.reader import Section, shown

MAX_DEPTH = 8
"""How many groups may lie one inside the other."""
MAX_PATH = 8
"""Longest claim path, in elements."""
GOVERNING_DAY = "governing_day"
"""The word that stands for the governing day in a comparison of dates."""

_KINDS = tuple(kind.value for kind in GroupKind)
_REQUIRED = ("id", "credential", "claim", "op", "law", "text", "on_missing")
_DATED = frozenset(Operator) - {Operator.EQ, Operator.IN, Operator.EXISTS, Operator.AGE_AT}

Placed = list[tuple[Condition, str]]
"""Filled with each condition and its place, so that later checks can name it."""


def parse_group(value: Json, place: str, placed: Placed, depth: int = 1) -> Group:
    """Return a group with all that lies in it.

    Raises:
        RuleError: an unknown key, a wrong type, a word outside the closed sets, or too deep.
    """
    section = Section.of(value, place)
    if depth > MAX_DEPTH:
        raise RuleError(place, f"at most {MAX_DEPTH} groups one inside the other", "one more")
    words = [word for word in _KINDS if word in section.members]
    if len(words) != 1 or len(section.members) != 1:
        raise RuleError(place, f"one of {', '.join(_KINDS)} alone", ", ".join(section.members))
    kind = GroupKind(words[0])
    if kind is GroupKind.AT_LEAST:
        return _at_least(section.child(kind), placed, depth)
    return Group(kind, _members(section, kind, placed, depth))


def parse_path(section: Section, key: str) -> tuple[PathElement, ...]:
    """Return a claim path: names, and parameters to be filled in for the day."""
    elements = section.list(key)
    if len(elements) > MAX_PATH:
        raise section.error(key, f"at most {MAX_PATH} elements")
    return tuple(_element(item, f"{section.at(key)}[{i}]") for i, item in enumerate(elements))


def parse_operand(value: Json, place: str) -> ParameterRef | Literal:
    """Return a whole number, or ``{"param": name}``."""
    if isinstance(value, dict):
        return _reference(value, place)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RuleError(place, 'a whole number or {"param": name}', shown(value))
    return Literal(value)


def _at_least(section: Section, placed: Placed, depth: int) -> Group:
    section.only(("n", "of"))
    members = _members(section, "of", placed, depth)
    count = section.get("n")
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= len(members):
        raise section.error("n", f"a whole number from 1 to {len(members)}")
    return Group(GroupKind.AT_LEAST, members, count)


def _members(section: Section, key: str, placed: Placed, depth: int) -> tuple[Node, ...]:
    return tuple(_node(entry, placed, depth) for entry in section.entries(key))


def _node(section: Section, placed: Placed, depth: int) -> Node:
    if any(word in section.members for word in _KINDS):
        return parse_group(dict(section.members), section.place, placed, depth + 1)
    condition = _condition(section)
    placed.append((condition, section.place))
    return condition


def _condition(section: Section) -> Condition:
    section.only(_REQUIRED, ("value", "param"))
    operator = section.choice("op", Operator, tuple(Operator))
    law = section.child("law")
    law.only(("article", "source", "basis"))
    return Condition(
        id=ConditionId(section.identifier("id")),
        credential=CredentialAlias(section.identifier("credential")),
        claim=parse_path(section, "claim"),
        operator=operator,
        operands=_operands(section, operator),
        law=Article(
            law.text("article"),
            law.text("source"),
            law.choice("basis", Basis, tuple(Basis)),
        ),
        text=TextId(section.identifier("text")),
        on_missing=TextId(section.identifier("on_missing")),
    )


def _operands(section: Section, operator: Operator) -> tuple[Operand, ...]:
    given = [key for key in ("value", "param") if key in section.members]
    if len(given) != (0 if operator is Operator.EXISTS else 1):
        expected = expectation(operator) if operator is Operator.EXISTS else "either value or param"
        raise RuleError(section.at("op"), expected, " and ".join(given) or "neither")
    if not given:
        return ()
    read = _literal if given == ["value"] else _named
    return _spread(section, given[0], operator, read)


def _spread(
    section: Section, key: str, operator: Operator, read: Callable[[Json, str, Operator], Operand]
) -> tuple[Operand, ...]:
    """Read one operand, or the two of a range."""
    value, wanted = section.get(key), arity(operator)
    if wanted == 1:
        return (read(value, section.at(key), operator),)
    if not isinstance(value, list) or len(value) != wanted:
        raise section.error(key, f"a list of {wanted}: {expectation(operator)}")
    return tuple(read(item, f"{section.at(key)}[{i}]", operator) for i, item in enumerate(value))


def _literal(value: Json, place: str, operator: Operator) -> Operand:
    if value == GOVERNING_DAY and operator in _DATED:
        return GoverningDayRef()
    if isinstance(value, list) and operator is Operator.IN:
        if not all(isinstance(item, str | int) for item in value):
            raise RuleError(place, expectation(operator), "a list of other things")
        return Literal(tuple(value))
    if not isinstance(value, str | int):
        raise RuleError(place, expectation(operator), shown(value))
    return Literal(value)


def _named(value: Json, place: str, _operator: Operator) -> Operand:
    if not isinstance(value, str):
        raise RuleError(place, "the name of a parameter", shown(value))
    return ParameterRef(ParameterName(value))


def _element(value: Json, place: str) -> PathElement:
    if isinstance(value, dict):
        return _reference(value, place)
    if not isinstance(value, str) or not value:
        raise RuleError(place, 'the name of a claim or {"param": name}', shown(value))
    return value


def _reference(value: Json, place: str) -> ParameterRef:
    section = Section.of(value, place)
    section.only(("param",))
    return ParameterRef(ParameterName(section.identifier("param")))
