from collections.abc import Callable, Sequence
from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding.strict_json import Json
from madang.core.rules.errors import RuleError
from madang.core.rules.evaluate import decide
from madang.core.rules.model import Condition, CredentialEvidence, GroupKind, Literal, Node, Truth
from madang.core.rules.parser import parse_rule
from madang.core.rules.query import MAX_SETS, derive_query, sufficient_sets

DAY = date(2025, 6, 1)
Make = Callable[[Json], Json]
MakeLeaf = Callable[..., Json]
ALIASES = ("a", "b", "c", "d")


def derived(file: Json, day: date = DAY, *, partial: bool = False) -> Json:
    return derive_query(parse_rule(file), day=day, vct_of=lambda t: f"vct:{t}", partial=partial)


def test_one_entry_per_certificate_with_only_the_named_claims(rule_file: dict[str, Json]) -> None:
    assert derived(rule_file) == {
        "credentials": [
            {
                "id": "person",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["vct:card"]},
                "claims": [{"path": ["birthdate"]}, {"path": ["below", "150"]}],
            },
            {
                "id": "home",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["vct:lease"]},
                "claims": [{"path": ["rent"]}],
            },
        ]
    }


def test_a_path_follows_its_parameter_through_the_days(
    rule_file: dict[str, Json], make_parameter: MakeLeaf
) -> None:
    rule_file["parameters"]["share"] = make_parameter(("2025-01-01", 120), ("2025-06-02", 150))
    before, after = (derived(rule_file, day) for day in (DAY, date(2025, 6, 2)))
    assert before["credentials"][0]["claims"][1] == {"path": ["below", "120"]}
    assert after["credentials"][0]["claims"][1] == {"path": ["below", "150"]}


def test_a_claim_that_two_conditions_read_is_asked_once(
    of_conditions: Make, make_leaf: MakeLeaf
) -> None:
    low = make_leaf("low", "person", ["count"], "ge", value=1)
    high = make_leaf("high", "person", ["count"], "le", value=5)
    (entry,) = derived(of_conditions({"all": [low, high]}))["credentials"]
    assert entry["claims"] == [{"path": ["count"]}]


def test_the_same_rule_gives_the_same_query(rule_file: dict[str, Json]) -> None:
    assert derived(rule_file) == derived(dict(rule_file))


def test_alternatives_may_be_answered_by_either(of_conditions: Make, make_leaf: MakeLeaf) -> None:
    either = [
        {
            "all": [
                make_leaf("x", "person", ["x"], "exists"),
                make_leaf("y", "person", ["y"], "exists"),
            ]
        },
        make_leaf("z", "home", ["z"], "exists"),
    ]
    query = derived(of_conditions({"any": either}))
    assert [entry["id"] for entry in query["credentials"]] == ["person", "home"]
    assert query["credential_sets"] == [{"options": [["home"], ["person"]]}]


def test_a_certificate_that_no_way_to_a_yes_needs_is_not_asked_for(
    of_conditions: Make, make_leaf: MakeLeaf
) -> None:
    alone = make_leaf("alone", "person", ["x"], "exists")
    both = {"all": [alone | {"id": "again"}, make_leaf("z", "home", ["z"], "exists")]}
    query = derived(of_conditions({"any": [alone, both]}))
    assert [entry["id"] for entry in query["credentials"]] == ["person"]
    assert "credential_sets" not in query


def test_a_partial_query_lets_a_wallet_answer_with_what_it_has(
    rule_file: dict[str, Json],
) -> None:
    query = derived(rule_file, partial=True)
    assert query["credentials"] == derived(rule_file)["credentials"]
    assert query["credential_sets"] == [
        {"options": [["person"]], "required": False},
        {"options": [["home"]], "required": False},
    ]


def test_no_query_for_a_day_that_the_rule_does_not_govern(rule_file: dict[str, Json]) -> None:
    with pytest.raises(RuleError, match="a day from 2025-01-01"):
        derived(rule_file, date(2026, 1, 1))


def with_aliases(file: dict[str, Json], conditions: Json, aliases: Sequence[str]) -> Json:
    credentials = {name: {"type": f"t_{name}", "attested_by": "municipality"} for name in aliases}
    benefit = {"amount": {"param": "amount"}, "months": 1, "once": False, "text": "b"}
    parameters = {"amount": file["parameters"]["amount"]}
    return {
        **file,
        "credentials": credentials,
        "conditions": conditions,
        "benefit": benefit,
        "parameters": parameters,
    }


