"""What has to hold between the parts of a rule, on every day of its effect."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

from madang.core.rules.errors import RuleError
from madang.core.rules.model import (
    Condition,
    Operand,
    ParameterName,
    ParameterRef,
    PathElement,
    Rule,
)
from madang.core.rules.operators import Resolved, expectation, fits, text, whole
from madang.core.rules.resolve import dated_value, operand_on, references_of

MAX_CONDITIONS = 200
"""How many conditions one rule may have."""

Placed = Sequence[tuple[Condition, str]]


def check(rule: Rule, placed: Placed) -> None:
    """Check a rule whose parts are well formed; ``placed`` says where each condition stands.

    Raises:
        RuleError: at the first part that does not fit the others.
    """
    _check_effect(rule)
    _check_conditions(rule, placed)
    _check_names(rule, placed)
    _check_parameters(rule)
    _check_paths(placed)
    for day in change_days(rule):
        _check_day(rule, placed, day)
    _check_benefit(rule, placed)


def change_days(rule: Rule) -> tuple[date, ...]:
    """Return the first day of effect and each later day on which a parameter changes."""
    days = {entry.effective_from for values in rule.parameters.values() for entry in values}
    later = {day for day in days if day > rule.effective_from}
    return (rule.effective_from, *sorted(later))


def _check_effect(rule: Rule) -> None:
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        expected = f"a day from {rule.effective_from.isoformat()} on, or null"
        raise RuleError("$.effective_to", expected, rule.effective_to.isoformat())


def _check_conditions(rule: Rule, placed: Placed) -> None:
    if len(placed) > MAX_CONDITIONS:
        raise RuleError("$.conditions", f"at most {MAX_CONDITIONS} conditions", f"{len(placed)}")
    _once(((c.id, f"{place}.id") for c, place in placed), "an id used once")
    types = ((need.type_id, f"$.credentials.{need.alias}.type") for need in rule.credentials)
    _once(types, "a certificate type named once")


def _once(named: Iterable[tuple[str, str]], expected: str) -> None:
    seen = set()
    for name, place in named:
        if name in seen:
            raise RuleError(place, expected, f"{name!r} again")
        seen.add(name)


def _check_names(rule: Rule, placed: Placed) -> None:
    """Every name leads somewhere, and whatever is declared is used."""
    aliases = {need.alias for need in rule.credentials}
    for condition, place in placed:
        if condition.credential not in aliases:
            expected = f"one of {', '.join(sorted(aliases))}"
            raise RuleError(f"{place}.credential", expected, repr(condition.credential))
        for name in references_of(condition):
            _require_parameter(rule, name, place)
    used = {name for condition, _ in placed for name in references_of(condition)}
    for operand, key in ((rule.benefit.amount, "amount"), (rule.benefit.months, "months")):
        if isinstance(operand, ParameterRef):
            _require_parameter(rule, operand.name, f"$.benefit.{key}")
            used.add(operand.name)
    _require_used("parameters", rule.parameters, used)
    _require_used("credentials", aliases, {condition.credential for condition, _ in placed})


def _require_parameter(rule: Rule, name: ParameterName, place: str) -> None:
    if name not in rule.parameters:
        raise RuleError(place, f"one of {', '.join(sorted(rule.parameters))}", repr(name))


def _require_used(kind: str, declared: Iterable[str], used: AbstractSet[str]) -> None:
    for name in declared:
        if name not in used:
            raise RuleError(f"$.{kind}.{name}", "a use by a condition or the benefit", "none")


def _check_parameters(rule: Rule) -> None:
    """The first entry covers the first day; the others follow in order and within the effect."""
    for name, values in rule.parameters.items():
        if values[0].effective_from > rule.effective_from:
            expected = f"a day up to {rule.effective_from.isoformat()}"
            found = values[0].effective_from.isoformat()
            raise RuleError(f"$.parameters.{name}[0].from", expected, found)
        earliest = rule.effective_from
        for index, entry in enumerate(values[1:], start=1):
            if entry.effective_from <= earliest or not rule.covers(entry.effective_from):
                expected = f"a day after {earliest.isoformat()} and within the rule's effect"
                found = entry.effective_from.isoformat()
                raise RuleError(f"$.parameters.{name}[{index}].from", expected, found)
            earliest = entry.effective_from


def _check_paths(placed: Placed) -> None:
    """No claim lies inside another one: a decision document could not hold both."""
    for condition, place in placed:
        for other, _ in placed:
            if other.credential == condition.credential and _inside(condition.claim, other.claim):
                expected = f"a claim that does not lie inside that of {other.id!r}"
                raise RuleError(f"{place}.claim", expected, "one that does")


def _inside(claim: tuple[PathElement, ...], other: tuple[PathElement, ...]) -> bool:
    return len(claim) > len(other) and all(
        a == b or isinstance(a, ParameterRef) or isinstance(b, ParameterRef)
        for a, b in zip(claim, other, strict=False)
    )


def _check_day(rule: Rule, placed: Placed, day: date) -> None:
    """Operands have the types that their comparisons need, with the values of one day."""
    for condition, place in placed:
        if any(_withheld(rule, name, day) for name in references_of(condition)):
            continue
        operands = tuple(operand_on(rule, operand, day) for operand in condition.operands)
        if not fits(condition.operator, operands):
            found = f"what does not fit on {day.isoformat()}"
            raise RuleError(f"{place}.op", expectation(condition.operator), found)
        for index, element in enumerate(condition.claim):
            if isinstance(element, ParameterRef) and not _is_name(operand_on(rule, element, day)):
                found = f"{element.name!r}, which is none on {day.isoformat()}"
                raise RuleError(f"{place}.claim[{index}]", "a text or a whole number", found)


def _is_name(value: Resolved) -> bool:
    return whole(value) is not None or bool(text(value))


def _withheld(rule: Rule, name: ParameterName, day: date) -> bool:
    entry = dated_value(rule, name, day)
    return entry is None or entry.value is None


def _check_benefit(rule: Rule, placed: Placed) -> None:
    benefit = rule.benefit
    for operand, key in ((benefit.amount, "amount"), (benefit.months, "months")):
        for value in _values(rule, operand):
            number = whole(value)
            if number is None or number < 1:
                raise RuleError(f"$.benefit.{key}", "a whole number from 1", repr(value))
    asked = {(condition.credential, condition.claim) for condition, _ in placed}
    if benefit.at_most is not None and benefit.at_most not in asked:
        raise RuleError("$.benefit.at_most", "a claim that a condition reads", "another")


def _values(rule: Rule, operand: Operand) -> list[object]:
    if isinstance(operand, ParameterRef):
        values = rule.parameters[operand.name]
        return [entry.value for entry in values if entry.value is not None]
    return [getattr(operand, "value", None)]
