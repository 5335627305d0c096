"""The rules of the youth monthly rent support: cases, texts, and what an edit changes."""

import copy
import json
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from madang.core.encoding import strict_json
from madang.core.encoding.strict_json import Json
from madang.core.rules.benefit import Award, award
from madang.core.rules.decision import Decision
from madang.core.rules.effect import check_succession, in_force
from madang.core.rules.errors import RuleError
from madang.core.rules.evaluate import decide
from madang.core.rules.explain import explain, summarize
from madang.core.rules.model import CredentialEvidence, Reason, Rule, Truth
from madang.core.rules.parser import parse_rule
from madang.core.rules.query import derive_query
from madang.core.rules.resolve import conditions_of
from madang.core.rules.texts import LANGUAGES, check, parse_texts

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
FOLDER = CATALOG / "rules" / "youth_monthly_rent"
VERSIONS = ("2021", "2022", "2024")
ISSUER = "https://id.hanbit.example/hanbit/issuer"


def read(name: str) -> Json:
    return strict_json.loads((FOLDER / name).read_bytes())


RULE_FILES = {version: read(f"{version}.json") for version in VERSIONS}
RULES = [parse_rule(value) for value in RULE_FILES.values()]
TEXTS = parse_texts(read("texts.json"))
CASES = read("cases.json")


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return the base with the changes in it; null takes a claim away."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if isinstance(value, dict) and key in result:
            result[key] = merged(result[key], value)
        elif value is None:
            del result[key]
        else:
            result[key] = value
    return result


def evidence_of(case: dict[str, Any]) -> list[CredentialEvidence]:
    person = merged(CASES["person"], case.get("but", {}))
    status = case.get("status", {})
    return [
        CredentialEvidence(type_id, ISSUER, status.get(type_id, "valid"), claims)
        for type_id, claims in person.items()
        if type_id not in case.get("lacks", [])
    ]


def decided(case: dict[str, Any]) -> Decision:
    day = date.fromisoformat(case["applies_on"])
    return decide(in_force(RULES, day), evidence_of(case), day=day)


def case_id(case: dict[str, Any]) -> str:
    return f"{case['version']} {case['applies_on']} {case['case']}"


@pytest.mark.parametrize("case", CASES["cases"], ids=case_id)
def test_case(case: dict[str, Any]) -> None:
    decision = decided(case)
    failing = [row.asked.condition.id for row in decision.rows if row.result is Truth.NO]
    waits_for = {missing.type_id: missing.reason.value for missing in decision.missing}
    granted = award(decision)
    pays = granted and {"amount_krw": granted.amount, "months": granted.months}
    assert decision.rule.version == case["version"]
    assert decision.outcome == case["outcome"]
    assert failing == case.get("fails", [])
    assert waits_for == case.get("waits_for", {})
    assert pays == case.get("pays")


def test_cases_use_no_word_that_the_test_does_not_read() -> None:
    known = {"case", "version", "applies_on", "outcome", "but", "lacks", "status"}
    known |= {"fails", "waits_for", "pays"}
    assert {word for case in CASES["cases"] for word in case} == known


@pytest.mark.parametrize("rule", RULES, ids=VERSIONS)
def test_each_condition_alone_refuses_somebody(rule: Rule) -> None:
    mine = [case for case in CASES["cases"] if case["version"] == rule.version]
    alone = {case["fails"][0] for case in mine if len(case.get("fails", [])) == 1}
    assert alone == {condition.id for condition in conditions_of(rule.conditions)}


@pytest.mark.parametrize("rule", RULES, ids=VERSIONS)
def test_each_reason_and_each_certificate_is_waited_for(rule: Rule) -> None:
    mine = [case.get("waits_for", {}) for case in CASES["cases"] if case["version"] == rule.version]
    assert {type_id for waits in mine for type_id in waits} == {
        need.type_id for need in rule.credentials
    }
    reasons = {reason for waits in mine for reason in waits.values()}
    assert reasons == set(Reason) - {Reason.AMBIGUOUS}


def test_versions_follow_one_another_and_name_their_predecessor() -> None:
    check_succession(RULES)
    assert [rule.version for rule in RULES] == list(VERSIONS)
    assert RULES[-1].effective_to is None


@pytest.mark.parametrize("rule", RULES, ids=VERSIONS)
def test_the_rule_encodes_the_law_of_the_city_and_not_the_national_one(rule: Rule) -> None:
    assert rule.law.scheme == "city_youth_monthly_rent"
    assert "national" in rule.law.distinct_from


@pytest.mark.parametrize("rule", RULES, ids=VERSIONS)
def test_every_text_is_there_in_every_language(rule: Rule) -> None:
    check(rule, TEXTS)
    assert set(LANGUAGES) <= set(TEXTS.languages)


