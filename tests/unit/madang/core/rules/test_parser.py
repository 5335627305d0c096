import copy
from collections.abc import Callable
from datetime import date

import pytest

from madang.core.encoding import base64url, canonical_json
from madang.core.encoding.strict_json import Json
from madang.core.rules.conditions_parser import MAX_DEPTH, MAX_PATH
from madang.core.rules.consistency import MAX_CONDITIONS, change_days
from madang.core.rules.errors import RuleError
from madang.core.rules.model import (
    Basis,
    GoverningDayRef,
    GroupKind,
    Literal,
    Operator,
    ParameterName,
    ParameterRef,
)
from madang.core.rules.parser import parse_rule
from madang.core.rules.reader import MAX_NESTING
from madang.core.rules.resolve import conditions_of

DELETE = object()
MakeLeaf = Callable[..., Json]


def edited(file: Json, place: str, value: object) -> Json:
    """Return a copy of a file with one place changed; a place is keys and indexes with dots."""
    result = copy.deepcopy(file)
    *parents, last = (int(step) if step.isdigit() else step for step in place.split("."))
    inner = result
    for step in parents:
        inner = inner[step]
    if value is DELETE:
        del inner[last]
    else:
        inner[last] = value
    return result


def test_a_rule_as_values(rule_file: dict[str, Json]) -> None:
    rule = parse_rule(rule_file)
    assert (rule.programme, rule.version) == ("rent", "2025")
    assert (rule.effective_from, rule.effective_to) == (date(2025, 1, 1), date(2025, 12, 31))
    assert rule.digest == canonical_json.digest(rule_file)
    assert [need.type_id for need in rule.credentials] == ["card", "lease"]
    assert rule.credentials[0].issuers is None
    assert rule.parameters[ParameterName("ceiling")][1].value == 600
    assert rule.parameters[ParameterName("share")][0].basis is Basis.BLOG
    assert rule.benefit.months == Literal(12)


def test_conditions_keep_their_order_and_operands(rule_file: dict[str, Json]) -> None:
    conditions = list(conditions_of(parse_rule(rule_file).conditions))
    assert [condition.id for condition in conditions] == ["age", "income", "rent"]
    assert conditions[0].operands == (Literal(19), Literal(39))
    assert conditions[1].claim == ("below", ParameterRef(ParameterName("share")))
    assert conditions[1].predicate
    assert conditions[2].operands == (ParameterRef(ParameterName("ceiling")),)
    assert conditions[2].operator is Operator.LE
    assert conditions[2].law.article == "7"


@pytest.mark.parametrize("word", ["all", "any", "none"])
def test_groups(of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf, word: str) -> None:
    rule = parse_rule(of_conditions({word: [make_leaf("a", "person", ["a"], "exists")]}))
    assert rule.conditions.kind is GroupKind(word)
    assert rule.conditions.count == 0


def test_at_least(of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf) -> None:
    members = [make_leaf(name, "person", [name], "exists") for name in ("a", "b", "c")]
    rule = parse_rule(of_conditions({"at_least": {"n": 2, "of": members}}))
    assert (rule.conditions.kind, rule.conditions.count) == (GroupKind.AT_LEAST, 2)


def test_the_governing_day_as_an_operand(
    of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf
) -> None:
    leaf = make_leaf("a", "person", ["a"], "before", value="governing_day")
    (condition,) = conditions_of(parse_rule(of_conditions({"all": [leaf]})).conditions)
    assert condition.operands == (GoverningDayRef(),)


def test_the_governing_day_is_a_plain_word_where_no_dates_are_compared(
    of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf
) -> None:
    leaf = make_leaf("a", "person", ["a"], "eq", value="governing_day")
    (condition,) = conditions_of(parse_rule(of_conditions({"all": [leaf]})).conditions)
    assert condition.operands == (Literal("governing_day"),)


def test_equal_rules_are_those_with_equal_canonical_forms(rule_file: dict[str, Json]) -> None:
    turned = dict(reversed(rule_file.items()))
    other = edited(rule_file, "version", "2025b")
    assert parse_rule(turned) == parse_rule(rule_file)
    assert hash(parse_rule(turned)) == hash(parse_rule(rule_file))
    assert parse_rule(other) != parse_rule(rule_file)


