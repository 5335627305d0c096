"""The engine and Google's CEL give the same answer to random people, with and without gaps."""

import copy
import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from madang.core.encoding import strict_json
from madang.core.rules.evaluate import decide
from madang.core.rules.model import CredentialEvidence, Truth
from madang.core.rules.parser import parse_rule

FOLDER = Path(__file__).resolve().parents[3] / "catalog" / "rules" / "youth_monthly_rent"
DAYS = {
    "2021": ("2021-01-01", "2021-08-09", "2021-08-10", "2021-12-31"),
    "2022": ("2022-01-01", "2022-12-31", "2023-01-01", "2023-12-31"),
    "2024": ("2024-01-01", "2025-01-01", "2026-11-23", "2028-02-29"),
}
PEOPLE_PER_DAY = 500
RANDOM_RULES, PEOPLE_PER_RULE = 120, 40
GAP = 0.06
"""Share of claims that are left out."""
FEWEST = 20
"""Each outcome has to occur this often, or the people are not varied enough."""
STATUSES = ("expired", "revoked", "suspended", "untrusted")
ODD: tuple[Any, ...] = (
    "",
    "yes",
    0,
    1,
    -1,
    1.0,
    0.5,
    None,
    [],
    [1],
    {},
    {"a": 1},
    2**53,
    "2025-02-30",
)
ISSUERS = ("https://a.example/i", "https://b.example/i")

Decider = Callable[[list[CredentialEvidence]], Truth]
Compile = Callable[[dict[str, Any], date], Decider]


def generator(seed: object) -> random.Random:
    return random.Random(repr(seed))  # noqa: S311 - a reproducible draw, no secret


def some_day(draw: random.Random, around: date, spread: int) -> str:
    return (around + timedelta(days=draw.randint(-spread, spread))).isoformat()


def mostly(draw: random.Random, usual: object, *others: object) -> object:
    return usual if draw.random() < 0.8 else draw.choice(others)


def person(draw: random.Random, day: date) -> dict[str, dict[str, Any]]:
    """Return claims around every threshold of the rule."""
    year = day.year - draw.choice((18, 19, 20, 25, 30, 39, 40, 41))
    ceilings = ("60", "100", "120", "150", "180")
    reached = draw.choice((0, 0, 1, 2, 3, 4, 5))
    return {
        "digital_id": {
            "birth_year": year,
            "birthdate": some_day(draw, date(year, day.month, min(day.day, 28)), 2),
        },
        "resident_register_abstract": {
            "region_code": mostly(draw, "11", "41"),
            "household_size": mostly(draw, 1, 2),
        },
        "household_income": {
            "median_income_at_or_below": {c: i >= reached for i, c in enumerate(ceilings)}
        },
        "lease": {
            "lessee_is_holder": draw.random() < 0.9,
            "deposit_krw": draw.choice(
                (20_000_000, 50_000_000, 50_000_001, 80_000_000, 80_000_001)
            ),
            "rent_krw": mostly(draw, 450_000, 600_000, 600_001),
            "period": {
                "from": mostly(draw, "2020-03-02", some_day(draw, day, 1)),
                "to": mostly(draw, "2030-03-01", some_day(draw, day, 1)),
            },
        },
        "housing_support_none": {
            name: "present" if draw.random() < 0.06 else "none"
            for name in (
                "home_ownership",
                "housing_benefit",
                "national_rent_support",
                "earlier_rent_support",
            )
        },
    }


def spoiled(draw: random.Random, claims: dict[str, Any]) -> dict[str, Any]:
    """Return claims of which some are gone and a few are of another type."""
    result = {}
    for name, value in claims.items():
        chance = draw.random()
        if chance < GAP:
            continue
        if chance < GAP + 0.02:
            result[name] = draw.choice(ODD)
        else:
            result[name] = spoiled(draw, value) if isinstance(value, dict) else value
    return result


