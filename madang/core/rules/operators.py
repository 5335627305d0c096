"""The closed set of comparisons: what each takes, and the test that it makes.

A test answers True, False, or None when the claim has another type than the law asks for. It is
strict on purpose: ``"1"`` is not 1, ``true`` is not 1, 1.0 is not 1, and ``2025-2-1`` is no date.
"""

import operator
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from madang.core.rules.model import Operator, ParameterContent

Resolved = ParameterContent | date
"""An operand on the governing day."""
Test = Callable[[object], bool | None]
_Compare = Callable[[Any, Any], bool]

BROKEN = object()
"""Stands for a claim whose path leads through something that is no object."""
MAX_WHOLE = 2**53 - 1
"""Largest magnitude of a whole number that JSON carries safely (RFC 8785, section 3.2.2.3)."""
MAX_TEXT = 4096
"""Longest text claim that a condition reads, in characters."""
MAX_AGE = 150
"""Largest age that a rule may name, in years."""

_ISO_LENGTH = len("2025-01-31")
_ORDER: dict[Operator, _Compare] = {
    Operator.LE: operator.le,
    Operator.LT: operator.lt,
    Operator.GE: operator.ge,
    Operator.GT: operator.gt,
    Operator.BEFORE: operator.lt,
    Operator.AFTER: operator.gt,
}
_EXPECTED = {
    Operator.EQ: "one text, whole number, true or false",
    Operator.IN: "a list of different texts, or of different whole numbers",
    Operator.BETWEEN: "two whole numbers or two dates, the lower first",
    Operator.BEFORE: "one date YYYY-MM-DD or governing_day",
    Operator.AFTER: "one date YYYY-MM-DD or governing_day",
    Operator.AGE_AT: f"two ages in years from 0 to {MAX_AGE}, the lower first",
    Operator.EXISTS: "no value and no param",
}
_PAIRS = {Operator.BETWEEN, Operator.AGE_AT}
_DATES = {Operator.BEFORE, Operator.AFTER}


def whole(value: object) -> int | None:
    """Return a whole number of safe size, or None."""
    return value if type(value) is int and -MAX_WHOLE <= value <= MAX_WHOLE else None


def text(value: object) -> str | None:
    """Return a text that has a UTF-8 form and a sensible length, or None."""
    if type(value) is not str or len(value) > MAX_TEXT:
        return None
    if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    return None


def day_of(value: object) -> date | None:
    """Return the date of a ``YYYY-MM-DD`` text, or None."""
    if type(value) is not str or len(value) != _ISO_LENGTH or value[4] != "-" or value[7] != "-":
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def recordable(value: object) -> bool:
    """Say whether a claim can stand in a decision document as it is."""
    return isinstance(value, bool) or whole(value) is not None or text(value) is not None


def age_on(birth: date, day: date) -> int:
    """Return the age in completed years; who was born on 29 February ages on 1 March else."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def arity(chosen: Operator) -> int:
    """Return how many operands a comparison takes."""
    if chosen is Operator.EXISTS:
        return 0
    return 2 if chosen in _PAIRS else 1


def expectation(chosen: Operator) -> str:
    """Return in words what the operand of a comparison has to be."""
    return _EXPECTED.get(chosen, "one whole number, date YYYY-MM-DD or governing_day")


def fits(chosen: Operator, operands: tuple[Resolved, ...]) -> bool:
    """Say whether operands are of the number, types and order that a comparison needs."""
    if len(operands) != arity(chosen):
        return False
    if chosen is Operator.EXISTS:
        return True
    if chosen is Operator.EQ:
        return recordable(operands[0])
    if chosen is Operator.IN:
        return _is_list(operands[0])
    return _is_ordered(chosen, operands)


def build(chosen: Operator, operands: tuple[Resolved, ...], day: date) -> Test:
    """Return the test of a comparison whose operands fit."""
    if chosen is Operator.EXISTS:
        return _present
    if chosen is Operator.EQ:
        return _equal(operands[0])
    if chosen is Operator.IN:
        return _member(operands[0])
    if chosen is Operator.AGE_AT:
        return _age(operands, day)
    if chosen is Operator.BETWEEN:
        return _between(operands)
    return _ordered(_ORDER[chosen], operands[0])


def _is_list(operand: Resolved) -> bool:
    if not isinstance(operand, tuple) or not operand or len(set(operand)) != len(operand):
        return False
    reader = text if isinstance(operand[0], str) else whole
    return all(reader(item) is not None for item in operand)


def _is_ordered(chosen: Operator, operands: tuple[Resolved, ...]) -> bool:
    numbers = [whole(item) for item in operands]
    days = [_day(item) for item in operands]
    if chosen is Operator.AGE_AT:
        return all(n is not None and 0 <= n <= MAX_AGE for n in numbers) and _rising(numbers)
    if None not in days:
        return _rising(days)
    return chosen not in _DATES and None not in numbers and _rising(numbers)


def _rising(values: Sequence[Any]) -> bool:
    return all(a <= b for a, b in pairwise(values))


def _day(operand: Resolved) -> date | None:
    return operand if isinstance(operand, date) else day_of(operand)


def _present(value: object) -> bool | None:
    return None if value is None or value is BROKEN else True


def _equal(operand: Resolved) -> Test:
    if isinstance(operand, bool):
        return lambda value: value is operand if value is True or value is False else None
    reader = text if isinstance(operand, str) else whole
    kind = type(operand)

    def test(value: object) -> bool | None:
        if type(value) is kind and value == operand:
            return True
        return None if reader(value) is None else False

    return test


def _member(operand: Resolved) -> Test:
    members = frozenset(operand) if isinstance(operand, tuple) else frozenset()
    reader = text if all(isinstance(member, str) for member in members) else whole

    def test(value: object) -> bool | None:
        return None if reader(value) is None else value in members

    return test


def _ordered(compare: _Compare, operand: Resolved) -> Test:
    bound = _day(operand)
    reader, right = (whole, operand) if bound is None else (day_of, bound)

    def test(value: object) -> bool | None:
        left = reader(value)
        return None if left is None else compare(left, right)

    return test


def _between(operands: tuple[Resolved, ...]) -> Test:
    lower, upper = _ordered(operator.ge, operands[0]), _ordered(operator.le, operands[1])
    return lambda value: lower(value) and upper(value)


def _age(operands: tuple[Resolved, ...], day: date) -> Test:
    youngest, oldest = operands

    def test(value: object) -> bool | None:
        birth = day_of(value)
        return None if birth is None else youngest <= age_on(birth, day) <= oldest  # type: ignore[operator]  # fits() asks for ages

    return test
