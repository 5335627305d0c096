"""Decides: a rule, the evidence, a day, and out of them yes, no or unknown with every reason.

A rule is compiled once per day into one reader per condition and one fold per group; deciding is
then a walk over tuples. Nothing here raises for what a person presents.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from madang.core.rules.decision import Asked, Decision, Row
from madang.core.rules.kleene import NO, UNKNOWN, YES, fold
from madang.core.rules.model import (
    Condition,
    ConditionId,
    CredentialAlias,
    CredentialEvidence,
    Node,
    Operator,
    Reason,
    Rule,
    Truth,
)
from madang.core.rules.operators import BROKEN, Resolved, Test, build
from madang.core.rules.resolve import (
    conditions_of,
    operand_on,
    parameter_on,
    path_on,
    references_of,
    require_in_force,
)

PLANS_KEPT = 256
"""How many compiled pairs of rule and day are kept."""

Claims = Mapping[str, object]
Leaf = Callable[[Sequence[Claims], Sequence[Reason]], Row]
Fold = Callable[[Sequence[Row]], Truth]

_ABSENT = object()
_row = tuple.__new__  # a Row without the detour over its keyword arguments
_NOTHING: Claims = {}
_REFUSALS = {
    "expired": Reason.EXPIRED,
    "revoked": Reason.REVOKED,
    "suspended": Reason.SUSPENDED,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule compiled for one day."""

    needs: tuple[tuple[str, frozenset[str] | None], ...]
    leaves: tuple[Leaf, ...]
    outcome: Fold


def decide(rule: Rule, evidence: Sequence[CredentialEvidence], *, day: date) -> Decision:
    """Return what a rule says of the evidence.

    Args:
        rule: a rule in force on the day.
        evidence: verified presentations, in any order; types that the rule does not ask for are
            not read; two of one type settle nothing, since nobody may choose between them.
        day: the governing day (application, birth or notice, as the rule says), in its zone.

    Raises:
        RuleError: the rule is not in force on the day, or a parameter has no value for it.
    """
    plan = compile_rule(rule, day)
    presented: dict[str, CredentialEvidence | None] = {}
    for item in evidence:
        presented[item.type_id] = None if item.type_id in presented else item
    claims: list[Claims] = []
    absences: list[Reason] = []
    for type_id, issuers in plan.needs:
        absence = _absence(presented, type_id, issuers)
        found = presented.get(type_id)
        claims.append(found.claims if found and absence is Reason.MISSING else _NOTHING)
        absences.append(absence)
    rows = tuple([leaf(claims, absences) for leaf in plan.leaves])
    return Decision(
        rule,
        day,
        plan.outcome(rows),
        rows,
        tuple([presented.get(type_id) for type_id, _ in plan.needs]),
        tuple(absences),
    )


@lru_cache(maxsize=PLANS_KEPT)
def compile_rule(rule: Rule, day: date) -> Plan:
    """Return the plan of a rule for a day; errors as of `decide`."""
    require_in_force(rule, day)
    position = {need.alias: index for index, need in enumerate(rule.credentials)}
    asked = asked_on(rule, day)
    order = {item.condition.id: index for index, item in enumerate(asked)}
    return Plan(
        needs=tuple((need.type_id, need.issuers) for need in rule.credentials),
        leaves=tuple(_leaf(rule, item, position[item.condition.credential], day) for item in asked),
        outcome=_fold(rule.conditions, order),
    )


def asked_on(rule: Rule, day: date) -> tuple[Asked, ...]:
    """Return the conditions of a rule as they stand on a day; errors as of `decide`."""
    types = {need.alias: need.type_id for need in rule.credentials}
    return tuple(
        _asked(rule, condition, types, day) for condition in conditions_of(rule.conditions)
    )


def claim_at(claims: Claims, path: tuple[str, ...]) -> object:
    """Return the claim at a path, or a mark when it is not there (`is_absent`).

    A path that leads through something else than an object is not a missing claim but one of the
    wrong type: it gives `BROKEN`.
    """
    found: object = claims
    for element in path:
        if type(found) is not dict and not isinstance(found, Mapping):
            return BROKEN
        found = found.get(element, _ABSENT)
        if found is _ABSENT:
            return _ABSENT
    return found


def is_absent(value: object) -> bool:
    """Say whether `claim_at` found nothing."""
    return value is _ABSENT


def _asked(
    rule: Rule, condition: Condition, types: Mapping[CredentialAlias, str], day: date
) -> Asked:
    uses = tuple(parameter_on(rule, name, day) for name in references_of(condition))
    doubtful = condition.law.basis.unconfirmed or any(use.dated.basis.unconfirmed for use in uses)
    path = path_on(rule, condition.claim, day)
    return Asked(condition, types[condition.credential], path, uses, doubtful)


def _absence(
    presented: Mapping[str, CredentialEvidence | None],
    type_id: str,
    issuers: frozenset[str] | None,
) -> Reason:
    """Return why a claim of a certificate would not be there; MISSING for one in good order."""
    if type_id not in presented:
        return Reason.MISSING
    found = presented[type_id]
    if found is None:
        return Reason.AMBIGUOUS
    if issuers is not None and found.issuer not in issuers:
        return Reason.UNTRUSTED
    if found.status == "valid":
        return Reason.MISSING
    return _REFUSALS.get(found.status, Reason.UNTRUSTED)


def _leaf(rule: Rule, asked: Asked, index: int, day: date) -> Leaf:
    """Return the reader of one condition; rows that carry no value are made once."""
    condition = asked.condition
    operands = tuple(operand_on(rule, operand, day) for operand in condition.operands)
    test: Test = build(condition.operator, operands, day)
    unknown = {reason: Row(asked, UNKNOWN, reason, None) for reason in Reason}
    wrong = unknown[Reason.WRONG_TYPE]
    yes, no = _known(asked, operands)
    first, path = asked.path[0], asked.path
    nested = len(path) > 1

    def read(claims: Sequence[Claims], absences: Sequence[Reason]) -> Row:
        held = claims[index]
        value = claim_at(held, path) if nested else held.get(first, _ABSENT)
        if value is _ABSENT:
            return unknown[absences[index]]
        answer = test(value)
        if answer is None:
            return wrong
        known = yes if answer else no
        return known or _row(Row, (asked, YES if answer else NO, None, value))

    return read


def _known(asked: Asked, operands: tuple[Resolved, ...]) -> tuple[Row | None, Row | None]:
    """Return the yes and the no that are the same whatever the claim holds."""
    condition = asked.condition
    if condition.predicate or condition.operator is Operator.EXISTS:
        return Row(asked, YES, None, None), Row(asked, NO, None, None)
    equal = condition.operator is Operator.EQ
    return (Row(asked, YES, None, operands[0]) if equal else None), None


def _fold(node: Node, order: Mapping[ConditionId, int]) -> Fold:
    if isinstance(node, Condition):
        index = order[node.id]
        return lambda rows: rows[index].result
    leaves = [member for member in node.members if isinstance(member, Condition)]
    if len(leaves) == len(node.members):
        low, high = order[leaves[0].id], order[leaves[-1].id] + 1
        return lambda rows: fold(node.kind, node.count, [row.result for row in rows[low:high]])
    members = tuple(_fold(member, order) for member in node.members)
    return lambda rows: fold(node.kind, node.count, [member(rows) for member in members])
