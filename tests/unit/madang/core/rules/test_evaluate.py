from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from madang.core.encoding.strict_json import Json
from madang.core.rules.decision import Decision, open_conditions
from madang.core.rules.errors import RuleError
from madang.core.rules.evaluate import claim_at, compile_rule, decide, is_absent
from madang.core.rules.model import CredentialEvidence, Reason, Truth
from madang.core.rules.operators import BROKEN
from madang.core.rules.parser import parse_rule

DAY = date(2025, 6, 1)
Claims = dict[str, dict[str, Any]]
Present = Callable[..., list[CredentialEvidence]]
Decide = Callable[..., Decision]


def reasons(decision: Decision) -> dict[str, Reason | None]:
    return {row.asked.condition.id: row.reason for row in decision.rows}


def test_somebody_who_qualifies(decided: Decide, present: Present, claims: Claims) -> None:
    decision = decided(present(claims))
    assert decision.outcome is Truth.YES
    assert [row.result for row in decision.rows] == [Truth.YES] * 3
    assert decision.missing == ()


def test_rows_show_values_but_not_those_of_predicates(
    decided: Decide, present: Present, claims: Claims
) -> None:
    assert [row.value for row in decided(present(claims)).rows] == ["1997-04-12", None, 450]
    claims["card"]["below"]["150"] = False
    income = decided(present(claims)).rows[1]
    assert (income.result, income.value) == (Truth.NO, None)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("expired", Reason.EXPIRED),
        ("revoked", Reason.REVOKED),
        ("suspended", Reason.SUSPENDED),
        ("untrusted", Reason.UNTRUSTED),
        ("VALID", Reason.UNTRUSTED),
        ("", Reason.UNTRUSTED),
    ],
)
def test_each_status_is_a_reason_of_its_own_and_its_claims_are_not_read(
    decided: Decide, present: Present, claims: Claims, status: str, reason: Reason
) -> None:
    claims["lease"]["rent"] = 9_999
    decision = decided(present(claims, lease=status))
    assert decision.outcome is Truth.UNKNOWN
    assert reasons(decision) == {"age": None, "income": None, "rent": reason}
    assert decision.credentials[1].refusal is reason


def test_a_missing_certificate_and_a_missing_claim_are_missing(
    decided: Decide, present: Present, claims: Claims
) -> None:
    del claims["lease"]
    del claims["card"]["below"]["150"]
    decision = decided(present(claims))
    assert reasons(decision) == {"age": None, "income": Reason.MISSING, "rent": Reason.MISSING}
    asked = [(item.type_id, item.path, item.reason) for item in decision.missing]
    assert asked == [
        ("card", ("below", "150"), Reason.MISSING),
        ("lease", ("rent",), Reason.MISSING),
    ]


@pytest.mark.parametrize("odd", ["450", 450.0, True, None, [], {}])
def test_a_claim_of_another_type_is_unknown_and_never_a_no(
    decided: Decide, present: Present, claims: Claims, odd: object
) -> None:
    claims["lease"]["rent"] = odd
    assert reasons(decided(present(claims)))["rent"] is Reason.WRONG_TYPE


@pytest.mark.parametrize("odd", ["text", 5, [], None])
def test_a_path_through_something_else_than_an_object_is_of_the_wrong_type(
    decided: Decide, present: Present, claims: Claims, odd: object
) -> None:
    claims["card"]["below"] = odd
    assert reasons(decided(present(claims)))["income"] is Reason.WRONG_TYPE


def test_a_no_wins_over_what_is_unknown(decided: Decide, present: Present, claims: Claims) -> None:
    claims["lease"]["rent"] = 501
    decision = decided(present(claims, card="expired"))
    assert decision.outcome is Truth.NO
    assert decision.missing == ()


def test_an_issuer_that_the_rule_does_not_count_is_untrusted(
    decided: Decide, claims: Claims
) -> None:
    other = CredentialEvidence("lease", "https://other.example/i", "valid", claims["lease"])
    card = CredentialEvidence("card", "https://other.example/i", "valid", claims["card"])
    expected = {"age": None, "income": None, "rent": Reason.UNTRUSTED}
    assert reasons(decided([card, other])) == expected


