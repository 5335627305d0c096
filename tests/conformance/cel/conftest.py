"""Translates a rule file to the Common Expression Language, and runs Google's implementation.

The translation reads the file itself and shares no code with the engine: parameters, dates, ages
and paths are worked out again here. What the engine calls unknown is an error in CEL, whose
``&&`` and ``||`` let a false or a true win over an error, as Kleene's logic does.
"""

import json
from collections.abc import Callable
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from cel_expr_python import cel

from madang.core.encoding.strict_json import Json
from madang.core.rules.model import CredentialEvidence, Truth

ERROR = "[true][1]"
SAFE = 2**53 - 1
SYMBOLS = {"le": "<=", "lt": "<", "ge": ">=", "gt": ">", "before": "<", "after": ">"}
RESULTS = {True: Truth.YES, False: Truth.NO}

Decider = Callable[[list[CredentialEvidence]], Truth]


class Translator:
    """Writes the CEL expression of one rule file for one day."""

    def __init__(self, rule: dict[str, Any], day: date) -> None:
        self.rule, self.day = rule, day

    def parameter(self, name: str) -> Json:
        entries = self.rule["parameters"][name]
        return [e["value"] for e in entries if e["from"] <= self.day.isoformat()][-1]

    def node(self, node: dict[str, Any]) -> str:
        if "all" in node:
            return self.joined(" && ", node["all"])
        if "any" in node:
            return self.joined(" || ", node["any"])
        if "none" in node:
            return f"!({self.joined(' || ', node['none'])})"
        if "at_least" in node:
            some = combinations(node["at_least"]["of"], node["at_least"]["n"])
            return " || ".join(f"({self.joined(' && ', list(members))})" for members in some)
        return self.leaf(node)

    def joined(self, symbol: str, nodes: list[dict[str, Any]]) -> str:
        return symbol.join(f"({self.node(node)})" for node in nodes)

    def leaf(self, leaf: dict[str, Any]) -> str:
        need = self.rule["credentials"][leaf["credential"]]
        held = f"held[{json.dumps(need['type'])}]"
        claim = f"{held}.claims"
        for element in leaf["claim"]:
            name = self.parameter(element["param"]) if isinstance(element, dict) else element
            claim += f"[{json.dumps(str(name))}]"
        counts = f'{held}.status == "valid"'
        if isinstance(need["attested_by"], list):
            counts += f" && {held}.issuer in {json.dumps(need['attested_by'])}"
        return f"({counts}) ? ({self.comparison(leaf, claim)}) : {ERROR}"

    def operands(self, leaf: dict[str, Any]) -> Json:
        if "value" in leaf:
            return leaf["value"]
        named = leaf["param"]
        if isinstance(named, list):
            return [self.parameter(name) for name in named]
        return self.parameter(named)

    def comparison(self, leaf: dict[str, Any], claim: str) -> str:
        operator = leaf["op"]
        if operator == "exists":
            return f"{claim} == null ? {ERROR} : true"
        value = self.operands(leaf)
        if operator == "eq":
            return self.guarded(claim, value, f"{claim} == {json.dumps(value)}")
        if operator == "in":
            return self.guarded(claim, value[0], f"{claim} in {json.dumps(value)}")
        if operator == "age_at":
            age = self.age(claim)
            return f"{value[0]} <= {age} && {age} <= {value[1]}"
        if operator == "between":
            lower, upper = (
                self.ordered(claim, s, v) for s, v in zip((">=", "<="), value, strict=True)
            )
            return f"({lower}) && ({upper})"
        return self.ordered(claim, SYMBOLS[operator], value)

    def guarded(self, claim: str, sample: Json, test: str) -> str:
        kind = {bool: "bool", int: "int", str: "string"}[type(sample)]
        safe = f" && {claim} >= {-SAFE} && {claim} <= {SAFE}" if kind == "int" else ""
        return f"(type({claim}) == {kind}{safe}) ? ({test}) : {ERROR}"

    def ordered(self, claim: str, symbol: str, value: Json) -> str:
        if isinstance(value, int):
            return self.guarded(claim, value, f"{claim} {symbol} {value}")
        bound = self.day.isoformat() if value == "governing_day" else value
        return f'{self.moment(claim)} {symbol} timestamp("{bound}T00:00:00Z")'

    def moment(self, claim: str) -> str:
        form = '"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"'
        return f'({claim}.matches({form}) ? timestamp({claim} + "T00:00:00Z") : [timestamp(0)][1])'

    def age(self, claim: str) -> str:
        born, day = self.moment(claim), self.day
        later = f"({born}.getMonth() > {day.month - 1} || ({born}.getMonth() == {day.month - 1}"
        later += f" && {born}.getDate() > {day.day}))"
        return f"({day.year} - {born}.getFullYear() - ({later} ? 1 : 0))"


def outcome(expression: cel.Expression, held: dict[str, Any]) -> Truth:
    result = expression.eval(data={"held": held})
    if result.type() == cel.Type.ERROR:
        return Truth.UNKNOWN
    return RESULTS[result.value()]


@pytest.fixture(scope="session")
def cel_decider() -> Callable[[dict[str, Any], date], Decider]:
    """Return a function from a rule file and a day to a decider that runs in CEL."""
    environment = cel.NewEnv(variables={"held": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})

    def compiled(rule: dict[str, Any], day: date) -> Decider:
        expression = environment.compile(Translator(rule, day).node(rule["conditions"]))

        def decide(evidence: list[CredentialEvidence]) -> Truth:
            held = {
                item.type_id: {
                    "status": item.status,
                    "issuer": item.issuer,
                    "claims": dict(item.claims),
                }
                for item in evidence
            }
            return outcome(expression, held)

        return decide

    return compiled
