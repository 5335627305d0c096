"""What a yes brings in money."""

from dataclasses import dataclass
from datetime import date

from madang.core.rules.decision import Decision
from madang.core.rules.evaluate import claim_at
from madang.core.rules.model import Operand, ParameterRef, Rule, Truth
from madang.core.rules.operators import whole
from madang.core.rules.resolve import ParameterUse, operand_on, parameter_on, path_on


@dataclass(frozen=True, slots=True)
class Award:
    """The benefit of a decision.

    Attributes:
        amount: won per month; None when a yes came about without the claim that caps it.
        months: number of payments.
        once: whether it is granted once in a lifetime.
    """

    amount: int | None
    months: int
    once: bool


def award(decision: Decision) -> Award | None:
    """Return what a decision grants, or None when its outcome is not yes."""
    if decision.outcome is not Truth.YES:
        return None
    rule, benefit = decision.rule, decision.rule.benefit
    amount = _number(rule, benefit.amount, decision.day)
    months = _number(rule, benefit.months, decision.day)
    if benefit.at_most is None:
        return Award(amount, months, benefit.once)
    cap = _cap(decision)
    return Award(None if cap is None else min(amount, cap), months, benefit.once)


def benefit_parameters(decision: Decision) -> tuple[ParameterUse, ...]:
    """Return the dated figures that the benefit rests on."""
    operands = (decision.rule.benefit.amount, decision.rule.benefit.months)
    return tuple(
        parameter_on(decision.rule, operand.name, decision.day)
        for operand in operands
        if isinstance(operand, ParameterRef)
    )


def _number(rule: Rule, operand: Operand, day: date) -> int:
    number = whole(operand_on(rule, operand, day))
    return 0 if number is None else number


def _cap(decision: Decision) -> int | None:
    if decision.rule.benefit.at_most is None:
        return None
    alias, claim = decision.rule.benefit.at_most
    path = path_on(decision.rule, claim, decision.day)
    for standing in decision.credentials:
        if standing.alias == alias and standing.evidence and standing.refusal is None:
            found = whole(claim_at(standing.evidence.claims, path))
            return None if found is None or found < 0 else found
    return None