def test_change_days(rule_file: dict[str, Json]) -> None:
    assert change_days(parse_rule(rule_file)) == (date(2025, 1, 1), date(2025, 7, 1))


LEAF = "conditions.all.2"
REFUSED: list[tuple[str, object, str, str]] = [
    ("programme", "Rent!", "$.programme", "an id of lower-case"),
    ("programme", DELETE, "$.programme", "a value, found nothing"),
    ("version", "", "$.version", "a text that is not empty"),
    ("surprise", 1, "$.surprise", "only programme, version"),
    ("effective_from", "2025-1-1", "$.effective_from", "a date YYYY-MM-DD, found '2025-1-1'"),
    ("effective_to", "2024-12-31", "$.effective_to", "a day from 2025-01-01 on, or null"),
    ("effective_to", 5, "$.effective_to", "a date"),
    ("time_zone", "Seoul", "$.time_zone", "IANA"),
    ("time_zone", "Asia/Se oul", "$.time_zone", "IANA"),
    ("governing_day", "today", "$.governing_day", "one of application, birth, notice"),
    ("predecessor", "abc", "$.predecessor", "null or the base64url SHA-256"),
    ("predecessor", "!", "$.predecessor", "null or the base64url SHA-256"),
    ("law", [], "$.law", "an object, found a list of 0"),
    ("law.basis", "X", "$.law.basis", "one of P, B, R, M"),
    ("law.more", "x", "$.law.more", "only reference"),
    ("law.scheme", DELETE, "$.law.scheme", "a value"),
    ("parameters", {}, "$.parameters", "at least one member"),
    ("parameters.Big", [], "$.parameters.Big", "an id as key"),
    ("parameters.ceiling", [], "$.parameters.ceiling", "a list with at least one element"),
    ("parameters.ceiling.0.value", 0.5, "$.parameters.ceiling[0].value", "no fractions"),
    ("parameters.ceiling.0.value", {}, "$.parameters.ceiling[0].value", "a text, whole number"),
    ("parameters.ceiling.0.value", 2**53, "$.parameters.ceiling[0].value", "a text, whole"),
    ("parameters.ceiling.0.value", [], "$.parameters.ceiling[0].value", "a text, whole number"),
    ("parameters.ceiling.0.basis", "p", "$.parameters.ceiling[0].basis", "one of P, B, R, M"),
    ("parameters.ceiling.0.source", " ", "$.parameters.ceiling[0].source", "a text"),
    ("parameters.ceiling.0.source", DELETE, "$.parameters.ceiling[0].source", "a value"),
    ("parameters.ceiling.0.note", "N.1", "$.parameters.ceiling[0].note", "an id"),
    ("parameters.ceiling.0.since", 1, "$.parameters.ceiling[0].since", "only from, value"),
    ("parameters.ceiling.0.from", "2025-01-02", "$.parameters.ceiling[0].from", "a day up to"),
    ("parameters.ceiling.1.from", "2025-01-01", "$.parameters.ceiling[1].from", "a day after"),
    ("parameters.ceiling.1.from", "2026-01-01", "$.parameters.ceiling[1].from", "within"),
    ("parameters.ceiling.1.value", "x", "$.conditions.all[2].op", "fit on 2025-07-01"),
    ("parameters.share.0.value", True, "$.conditions.all[1].claim[1]", "a text or a whole"),
    ("parameters.share.0.value", [1], "$.conditions.all[1].claim[1]", "a text or a whole"),
    ("parameters.idle", [{"from": "2025-01-01", "value": 1, "source": "s", "basis": "P"}],
     "$.parameters.idle", "a use by a condition or the benefit, found none"),
    ("credentials", {}, "$.credentials", "at least one member"),
    ("credentials.person.type", 5, "$.credentials.person.type", "an id"),
    ("credentials.person.issuer", 5, "$.credentials.person.issuer", "only type, attested_by"),
    ("credentials.home.type", "card", "$.credentials.home.type", "a certificate type named once"),
    ("credentials.home.attested_by", "anybody", "$.credentials.home.attested_by", "municipality"),
    ("credentials.home.attested_by", [], "$.credentials.home.attested_by", "at least one"),
    ("credentials.home.attested_by", ["x"], "$.credentials.home.attested_by[0]", "https"),
    ("credentials.idle", {"type": "idle", "attested_by": "municipality"},
     "$.credentials.idle", "a use"),
    ("conditions", [], "$.conditions", "an object"),
    ("conditions", {}, "$.conditions", "one of all, any, none, at_least alone"),
    ("conditions.any", [], "$.conditions", "one of all, any, none, at_least alone"),
    ("conditions.all", [], "$.conditions.all", "a list with at least one element"),
    ("conditions.all", [5], "$.conditions.all[0]", "an object, found 5"),
    ("conditions.all", [{"any": [], "id": "x"}], "$.conditions.all[0]", "one of all, any"),
    ("conditions", {"at_least": {"n": 0, "of": [{}]}}, "$.conditions.at_least.of[0].id", "a value"),
    (f"{LEAF}.op", "eqq", "$.conditions.all[2].op", "one of eq, in, le, lt, ge, gt, between"),
    (f"{LEAF}.op", DELETE, "$.conditions.all[2].op", "a value"),
    (f"{LEAF}.op", "exists", "$.conditions.all[2].op", "no value and no param, found param"),
    (f"{LEAF}.op", "age_at", "$.conditions.all[2].param", "a list of 2"),
    (f"{LEAF}.op", "before", "$.conditions.all[2].op", "one date YYYY-MM-DD or governing_day"),
    (f"{LEAF}.value", 5, "$.conditions.all[2].op", "either value or param, found value and param"),
    (f"{LEAF}.param", DELETE, "$.conditions.all[2].op", "either value or param, found neither"),
    (f"{LEAF}.param", "nobody", "$.conditions.all[2]", "one of amount, ceiling, share"),
    (f"{LEAF}.param", 5, "$.conditions.all[2].param", "the name of a parameter"),
    (f"{LEAF}.credential", "nobody", "$.conditions.all[2].credential", "one of home, person"),
    (f"{LEAF}.claim", [], "$.conditions.all[2].claim", "a list with at least one"),
    (f"{LEAF}.claim", "rent", "$.conditions.all[2].claim", "a list"),
    (f"{LEAF}.claim", [0], "$.conditions.all[2].claim[0]", "the name of a claim"),
    (f"{LEAF}.claim", [""], "$.conditions.all[2].claim[0]", "the name of a claim"),
    (f"{LEAF}.claim", [{"param": "x", "y": 1}], "$.conditions.all[2].claim[0].y", "only param"),
    (f"{LEAF}.claim", ["x"] * (MAX_PATH + 1), "$.conditions.all[2].claim", "at most 8 elements"),
    (f"{LEAF}.id", "age", "$.conditions.all[2].id", "an id used once, found 'age' again"),
    (f"{LEAF}.law.article", DELETE, "$.conditions.all[2].law.article", "a value"),
    (f"{LEAF}.law.note", "x", "$.conditions.all[2].law.note", "only article, source, basis"),
    (f"{LEAF}.text", DELETE, "$.conditions.all[2].text", "a value"),
    (f"{LEAF}.comment", "x", "$.conditions.all[2].comment", "only id, credential"),
    ("conditions.all.0.value", [39, 19], "$.conditions.all[0].op", "the lower first"),
    ("conditions.all.0.value", [19], "$.conditions.all[0].value", "a list of 2"),
    ("conditions.all.0.value", [19, None], "$.conditions.all[0].value[1]", "two ages"),
    ("conditions.all.0.claim", ["below", "150", "x"], "$.conditions.all[0].claim", "lie inside"),
    ("benefit.amount", "much", "$.benefit.amount", "a whole number or"),
    ("benefit.months", 0, "$.benefit.months", "a whole number from 1"),
    ("benefit.amount", True, "$.benefit.amount", "a whole number or"),
    ("benefit.amount", {"param": "nobody"}, "$.benefit.amount", "one of amount"),
    ("parameters.amount.0.value", "x", "$.benefit.amount", "a whole number from 1"),
    ("benefit.months", -1, "$.benefit.months", "a whole number from 1"),
    ("benefit.once", "yes", "$.benefit.once", "true or false"),
    ("benefit.at_most.claim", ["other"], "$.benefit.at_most", "a claim that a condition reads"),
    ("benefit.bonus", 1, "$.benefit.bonus", "only amount, months"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "value", "named", "expected"), REFUSED, ids=[f"{r[0]}-{r[3]}" for r in REFUSED]
)
def test_what_is_refused_and_where(
    rule_file: dict[str, Json], place: str, value: object, named: str, expected: str
) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(edited(rule_file, place, value))
    assert caught.value.place == named
    assert expected in str(caught.value)


