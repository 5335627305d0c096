from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from madang.core.encoding.strict_json import Json
from madang.core.rules.decision import Decision
from madang.core.rules.errors import RuleError
from madang.core.rules.explain import ExplainedRow, Summary, explain, summarize
from madang.core.rules.model import CredentialEvidence, Truth
from madang.core.rules.texts import parse_texts

ISSUER = "https://city.example/city/issuer"
Claims = dict[str, dict[str, Any]]
Present = Callable[..., list[CredentialEvidence]]
Decide = Callable[..., Decision]
Rows = Callable[..., dict[str, ExplainedRow]]
Head = Callable[..., Summary]


@pytest.fixture
def rows(decided: Decide, texts_file: Json) -> Rows:
    def run(evidence: list[CredentialEvidence], language: str = "en") -> dict[str, ExplainedRow]:
        explained = explain(decided(evidence), parse_texts(texts_file), language)
        return {row.id: row for row in explained}

    return run


@pytest.fixture
def head(decided: Decide, texts_file: Json) -> Head:
    def run(evidence: list[CredentialEvidence], language: str = "en") -> Summary:
        return summarize(decided(evidence), parse_texts(texts_file), language)

    return run


def test_a_row_says_everything_about_its_condition(
    rows: Rows, present: Present, claims: Claims
) -> None:
    row = rows(present(claims))["rent"]
    assert row.result is Truth.YES
    assert row.result_word == "result_yes en"
    assert row.condition == "rent condition en KRW 500"
    assert row.shown == "KRW 450"
    assert (row.credential, row.credential_name) == ("lease", "lease en")
    assert (row.issuer, row.status) == (ISSUER, "status_valid en")
    assert (row.law, row.source) == ("item 7 en", "the notice")
    assert (row.reason, row.unconfirmed, row.change) == (None, None, None)


@pytest.mark.parametrize(
    ("language", "condition", "shown"),
    [
        ("ko", "rent condition ko 500원", "450원"),
        ("en", "rent condition en KRW 500", "KRW 450"),
        ("ja", "rent condition ja 500ウォン", "450ウォン"),
    ],
)
def test_the_reader_chooses_the_language(
    rows: Rows, present: Present, claims: Claims, language: str, condition: str, shown: str
) -> None:
    row = rows(present(claims), language)["rent"]
    assert (row.condition, row.shown) == (condition, shown)


def test_a_date_is_written_out_and_a_condition_may_name_the_governing_day(
    rows: Rows, present: Present, claims: Claims
) -> None:
    row = rows(present(claims))["age"]
    assert row.shown == "12 April 1997"
    assert row.condition == "age condition en on 1 June 2025"


def test_a_predicate_is_proved_without_its_value(
    rows: Rows, present: Present, claims: Claims
) -> None:
    assert rows(present(claims))["income"].shown == "proved en"
    claims["card"]["below"]["150"] = False
    assert rows(present(claims))["income"].shown == "disproved en"


def test_a_claim_may_decide_and_still_not_be_shown(
    rows: Rows, texts_file: Json, present: Present, claims: Claims
) -> None:
    texts_file["conditions"]["age"]["shown"] = "proof"
    assert rows(present(claims))["age"].shown == "proved en"


def test_a_term_is_translated_and_an_unknown_one_is_shown_as_it_is(
    rule_file: dict[str, Json], rows: Rows, texts_file: Json, present: Present, claims: Claims
) -> None:
    rule_file["conditions"]["all"][0] |= {"op": "in", "value": ["none", "odd"]}
    texts_file["conditions"]["age"]["shown"] = "term"
    for value, shown in (("none", "none en"), ("odd", "odd")):
        claims["card"]["birthdate"] = value
        assert rows(present(claims))["age"].shown == shown


def test_what_would_change_a_no(rows: Rows, present: Present, claims: Claims) -> None:
    claims["lease"]["rent"] = 501
    row = rows(present(claims))["rent"]
    assert (row.result, row.shown) == (Truth.NO, "KRW 501")
    assert row.change == "rent change en KRW 500"


