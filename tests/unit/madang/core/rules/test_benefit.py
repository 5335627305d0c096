from collections.abc import Callable
from typing import Any

import pytest

from madang.core.encoding.strict_json import Json
from madang.core.rules.benefit import Award, award, benefit_parameters
from madang.core.rules.decision import Decision
from madang.core.rules.evaluate import decide
from madang.core.rules.model import CredentialEvidence, Truth
from madang.core.rules.parser import parse_rule

Claims = dict[str, dict[str, Any]]
Present = Callable[..., list[CredentialEvidence]]
Decide = Callable[..., Decision]


@pytest.mark.parametrize(("rent", "amount"), [(450, 200), (200, 200), (199, 199), (0, 0)])
def test_the_amount_is_capped_by_the_claim(
    decided: Decide, present: Present, claims: Claims, rent: int, amount: int
) -> None:
    claims["lease"]["rent"] = rent
    assert award(decided(present(claims))) == Award(amount, 12, once=True)


def test_a_negative_cap_is_no_amount(decided: Decide, present: Present, claims: Claims) -> None:
    claims["lease"]["rent"] = -1
    assert award(decided(present(claims))) == Award(None, 12, once=True)


def test_without_a_cap_the_amount_is_paid(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    del rule_file["benefit"]["at_most"]
    claims["lease"]["rent"] = 1
    assert award(decided(present(claims))) == Award(200, 12, once=True)


def test_nothing_is_granted_without_a_yes(
    decided: Decide, present: Present, claims: Claims
) -> None:
    assert award(decided(present(claims, lease="expired"))) is None
    claims["lease"]["rent"] = 501
    assert award(decided(present(claims))) is None


def test_a_yes_without_the_claim_that_caps_leaves_the_amount_open(
    rule_file: dict[str, Json], present: Present, claims: Claims
) -> None:
    rule_file["conditions"] = {"any": rule_file["conditions"]["all"]}
    rule = parse_rule(rule_file)
    for evidence in (present({"card": claims["card"]}), present(claims, lease="revoked")):
        decision = decide(rule, evidence, day=rule.effective_from)
        assert decision.outcome is Truth.YES
        assert award(decision) == Award(None, 12, once=True)


def test_the_figures_behind_the_benefit(decided: Decide, present: Present, claims: Claims) -> None:
    (use,) = benefit_parameters(decided(present(claims)))
    assert (use.name, use.content) == ("amount", 200)