def test_two_certificates_of_one_type_settle_nothing(
    decided: Decide, present: Present, claims: Claims
) -> None:
    twice = [*present(claims), *present({"lease": {"rent": 1}})]
    decision = decided(twice)
    assert decision.outcome is Truth.UNKNOWN
    assert reasons(decision)["rent"] is Reason.AMBIGUOUS
    assert decision.credentials[1].refusal is Reason.AMBIGUOUS


def test_three_certificates_of_one_type_settle_nothing_either(
    decided: Decide, present: Present, claims: Claims
) -> None:
    thrice = [*present(claims), *present({"lease": {"rent": 1}}), *present({"lease": {"rent": 2}})]
    assert reasons(decided(thrice))["rent"] is Reason.AMBIGUOUS


def test_certificates_that_the_rule_does_not_ask_for_are_not_read(
    decided: Decide, present: Present, claims: Claims
) -> None:
    with_more = decided(present({**claims, "diary": {"secret": "x"}}))
    assert with_more.outcome is Truth.YES
    assert [standing.alias for standing in with_more.credentials] == ["person", "home"]


def test_the_order_of_evidence_does_not_matter(
    decided: Decide, present: Present, claims: Claims
) -> None:
    assert decided(present(claims)[::-1]).rows == decided(present(claims)).rows


def test_parameters_are_those_of_the_governing_day(
    decided: Decide, present: Present, claims: Claims
) -> None:
    claims["lease"]["rent"] = 600
    assert decided(present(claims), date(2025, 6, 30)).outcome is Truth.NO
    assert decided(present(claims), date(2025, 7, 1)).outcome is Truth.YES


def test_parameters_used_carry_date_value_source_and_basis(
    decided: Decide, present: Present, claims: Claims
) -> None:
    used = {use.name: use for use in decided(present(claims)).parameters_used}
    assert set(used) == {"share", "ceiling"}
    assert used["share"].content == 150
    assert used["share"].dated.basis == "B"
    assert used["ceiling"].dated.effective_from == date(2025, 1, 1)


def test_a_condition_on_a_doubtful_figure_is_flagged(
    decided: Decide, present: Present, claims: Claims
) -> None:
    rows = decided(present(claims)).rows
    assert [row.asked.unconfirmed for row in rows] == [False, True, False]


@pytest.mark.parametrize("basis", ["P", "B", "R", "M"])
def test_a_condition_whose_own_basis_is_doubtful_is_flagged(
    rule_file: dict[str, Json], decided: Decide, basis: str
) -> None:
    rule_file["conditions"]["all"][0]["law"]["basis"] = basis
    assert decided([]).rows[0].asked.unconfirmed == (basis in {"B", "M"})


@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2026, 1, 1)])
def test_a_rule_is_not_asked_about_a_day_that_it_does_not_govern(
    decided: Decide, day: date
) -> None:
    with pytest.raises(RuleError, match="rent 2025: expected a day from 2025-01-01 to 2025-12-31"):
        decided([], day)


def test_a_parameter_without_a_value_stops_the_decision(
    rule_file: dict[str, Json], decided: Decide
) -> None:
    rule_file["parameters"]["ceiling"][1]["value"] = None
    assert decided([], date(2025, 6, 30)).outcome is Truth.UNKNOWN
    expected = r"\$\.parameters\.ceiling: expected a value for 2025-07-01, found none yet"
    with pytest.raises(RuleError, match=expected):
        decided([], date(2025, 7, 1))