@pytest.mark.parametrize("value", [None, [], "rule", 5])
def test_a_rule_is_an_object(value: Json) -> None:
    with pytest.raises(RuleError, match=r"\$: expected an object"):
        parse_rule(value)


def test_a_predecessor_is_a_digest(rule_file: dict[str, Json]) -> None:
    digest = b"\x07" * 32
    named = edited(rule_file, "predecessor", base64url.encode(digest))
    assert parse_rule(named).predecessor == digest


@pytest.mark.parametrize("n", [0, 3, True, "1", None])
def test_at_least_counts_within_its_members(
    of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf, n: object
) -> None:
    members = [make_leaf(name, "person", [name], "exists") for name in ("a", "b")]
    with pytest.raises(RuleError, match=r"at_least\.n: expected a whole number from 1 to 2"):
        parse_rule(of_conditions({"at_least": {"n": n, "of": members}}))


@pytest.mark.parametrize(
    ("operand", "expected"),
    [
        ({"op": "in", "value": [1, "1"]}, "of different whole numbers"),
        ({"op": "in", "value": [1, []]}, "a list of other things"),
        ({"op": "in", "value": {}}, "found an object"),
        ({"op": "eq", "value": ["a"]}, "one text, whole number, true or false"),
        ({"op": "le", "value": "high"}, "one whole number, date"),
        ({"op": "between", "value": [1, "2025-01-01"]}, "the lower first"),
    ],
)
def test_literals_that_do_not_fit(
    of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf, operand: Json, expected: str
) -> None:
    leaf = {**make_leaf("a", "person", ["a"], "eq", value=1), **operand}
    with pytest.raises(RuleError, match=expected):
        parse_rule(of_conditions({"all": [leaf]}))


