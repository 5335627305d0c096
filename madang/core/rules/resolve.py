"""Turns the dated parts of a rule into what they are on one day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from madang.core.rules.errors import RuleError
from madang.core.rules.model import (
    Condition,
    GoverningDayRef,
    Group,
    Literal,
    Node,
    Operand,
    ParameterContent,
    ParameterName,
    ParameterRef,
    ParameterValue,
    PathElement,
    Rule,
)
from madang.core.rules.operators import Resolved


@dataclass(frozen=True, slots=True)
class ParameterUse:
    """A parameter with the value that it has on the governing day."""

    name: ParameterName
    content: ParameterContent
    dated: ParameterValue


def conditions_of(node: Node) -> Iterator[Condition]:
    """Yield the conditions below a node in the order of the document."""
    if isinstance(node, Condition):
        yield node
        return
    for member in node.members:
        yield from conditions_of(member)


def depth_of(node: Node) -> int:
    """Return how many groups lie one inside the other."""
    return 1 + max(map(depth_of, node.members)) if isinstance(node, Group) else 0


def references_of(condition: Condition) -> tuple[ParameterName, ...]:
    """Return the parameters that a condition names, each once."""
    parts = (*condition.claim, *condition.operands)
    return tuple(dict.fromkeys(part.name for part in parts if isinstance(part, ParameterRef)))


def dated_value(rule: Rule, name: ParameterName, day: date) -> ParameterValue | None:
    """Return the entry of a parameter that counts on a day, or None before the first."""
    past = [entry for entry in rule.parameters[name] if entry.effective_from <= day]
    return past[-1] if past else None


def parameter_on(rule: Rule, name: ParameterName, day: date) -> ParameterUse:
    """Return a parameter as it stands on a day.

    Raises:
        RuleError: nobody has given a value for that day; no older one is used in its place.
    """
    dated = dated_value(rule, name, day)
    if dated is None or dated.value is None:
        raise RuleError(f"$.parameters.{name}", f"a value for {day.isoformat()}", "none yet")
    return ParameterUse(name, dated.value, dated)


def operand_on(rule: Rule, operand: Operand, day: date) -> Resolved:
    """Return an operand's value on a day; errors as of `parameter_on`."""
    match operand:
        case ParameterRef(name):
            return parameter_on(rule, name, day).content
        case GoverningDayRef():
            return day
        case Literal(value):
            return value


def path_on(rule: Rule, claim: tuple[PathElement, ...], day: date) -> tuple[str, ...]:
    """Return a claim path with its parameters filled in; errors as of `parameter_on`."""
    return tuple(
        str(parameter_on(rule, element.name, day).content)
        if isinstance(element, ParameterRef)
        else element
        for element in claim
    )


def require_in_force(rule: Rule, day: date) -> None:
    """Raise RuleError when a rule is asked about a day that it does not govern."""
    if not rule.covers(day):
        end = rule.effective_to.isoformat() if rule.effective_to else "further notice"
        expected = f"a day from {rule.effective_from.isoformat()} to {end}"
        raise RuleError(f"{rule.programme} {rule.version}", expected, day.isoformat())