def test_no_text_is_left_over() -> None:
    conditions = list(chain.from_iterable(conditions_of(rule.conditions) for rule in RULES))
    notes = {entry.note for r in RULES for values in r.parameters.values() for entry in values}
    messages = {c.on_missing for c in conditions} | {r.benefit.text for r in RULES} | notes
    assert set(TEXTS.conditions) == {c.text for c in conditions}
    assert set(TEXTS.messages) == messages - {None}
    assert set(TEXTS.credentials) == {need.type_id for r in RULES for need in r.credentials}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_without_a_language_is_refused(language: str) -> None:
    texts = read("texts.json")
    del texts["messages"]["missing_lease"][language]
    with pytest.raises(RuleError, match=rf"\$\.messages\.missing_lease\.{language}"):
        parse_texts(texts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES["cases"], ids=case_id)
def test_every_case_is_explained_without_a_hole(case: dict[str, Any], language: str) -> None:
    decision = decided(case)
    rows = explain(decision, TEXTS, language)
    head = summarize(decision, TEXTS, language)
    words = [
        text
        for row in rows
        for text in (row.condition, row.shown, row.law, row.status, row.reason, row.change)
    ]
    assert not [word for word in [*words, head.sentence, head.benefit] if word and "{" in word]
    for row in rows:
        settled = row.result is Truth.YES
        assert (row.change is None) == settled
        assert (row.reason is None) == (row.result is not Truth.UNKNOWN)


@pytest.mark.parametrize("rule", RULES, ids=VERSIONS)
def test_every_claim_exists_in_its_certificate_type(rule: Rule) -> None:
    day = rule.effective_from
    query = derive_query(rule, day=day, vct_of=lambda type_id: type_id)
    for entry in query["credentials"]:
        folder = CATALOG / "certificates" / entry["meta"]["vct_values"][0]
        known = json.loads((folder / "claims.json").read_text("utf-8"))["claims"]
        paths = [claim["path"] for claim in known]
        assert [claim["path"] for claim in entry["claims"] if claim["path"] not in paths] == []


def test_certificates_are_called_as_the_catalogue_calls_them() -> None:
    for type_id, names in TEXTS.credentials.items():
        declared = CATALOG / "certificates" / type_id / "type.json"
        assert names == json.loads(declared.read_text("utf-8"))["names"]


def test_one_edited_parameter_changes_request_and_decision() -> None:
    edited_file = copy.deepcopy(RULE_FILES["2024"])
    edited_file["parameters"]["income_ceiling_percent"][0]["value"] = 120
    before, after = parse_rule(RULE_FILES["2024"]), parse_rule(edited_file)
    day = date(2025, 5, 12)
    over_120 = {"median_income_at_or_below": {"120": False, "150": True}}
    evidence = evidence_of({"but": {"household_income": over_120}})

    def income_path(rule: Rule) -> list[str]:
        query = derive_query(rule, day=day, vct_of=lambda type_id: type_id)
        entry = next(e for e in query["credentials"] if e["id"] == "income")
        return entry["claims"][0]["path"]

    assert income_path(before) == ["median_income_at_or_below", "150"]
    assert income_path(after) == ["median_income_at_or_below", "120"]
    assert decide(before, evidence, day=day).outcome is Truth.YES
    assert decide(after, evidence, day=day).outcome is Truth.NO
    assert before.digest != after.digest


def test_no_figure_is_used_beyond_the_years_that_anybody_has_named() -> None:
    with pytest.raises(RuleError, match=r"birth_year_from: expected a value for 2029-01-01"):
        decide(in_force(RULES, date(2029, 1, 1)), [], day=date(2029, 1, 1))


def test_doubtful_figures_are_flagged_and_confirmed_ones_are_not() -> None:
    decision = decided({"applies_on": "2025-05-12"})
    flagged = {row.id: row.unconfirmed is not None for row in explain(decision, TEXTS, "en")}
    assert flagged["deposit"]
    assert flagged["birth_year"]
    assert not flagged["income"]
    assert not flagged["one_person_household"]


def test_the_officer_sees_that_sources_disagree() -> None:
    head = summarize(decided({"applies_on": "2023-05-15"}), TEXTS, "en")
    assert [p.note for p in head.parameters if p.name == "months"] == [
        "Sources disagree: a blog of May 2023 still says 10 months."
    ]


def test_the_request_asks_for_no_name_address_pay_or_birth_date() -> None:
    query = derive_query(RULES[-1], day=date(2025, 5, 12), vct_of=lambda type_id: type_id)
    asked = {tuple(c["path"]) for entry in query["credentials"] for c in entry["claims"]}
    assert not {path[0] for path in asked} & {"name", "address", "monthly_income_krw", "birthdate"}


def test_the_support_is_granted_once_only_from_2024() -> None:
    assert award(decided({"applies_on": "2023-05-15"})) == Award(200_000, 12, once=False)
    assert award(decided({"applies_on": "2025-05-12"})) == Award(200_000, 12, once=True)