def trees(make_leaf: MakeLeaf) -> st.SearchStrategy[Json]:
    leaves = st.builds(
        lambda alias, value: make_leaf("x", alias, ["flag"], "eq", value=value),
        st.sampled_from(ALIASES),
        st.booleans(),
    )
    return st.recursive(leaves, lambda inner: groups(st.lists(inner, min_size=1, max_size=3)))


def groups(members: st.SearchStrategy[list[Json]]) -> st.SearchStrategy[Json]:
    plain = st.builds(lambda w, m: {w: m}, st.sampled_from(("all", "any", "none")), members)
    counted = members.flatmap(
        lambda m: st.integers(1, len(m)).map(lambda n: {"at_least": {"n": n, "of": m}})
    )
    return plain | counted


def numbered(node: Json, names: list[str]) -> Json:
    """Give every leaf an id of its own, and a claim of its own, so that each can be true or not."""
    if "op" in node:
        names.append(f"c{len(names)}")
        return {**node, "id": names[-1], "claim": [names[-1]]}
    if "at_least" in node:
        inner = node["at_least"]
        return {"at_least": {**inner, "of": [numbered(m, names) for m in inner["of"]]}}
    ((word, members),) = node.items()
    return {word: [numbered(member, names) for member in members]}


@given(data=st.data())
def test_the_sets_are_exactly_those_that_can_come_to_a_yes(data: st.DataObject) -> None:
    """Compare with the engine: can any claims of these certificates alone make it a yes?"""
    tree = data.draw(trees(leaf_of))
    names: list[str] = []
    conditions = {"all": [numbered(tree, names)]}
    aliases = [alias for alias in ALIASES if f"'credential': '{alias}'" in repr(conditions)]
    rule = parse_rule(with_aliases(FRAME, conditions, aliases))
    wanted = wishes(rule.conditions, yes=True)
    reaching = {
        frozenset(some)
        for size in range(len(aliases) + 1)
        for some in combinations(aliases, size)
        if decide(rule, [held(a, wanted) for a in some], day=DAY).outcome is Truth.YES
    }
    smallest = {s for s in reaching if not any(other < s for other in reaching)}
    assert set(sufficient_sets(rule)) == smallest


def leaf_of(name: str, alias: str, claim: list[str], op: str, *, value: bool) -> Json:
    law = {"article": "1", "source": "s", "basis": "P"}
    leaf = {"id": name, "credential": alias, "claim": claim, "op": op, "value": value}
    return {**leaf, "law": law, "text": "t", "on_missing": "m"}


FRAME: dict[str, Json] = {
    "programme": "p",
    "version": "1",
    "effective_from": "2025-01-01",
    "effective_to": None,
    "time_zone": "Asia/Seoul",
    "governing_day": "application",
    "predecessor": None,
    "law": {"reference": "r", "scheme": "s", "distinct_from": "d", "basis": "P"},
    "parameters": {
        "amount": [{"from": "2025-01-01", "value": 1, "source": "s", "basis": "P"}],
    },
}


def wishes(node: Node, *, yes: bool) -> dict[str, dict[str, bool]]:
    """Return per alias the claims that make every condition turn out as the rule would like."""
    if isinstance(node, Condition):
        operand = node.operands[0]
        return {node.credential: {str(node.claim[0]): (operand == Literal(value=True)) is yes}}
    result: dict[str, dict[str, bool]] = {}
    for member in node.members:
        for alias, claims in wishes(member, yes=yes is not (node.kind is GroupKind.NONE)).items():
            result.setdefault(alias, {}).update(claims)
    return result


def held(alias: str, wanted: dict[str, dict[str, bool]]) -> CredentialEvidence:
    return CredentialEvidence(f"t_{alias}", "https://i.example", "valid", wanted.get(alias, {}))


def test_the_limit_of_choices(rule_file: dict[str, Json]) -> None:
    names = [f"a{i}" for i in range(9)]
    leaves = [leaf_of(name, name, ["flag"], "eq", value=True) for name in names]
    few = {"at_least": {"n": 2, "of": leaves}}
    assert len(sufficient_sets(parse_rule(with_aliases(rule_file, few, names)))) == 36
    many = {"at_least": {"n": 4, "of": leaves}}
    with pytest.raises(RuleError, match=f"at most {MAX_SETS} sets"):
        sufficient_sets(parse_rule(with_aliases(rule_file, many, names)))
