"""A small rule that has one of everything, and short ways to vary it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from madang.core.encoding.strict_json import Json
from madang.core.rules.decision import Decision
from madang.core.rules.evaluate import decide
from madang.core.rules.model import CredentialEvidence
from madang.core.rules.parser import parse_rule
from madang.core.rules.texts import WORDS

DAY = date(2025, 6, 1)
ISSUER = "https://city.example/city/issuer"


def leaf(
    name: str, credential: str, claim: list[Json], op: str, **operand: Json
) -> dict[str, Json]:
    return {
        "id": name,
        "credential": credential,
        "claim": claim,
        "op": op,
        **operand,
        "law": {"article": "7", "source": "the notice", "basis": "P"},
        "text": name,
        "on_missing": f"missing_{credential}",
    }


def dated(*entries: tuple[str, Json], basis: str = "P") -> list[Json]:
    return [{"from": d, "value": v, "source": "the notice", "basis": basis} for d, v in entries]


def frame() -> dict[str, Json]:
    return {
        "programme": "rent",
        "version": "2025",
        "effective_from": "2025-01-01",
        "effective_to": "2025-12-31",
        "time_zone": "Asia/Seoul",
        "governing_day": "application",
        "predecessor": None,
        "law": {
            "reference": "a notice",
            "scheme": "city_rent",
            "distinct_from": "the national one",
            "basis": "P",
        },
        "parameters": {
            "ceiling": dated(("2025-01-01", 500), ("2025-07-01", 600)),
            "share": dated(("2025-01-01", 150), basis="B"),
            "amount": dated(("2025-01-01", 200)),
        },
        "credentials": {
            "person": {"type": "card", "attested_by": "municipality"},
            "home": {"type": "lease", "attested_by": [ISSUER]},
        },
        "conditions": {
            "all": [
                leaf("age", "person", ["birthdate"], "age_at", value=[19, 39]),
                leaf("income", "person", ["below", {"param": "share"}], "eq", value=True),
                leaf("rent", "home", ["rent"], "le", param="ceiling"),
            ]
        },
        "benefit": {
            "amount": {"param": "amount"},
            "months": 12,
            "at_most": {"credential": "home", "claim": ["rent"]},
            "once": True,
            "text": "benefit",
        },
    }


def person() -> dict[str, dict[str, Any]]:
    return {
        "card": {"birthdate": "1997-04-12", "below": {"150": True}},
        "lease": {"rent": 450},
    }


def evidence_of(claims: dict[str, dict[str, Any]], **status: str) -> list[CredentialEvidence]:
    return [
        CredentialEvidence(type_id, ISSUER, status.get(type_id, "valid"), held, b"\x01" * 32)
        for type_id, held in claims.items()
    ]


@pytest.fixture
def rule_file() -> dict[str, Json]:
    """The small rule as a parsed file, free to change."""
    return frame()


@pytest.fixture
def claims() -> dict[str, dict[str, Any]]:
    """The claims of somebody who qualifies, per certificate type, free to change."""
    return person()


@pytest.fixture
def present() -> Callable[..., list[CredentialEvidence]]:
    """Make evidence out of claims; a keyword gives a certificate another status."""
    return evidence_of


@pytest.fixture
def make_leaf() -> Callable[..., dict[str, Json]]:
    """Make a condition: id, alias, path, operator, and value or param."""
    return leaf


@pytest.fixture
def make_parameter() -> Callable[..., list[Json]]:
    """Make a dated parameter out of (day, value) pairs."""
    return dated


@pytest.fixture
def of_conditions(rule_file: dict[str, Json]) -> Callable[[Json], Json]:
    """Make the small rule with other conditions, and with only what these use."""

    def make(conditions: Json) -> Json:
        text = repr(conditions)
        parameters = {n: v for n, v in rule_file["parameters"].items() if f"'{n}'" in text}
        aliases = {n: v for n, v in rule_file["credentials"].items() if f"'{n}'" in text}
        amount = {"amount": rule_file["parameters"]["amount"]}
        benefit = {name: v for name, v in rule_file["benefit"].items() if name != "at_most"}
        return {
            **rule_file,
            "parameters": {**parameters, **amount},
            "credentials": aliases,
            "conditions": conditions,
            "benefit": benefit,
        }

    return make


@pytest.fixture
def decided(rule_file: dict[str, Json]) -> Callable[..., Decision]:
    """Decide by the small rule as the test has left it, on a day of 2025."""

    def run(evidence: list[CredentialEvidence], day: date = DAY) -> Decision:
        return decide(parse_rule(rule_file), evidence, day=day)

    return run


def said(what: str) -> dict[str, str]:
    return {language: what.format(language) for language in ("ko", "en", "ja")}


@pytest.fixture
def texts_file() -> Json:
    """Texts of the small rule that say what they are, free to change."""
    words = {word: said(f"{word} {{}}") for word in WORDS}
    for word in WORDS:
        if word.startswith("change_"):
            words[word] = said(f"{word} {{}}: {{{{credential:text}}}}")
    words["article"] = said("item {{article:text}} {}")
    return {
        "languages": ["ko", "en", "ja"],
        "title": said("title {}"),
        "law": said("law {}"),
        "words": words,
        "credentials": {"card": said("card {}"), "lease": said("lease {}")},
        "terms": {"none": said("none {}")},
        "conditions": {
            "age": wording("age", "date", " on {{governing_day:date}}"),
            "income": wording("income", "proof", " {{share:number}} %"),
            "rent": wording("rent", "krw", " {{ceiling:krw}}"),
        },
        "messages": {
            "missing_person": said("missing_person {}"),
            "missing_home": said("missing_home {}"),
            "note": said("note {}"),
            "benefit": said("benefit {} {{amount:krw}} x {{months:number}}"),
        },
    }


def wording(name: str, form: str, end: str) -> Json:
    return {
        "shown": form,
        "condition": said(f"{name} condition {{}}{end}"),
        "change": said(f"{name} change {{}}{end}"),
    }