def presented(
    draw: random.Random, claims: dict[str, dict[str, Any]], *, gaps: bool
) -> list[CredentialEvidence]:
    if not gaps:
        return [CredentialEvidence(t, ISSUERS[0], "valid", c) for t, c in claims.items()]
    return [
        CredentialEvidence(
            type_id,
            draw.choice(ISSUERS),
            draw.choice(STATUSES) if draw.random() < GAP / 2 else "valid",
            spoiled(draw, held),
        )
        for type_id, held in claims.items()
        if draw.random() > GAP / 2
    ]


@pytest.mark.parametrize("gaps", [False, True], ids=["complete", "with gaps"])
@pytest.mark.parametrize("version", DAYS)
def test_the_rent_rule_and_cel_never_disagree(
    version: str, cel_decider: Compile, *, gaps: bool
) -> None:
    file = strict_json.loads((FOLDER / f"{version}.json").read_bytes())
    rule, counted = parse_rule(file), Counter[Truth]()
    for iso in DAYS[version]:
        day, draw = date.fromisoformat(iso), generator((version, iso, gaps))
        oracle = cel_decider(file, day)
        for _ in range(PEOPLE_PER_DAY):
            evidence = presented(draw, person(draw, day), gaps=gaps)
            ours = decide(rule, evidence, day=day).outcome
            assert ours is oracle(evidence), evidence
            counted[ours] += 1
    assert counted[Truth.YES] > FEWEST
    assert counted[Truth.NO] > FEWEST
    assert (counted[Truth.UNKNOWN] > FEWEST) == gaps


LEAVES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("flag", {"op": "eq", "value": True}),
    ("flag", {"op": "eq", "value": False}),
    ("flag", {"op": "exists"}),
    ("word", {"op": "eq", "value": "none"}),
    ("word", {"op": "in", "value": ["none", "ended"]}),
    ("word", {"op": "exists"}),
    ("count", {"op": "eq", "value": 3}),
    ("count", {"op": "in", "value": [1, 3, 5]}),
    ("count", {"op": "le", "param": "middle"}),
    ("count", {"op": "lt", "param": "middle"}),
    ("count", {"op": "ge", "param": "middle"}),
    ("count", {"op": "gt", "param": "middle"}),
    ("count", {"op": "between", "value": [2, 4]}),
    ("when", {"op": "le", "value": "governing_day"}),
    ("when", {"op": "lt", "value": "governing_day"}),
    ("when", {"op": "ge", "value": "governing_day"}),
    ("when", {"op": "gt", "value": "governing_day"}),
    ("when", {"op": "before", "param": "cut"}),
    ("when", {"op": "after", "param": "cut"}),
    ("when", {"op": "between", "value": ["2025-02-27", "2025-03-01"]}),
    ("born", {"op": "age_at", "param": ["youngest", "oldest"]}),
)
RULE_DAYS = (date(2025, 2, 28), date(2025, 3, 1), date(2028, 2, 29))


def random_node(draw: random.Random, depth: int, leaves: list[dict[str, Any]]) -> dict[str, Any]:
    if depth == 0 or draw.random() < 0.4:
        claim, test = draw.choice(LEAVES)
        alias = draw.choice(("one", "two"))
        law = {"article": "1", "source": "a test", "basis": "P"}
        leaf = {"id": f"c{len(leaves)}", "credential": alias, "claim": [claim], **test, "law": law}
        leaves.append({**leaf, "text": "t", "on_missing": "m"})
        return leaves[-1]
    members = [random_node(draw, depth - 1, leaves) for _ in range(draw.randint(1, 4))]
    kind = draw.choice(("all", "any", "none", "at_least"))
    if kind == "at_least":
        return {kind: {"n": draw.randint(1, len(members)), "of": members}}
    return {kind: members}