def nested(leaf: Json, depth: int) -> Json:
    return {"all": [leaf if depth == 1 else nested(leaf, depth - 1)]}


def test_the_limit_of_nested_groups(
    of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf
) -> None:
    leaf = make_leaf("a", "person", ["a"], "exists")
    parse_rule(of_conditions(nested(leaf, MAX_DEPTH)))
    with pytest.raises(RuleError, match=f"at most {MAX_DEPTH} groups"):
        parse_rule(of_conditions(nested(leaf, MAX_DEPTH + 1)))


def test_the_limit_of_nested_values(rule_file: dict[str, Json]) -> None:
    deep: Json = 1
    for _ in range(MAX_NESTING + 5):
        deep = [deep]
    with pytest.raises(RuleError, match=f"at most {MAX_NESTING} objects and lists"):
        parse_rule(edited(rule_file, "version", deep))


def test_the_limit_of_conditions(
    of_conditions: Callable[[Json], Json], make_leaf: MakeLeaf
) -> None:
    leaves = [make_leaf(f"c{i}", "person", [f"c{i}"], "exists") for i in range(MAX_CONDITIONS)]
    parse_rule(of_conditions({"all": leaves}))
    one_more = make_leaf("last", "person", ["last"], "exists")
    with pytest.raises(RuleError, match=f"at most {MAX_CONDITIONS} conditions"):
        parse_rule(of_conditions({"all": [*leaves, one_more]}))


def test_a_message_does_not_repeat_a_long_value(rule_file: dict[str, Json]) -> None:
    with pytest.raises(RuleError, match="found a long value"):
        parse_rule(edited(rule_file, "programme", "X" * 500))


def test_a_surrogate_has_no_canonical_form(rule_file: dict[str, Json]) -> None:
    with pytest.raises(RuleError, match=r"\$\.version: expected a text"):
        parse_rule(edited(rule_file, "version", "\ud800"))