def test_what_is_missing(rows: Rows, present: Present, claims: Claims) -> None:
    del claims["lease"]
    row = rows(present(claims))["rent"]
    assert (row.result, row.result_word) == (Truth.UNKNOWN, "result_unknown en")
    assert (row.issuer, row.status) == (None, "status_missing en")
    assert (row.shown, row.reason) == ("not_shown en", "reason_missing en")
    assert row.change == "missing_home en"


@pytest.mark.parametrize("status", ["expired", "revoked", "suspended", "untrusted"])
def test_what_to_do_about_each_status(
    rows: Rows, present: Present, claims: Claims, status: str
) -> None:
    row = rows(present(claims, lease=status))["rent"]
    assert row.status == f"status_{status} en"
    assert row.reason == f"reason_{status} en"
    assert row.change == f"change_{status} en: lease en"
    assert row.issuer == ISSUER


def test_a_claim_missing_from_a_certificate_in_good_order(
    rows: Rows, present: Present, claims: Claims
) -> None:
    del claims["lease"]["rent"]
    row = rows(present(claims))["rent"]
    assert (row.status, row.reason) == ("status_valid en", "reason_missing en")


def test_a_value_of_the_wrong_type_is_not_shown(
    rows: Rows, present: Present, claims: Claims
) -> None:
    claims["lease"]["rent"] = "a lot"
    row = rows(present(claims))["rent"]
    assert (row.shown, row.reason) == ("not_shown en", "reason_wrong_type en")
    assert row.change == "change_wrong_type en: lease en"


def test_two_of_one_type(rows: Rows, present: Present, claims: Claims) -> None:
    row = rows([*present(claims), *present(claims)])["rent"]
    assert (row.status, row.issuer) == ("status_ambiguous en", None)
    assert row.change == "change_ambiguous en: lease en"


def test_a_doubtful_figure_is_said_to_be_one(
    rule_file: dict[str, Json], rows: Rows, present: Present, claims: Claims
) -> None:
    rule_file["parameters"]["share"][0]["note"] = "note"
    row = rows(present(claims))["income"]
    (parameter,) = row.parameters
    assert row.unconfirmed == "unconfirmed en"
    assert (parameter.name, parameter.value, parameter.unconfirmed) == ("share", "150", True)
    assert (parameter.basis, parameter.note) == ("basis_b en", "note en")
    assert (parameter.effective_from, parameter.source) == ("1 January 2025", "the notice")


def test_a_condition_that_stands_in_nobodys_way_asks_for_nothing(
    rule_file: dict[str, Json], rows: Rows, present: Present, claims: Claims
) -> None:
    rule_file["conditions"] = {"any": rule_file["conditions"]["all"]}
    claims["lease"]["rent"] = 501
    assert {name: row.change for name, row in rows(present(claims)).items()} == {
        "age": None,
        "income": None,
        "rent": None,
    }


def test_the_head_of_a_yes(head: Head, present: Present, claims: Claims) -> None:
    summary = head(present(claims))
    assert (summary.title, summary.law) == ("title en", "law en")
    assert (summary.outcome, summary.sentence) == (Truth.YES, "outcome_yes en")
    assert summary.benefit == "benefit en KRW 200 x 12"
    assert [parameter.name for parameter in summary.parameters] == ["amount"]


def test_the_head_of_an_unknown_promises_nothing(
    head: Head, present: Present, claims: Claims
) -> None:
    summary = head(present(claims, lease="expired"), "ja")
    assert (summary.sentence, summary.benefit) == ("outcome_unknown ja", None)


def test_the_head_of_a_yes_with_an_open_amount_promises_none(
    rule_file: dict[str, Json], head: Head, present: Present, claims: Claims
) -> None:
    rule_file["conditions"] = {"any": rule_file["conditions"]["all"]}
    summary = head(present({"card": claims["card"]}))
    assert (summary.outcome, summary.benefit) == (Truth.YES, None)


def test_a_language_that_the_texts_lack_is_refused(decided: Decide, texts_file: Json) -> None:
    texts, decision = parse_texts(texts_file), decided([], date(2025, 6, 1))
    for speak in (explain, summarize):
        with pytest.raises(RuleError, match="one of ko, en, ja, found 'fr'"):
            speak(decision, texts, "fr")