def random_rule(draw: random.Random) -> dict[str, Any]:
    """Return a rule that names both certificates and every parameter, under nested groups."""
    leaves: list[dict[str, Any]] = []
    groups = [random_node(draw, 3, leaves) for _ in range(2)]
    anchor = {"any": [random_leaf(leaves, alias, *leaf) for alias, leaf in needed_leaves()]}
    rule = copy.deepcopy(FRAME)
    rule["conditions"] = {draw.choice(("all", "any")): [*groups, anchor]}
    return rule


def needed_leaves() -> list[tuple[str, tuple[str, dict[str, Any]]]]:
    named = [leaf for leaf in LEAVES if "param" in leaf[1]]
    return [(("one", "two")[i % 2], leaf) for i, leaf in enumerate(named)]


def random_leaf(
    leaves: list[dict[str, Any]], alias: str, claim: str, test: dict[str, Any]
) -> dict[str, Any]:
    law = {"article": "1", "source": "a test", "basis": "P"}
    leaf = {"id": f"c{len(leaves)}", "credential": alias, "claim": [claim], **test, "law": law}
    leaves.append({**leaf, "text": "t", "on_missing": "m"})
    return leaves[-1]


def dated(*values: tuple[str, Any]) -> list[dict[str, Any]]:
    return [
        {"from": day, "value": value, "source": "a test", "basis": "P"} for day, value in values
    ]


FRAME: dict[str, Any] = {
    "programme": "random",
    "version": "1",
    "effective_from": "2025-01-01",
    "effective_to": None,
    "time_zone": "Asia/Seoul",
    "governing_day": "notice",
    "predecessor": None,
    "law": {"reference": "r", "scheme": "s", "distinct_from": "d", "basis": "P"},
    "parameters": {
        "middle": dated(("2025-01-01", 3), ("2025-03-01", 4)),
        "cut": dated(("2025-01-01", "2025-02-28"), ("2028-01-01", "2028-02-29")),
        "youngest": dated(("2025-01-01", 19)),
        "oldest": dated(("2025-01-01", 39)),
    },
    "credentials": {
        "one": {"type": "first", "attested_by": "municipality"},
        "two": {"type": "second", "attested_by": [ISSUERS[0]]},
    },
    "conditions": {},
    "benefit": {"amount": 1, "months": 1, "once": False, "text": "b"},
}


def random_claims(draw: random.Random, day: date) -> dict[str, Any]:
    birth = date(day.year - draw.choice((18, 19, 20, 39, 40)), 2, 28)
    return {
        "flag": draw.random() < 0.5,
        "word": draw.choice(("none", "ended", "present")),
        "count": draw.randint(0, 6),
        "when": some_day(draw, day, 2),
        "born": some_day(draw, birth, 3),
    }


@pytest.mark.parametrize("seed", range(RANDOM_RULES))
def test_random_nested_rules_and_cel_never_disagree(seed: int, cel_decider: Compile) -> None:
    draw = generator(seed)
    file, day = random_rule(draw), RULE_DAYS[seed % len(RULE_DAYS)]
    rule, oracle = parse_rule(file), cel_decider(file, day)
    for _ in range(PEOPLE_PER_RULE):
        claims = {"first": random_claims(draw, day), "second": random_claims(draw, day)}
        evidence = presented(draw, claims, gaps=True)
        assert decide(rule, evidence, day=day).outcome is oracle(evidence), (file, evidence)


def test_the_oracle_tells_the_three_values_apart(cel_decider: Compile) -> None:
    file = copy.deepcopy(FRAME)
    file["conditions"] = {"all": [random_leaf([], "one", "flag", {"op": "eq", "value": True})]}
    oracle = cel_decider(file, RULE_DAYS[0])
    held = [
        CredentialEvidence("first", ISSUERS[0], "valid", {"flag": flag}) for flag in (True, False)
    ]
    assert [oracle([one]) for one in held] == [Truth.YES, Truth.NO]
    assert oracle([CredentialEvidence("first", ISSUERS[0], "valid", {})]) is Truth.UNKNOWN
    assert oracle([]) is Truth.UNKNOWN