@pytest.mark.parametrize(
    ("kind", "held", "outcome", "still_open"),
    [
        ("any", {"a": 1, "b": 2}, Truth.YES, set()),
        ("any", {"a": 2}, Truth.UNKNOWN, {"a", "b"}),
        ("any", {"a": 2, "b": 2}, Truth.NO, {"a", "b"}),
        ("all", {"a": 1}, Truth.UNKNOWN, {"b"}),
        ("all", {"a": 1, "b": 1}, Truth.YES, set()),
        ("none", {"a": 2, "b": 2}, Truth.YES, set()),
        ("none", {"a": 2}, Truth.UNKNOWN, {"b"}),
        ("none", {"a": 1}, Truth.NO, {"a", "b"}),
    ],
)
def test_groups_and_what_is_still_open(
    of_conditions: Callable[[Json], Json],
    make_leaf: Callable[..., Json],
    present: Present,
    kind: str,
    held: dict[str, int],
    outcome: Truth,
    still_open: set[str],
) -> None:
    members = [make_leaf(name, "person", [name], "eq", value=1) for name in ("a", "b")]
    rule = parse_rule(of_conditions({"all": [{kind: members}]}))
    decision = decide(rule, present({"card": held}), day=DAY)
    assert decision.outcome is outcome
    assert open_conditions(decision) == still_open


def test_at_least_and_what_is_missing(
    of_conditions: Callable[[Json], Json], make_leaf: Callable[..., Json], present: Present
) -> None:
    members = [make_leaf(name, "person", [name], "eq", value=1) for name in ("a", "b", "c")]
    rule = parse_rule(of_conditions({"at_least": {"n": 2, "of": members}}))
    assert decide(rule, present({"card": {"a": 1, "b": 1}}), day=DAY).outcome is Truth.YES
    assert decide(rule, present({"card": {"a": 2, "b": 2}}), day=DAY).outcome is Truth.NO
    unsure = decide(rule, present({"card": {"a": 1, "b": 2}}), day=DAY)
    assert unsure.outcome is Truth.UNKNOWN
    assert [missing.condition for missing in unsure.missing] == ["c"]


def test_deeply_nested_groups_of_mixed_members(
    of_conditions: Callable[[Json], Json], make_leaf: Callable[..., Json], present: Present
) -> None:
    a, b, c = (make_leaf(name, "person", [name], "eq", value=1) for name in ("a", "b", "c"))
    rule = parse_rule(of_conditions({"all": [{"any": [{"none": [{"all": [a]}]}, b]}, c]}))
    assert decide(rule, present({"card": {"a": 1, "b": 1, "c": 1}}), day=DAY).outcome is Truth.YES
    assert decide(rule, present({"card": {"a": 2, "c": 1}}), day=DAY).outcome is Truth.YES
    assert decide(rule, present({"card": {"a": 1, "b": 2, "c": 1}}), day=DAY).outcome is Truth.NO
    assert decide(rule, present({"card": {"a": 1, "c": 1}}), day=DAY).outcome is Truth.UNKNOWN


def test_exists_is_a_yes_or_unknown_since_a_holder_may_keep_back_what_there_is(
    of_conditions: Callable[[Json], Json], make_leaf: Callable[..., Json], present: Present
) -> None:
    rule = parse_rule(of_conditions({"all": [make_leaf("a", "person", ["a"], "exists")]}))
    shown = decide(rule, present({"card": {"a": {"b": 0.5}}}), day=DAY)
    assert (shown.outcome, shown.rows[0].value) == (Truth.YES, None)
    assert decide(rule, present({"card": {}}), day=DAY).outcome is Truth.UNKNOWN


def test_no_claim_is_in_a_repr(decided: Decide, present: Present, claims: Claims) -> None:
    decision = decided(present(claims))
    assert "1997-04-12" not in repr((decision, decision.rows, decision.credentials))


def test_claims_are_found_by_their_path() -> None:
    held: Claims = {"a": {"b": {"c": 1}}}
    assert claim_at(held, ("a", "b", "c")) == 1
    assert is_absent(claim_at(held, ("a", "x")))
    assert claim_at(held, ("a", "b", "c", "d")) is BROKEN


def test_a_rule_is_compiled_once_per_day(rule_file: dict[str, Json]) -> None:
    plan = compile_rule(parse_rule(rule_file), DAY)
    assert compile_rule(parse_rule(rule_file), DAY) is plan
    assert compile_rule(parse_rule(rule_file), date(2025, 6, 2)) is not plan
