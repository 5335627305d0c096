"""Metadata policies: which are none, what they become together, and what they leave of metadata."""

from collections.abc import Mapping
from contextlib import suppress
from functools import reduce
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding.strict_json import Json
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.metadata_policy import (
    MAX_CHARS,
    OPERATORS,
    Metadata,
    Policy,
    apply_policy,
    merge,
    read_policy,
)

RP: Final = "openid_relying_party"
ABC: Final = ["a", "b", "c"]
ABSENT: Final = None
"""No parameter: null is no value of metadata."""


def policy_of(*superiors: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return what the operators of each superior, the uppermost first, are together."""
    read = (read_policy({RP: {"x": each}}) for each in superiors)
    return reduce(merge, read)[RP]["x"]


def left(operators: Mapping[str, Json], value: Json) -> Json:
    """Return what operators leave of a parameter."""
    policy = read_policy({RP: {"x": operators}})
    metadata = {RP: {} if value is ABSENT else {"x": value}}
    return apply_policy(policy, metadata)[RP].get("x", ABSENT)


def refuses(*superiors: Mapping[str, Json]) -> bool:
    try:
        policy_of(*superiors)
    except OpenIdError as error:
        return error.code == "metadata_policy"
    return False


# --- the example of section 6.1.5

ANCHOR: Final = {
    "grant_types": {
        "default": ["authorization_code"],
        "subset_of": ["authorization_code", "refresh_token"],
        "superset_of": ["authorization_code"],
    },
    "token_endpoint_auth_method": {
        "one_of": ["private_key_jwt", "self_signed_tls_client_auth"],
        "essential": True,
    },
    "token_endpoint_auth_signing_alg": {"one_of": ["PS256", "ES256"]},
    "subject_type": {"value": "pairwise"},
    "contacts": {"add": ["helpdesk@federation.example.org"]},
}
MIDDLE: Final = {
    "grant_types": {"subset_of": ["authorization_code"]},
    "token_endpoint_auth_method": {"one_of": ["self_signed_tls_client_auth"]},
    "contacts": {"add": ["helpdesk@org.example.org"]},
}
MERGED: Final = {
    "grant_types": {
        "default": ["authorization_code"],
        "superset_of": ["authorization_code"],
        "subset_of": ["authorization_code"],
    },
    "token_endpoint_auth_method": {"one_of": ["self_signed_tls_client_auth"], "essential": True},
    "token_endpoint_auth_signing_alg": {"one_of": ["PS256", "ES256"]},
    "subject_type": {"value": "pairwise"},
    "contacts": {"add": ["helpdesk@federation.example.org", "helpdesk@org.example.org"]},
}
OWN: Final = {
    "redirect_uris": ["https://rp.example.org/callback"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "self_signed_tls_client_auth",
    "contacts": ["rp_admins@rp.example.org"],
}
RESOLVED: Final = {
    **OWN,
    "grant_types": ["authorization_code"],
    "subject_type": "pairwise",
    "contacts": [
        "rp_admins@rp.example.org",
        "helpdesk@federation.example.org",
        "helpdesk@org.example.org",
    ],
}


def test_the_example_of_the_specification() -> None:
    merged = merge(read_policy({RP: ANCHOR}), read_policy({RP: MIDDLE}))
    assert merged == {RP: MERGED}
    assert apply_policy(merged, {RP: OWN}) == {RP: RESOLVED}


# --- which policies are none


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {RP: None},
        {RP: []},
        {RP: {"x": None}},
        {RP: {"x": ["value"]}},
    ],
    ids=repr,
)
def test_a_policy_has_three_levels(value: object) -> None:
    with pytest.raises(OpenIdError, match="metadata_policy"):
        read_policy(value)


def test_a_policy_is_bounded() -> None:
    """Many chains may lead up from one issuer, and each is merged anew."""
    fits = {RP: {"x": {"value": "a" * (MAX_CHARS - len('{"":{"x":{"value":""}}}') - len(RP))}}}
    assert read_policy(fits) == fits
    fits[RP]["x"]["value"] += "a"
    with pytest.raises(OpenIdError, match=f"{MAX_CHARS}"):
        read_policy(fits)


@pytest.mark.parametrize("operator", ["add", "one_of", "subset_of", "superset_of"])
@pytest.mark.parametrize(
    "told", [None, "a", 1, True, {}, [None], [True], [["a"]], ["a", False]], ids=repr
)
def test_a_set_holds_text_numbers_or_objects(operator: str, told: Json) -> None:
    assert refuses({operator: told})


@pytest.mark.parametrize("operator", ["add", "one_of", "subset_of", "superset_of"])
@pytest.mark.parametrize("told", [["a"], [1], [0.5], [{"b": [None]}], ["a", 1]], ids=repr)
def test_what_a_set_may_hold(operator: str, told: Json) -> None:
    assert policy_of({operator: [*told, *told]}) == {operator: told}


@pytest.mark.parametrize(
    "operators",
    [{"default": None}, {"one_of": []}, *({"essential": told} for told in (None, 1, "true", []))],
    ids=repr,
)
def test_other_values_of_operators_are_refused(operators: Mapping[str, Json]) -> None:
    assert refuses(operators)


@pytest.mark.parametrize("operators", [{"regexp": "^a"}, {"Value": 1}, {}], ids=repr)
def test_an_operator_that_is_not_known_is_passed_over(operators: Mapping[str, Json]) -> None:
    assert policy_of(operators) == {}
    assert policy_of({**operators, "value": 1}) == {"value": 1}


# --- which go together (section 6.1.3.1)

ANY: Final[Mapping[str, Json]] = {
    "value": ["a", "b"],
    "add": ["a"],
    "default": ["c"],
    "one_of": ["a"],
    "subset_of": ABC,
    "superset_of": ["b"],
    "essential": True,
}
APART: Final = {
    frozenset(pair)
    for pair in [
        ("value", "one_of"),  # for this value, an array; see below for others
        ("add", "one_of"),
        ("one_of", "subset_of"),
        ("one_of", "superset_of"),
    ]
}


@pytest.mark.parametrize("one", OPERATORS)
@pytest.mark.parametrize("other", OPERATORS)
def test_which_operators_go_together(one: str, other: str) -> None:
    together = {one: ANY[one], other: ANY[other]}
    expected = frozenset({one, other}) in APART
    assert refuses(together) is expected
    assert refuses({one: ANY[one]}, {other: ANY[other]}) is expected


@pytest.mark.parametrize(
    ("one", "other", "good"),
    [
        ({"value": ["a", "b"]}, {"add": ["a", "b"]}, True),
        ({"value": ["a", "b"]}, {"add": ["a", "c"]}, False),
        ({"value": "a"}, {"add": ["a"]}, False),
        ({"value": None}, {"add": ["a"]}, False),
        ({"value": "a"}, {"default": "b"}, True),
        ({"value": None}, {"default": "b"}, False),
        ({"value": "a"}, {"one_of": ["a", "b"]}, True),
        ({"value": "c"}, {"one_of": ["a", "b"]}, False),
        ({"value": True}, {"one_of": [1]}, False),
        ({"value": None}, {"one_of": ["a"]}, False),
        ({"value": ["a"]}, {"subset_of": ["a", "b"]}, True),
        ({"value": []}, {"subset_of": []}, True),
        ({"value": ["a", "c"]}, {"subset_of": ["a", "b"]}, False),
        ({"value": "a"}, {"subset_of": ["a"]}, False),
        ({"value": None}, {"subset_of": ["a"]}, False),
        ({"value": ["a", "b"]}, {"superset_of": ["a"]}, True),
        ({"value": ["a"]}, {"superset_of": ["a", "b"]}, False),
        ({"value": None}, {"superset_of": []}, False),
        ({"value": None}, {"essential": False}, True),
        ({"value": None}, {"essential": True}, False),
        ({"add": ["a"]}, {"subset_of": ["a", "b"]}, True),
        ({"add": ["a", "c"]}, {"subset_of": ["a", "b"]}, False),
        ({"add": ["a"]}, {"superset_of": ["b"]}, True),
        ({"subset_of": ["a", "b"]}, {"superset_of": ["a", "b"]}, True),
        ({"subset_of": ["a"]}, {"superset_of": ["a", "b"]}, False),
    ],
    ids=repr,
)
def test_some_go_together_by_their_values(
    one: Mapping[str, Json], other: Mapping[str, Json], *, good: bool
) -> None:
    for above, below in ((one, other), (other, one)):
        assert refuses({**above, **below}) is not good
        assert refuses(above, below) is not good


# --- what they become together (sections 6.1.3.1 and 6.1.4.1)


@pytest.mark.parametrize(
    ("operator", "above", "below", "expected"),
    [
        ("value", "a", "a", "a"),
        ("value", 0.5, 0.5, 0.5),
        ("value", None, None, None),
        ("value", {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1, "b": 2}),
        ("add", ["a", "b"], ["b", "c"], ABC),
        ("default", ["a"], ["a"], ["a"]),
        ("one_of", ABC, ["c", "a", "x"], ["a", "c"]),
        ("subset_of", ABC, ["b", "x"], ["b"]),
        ("subset_of", ["a"], ["b"], []),
        ("superset_of", ["a"], ["b", "a"], ["a", "b"]),
        ("essential", False, False, False),
        ("essential", True, False, True),
        ("essential", False, True, True),
    ],
    ids=repr,
)
def test_an_operator_of_two_superiors(
    operator: str, above: Json, below: Json, expected: Json
) -> None:
    assert policy_of({operator: above}, {operator: below}) == {operator: expected}


@pytest.mark.parametrize(
    ("operator", "above", "below"),
    [
        ("value", "a", "b"),
        ("value", 1, True),
        ("value", None, "a"),
        ("value", ["a", "b"], ["b", "a"]),
        ("default", "a", "b"),
        ("default", ["a"], "a"),
        ("one_of", ["a"], ["b"]),
    ],
    ids=repr,
)
def test_superiors_that_contradict_each_other(operator: str, above: Json, below: Json) -> None:
    assert refuses({operator: above}, {operator: below})


def test_what_only_one_says_is_kept_on_every_level() -> None:
    above = read_policy({"a": {"x": {"essential": True}, "y": {"value": 1}}, "b": {}})
    below = read_policy({"a": {"x": {"add": ["v"]}, "z": {"value": 2}}, "c": {"x": {"value": 3}}})
    assert merge(above, below) == {
        "a": {"x": {"essential": True, "add": ["v"]}, "y": {"value": 1}, "z": {"value": 2}},
        "b": {},
        "c": {"x": {"value": 3}},
    }


# --- what they leave of metadata (sections 6.1.3.1 and 6.1.4.2)


@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"value": "a"}, ABSENT, "a"),
        ({"value": "a"}, ["b"], "a"),
        ({"value": None}, "a", ABSENT),
        ({"value": None}, ABSENT, ABSENT),
        ({"value": False}, True, False),
        ({"add": ["a"]}, ABSENT, ["a"]),
        ({"add": ["a", "b"]}, ["c", "a"], ["c", "a", "b"]),
        ({"add": [1]}, ["1"], ["1", 1]),
        ({"default": "a"}, ABSENT, "a"),
        ({"default": "a"}, "b", "b"),
        ({"default": True}, False, False),
        ({"one_of": ["a", "b"]}, "b", "b"),
        ({"one_of": ["a", "b"]}, ABSENT, ABSENT),
        ({"one_of": [{"a": [1]}]}, {"a": [1]}, {"a": [1]}),
        ({"subset_of": ABC}, ["d", "c", "a"], ["c", "a"]),
        ({"subset_of": ABC}, ["d"], []),
        ({"subset_of": ABC}, ABSENT, ABSENT),
        ({"superset_of": ["a"]}, ["b", "a"], ["b", "a"]),
        ({"superset_of": []}, [], []),
        ({"superset_of": ["a"]}, ABSENT, ABSENT),
        ({"essential": True}, False, False),
        ({"essential": True}, {}, {}),
        ({"essential": False}, ABSENT, ABSENT),
        # The table of section 6.1.3.1.8.
        ({"essential": True, "subset_of": ABC}, ["a", "e"], ["a"]),
        ({"essential": False, "subset_of": ABC}, ["a", "e"], ["a"]),
        ({"essential": True, "subset_of": ABC}, ["d", "e"], []),
        ({"essential": False, "subset_of": ABC}, ["d", "e"], []),
        ({"essential": False, "subset_of": ABC}, ABSENT, ABSENT),
        # One after the other, whatever the order in the text.
        ({"essential": True, "default": "a"}, ABSENT, "a"),
        ({"one_of": ["a"], "default": "a"}, ABSENT, "a"),
        ({"one_of": ["a"], "value": "a"}, "b", "a"),
        ({"superset_of": ["a"], "add": ["a"]}, ["b"], ["b", "a"]),
        ({"default": ["b"], "add": ["a"]}, ABSENT, ["a"]),
        ({"subset_of": ["a"], "default": ["a", "b"]}, ABSENT, ["a"]),
        ({"superset_of": ["a"], "subset_of": ["a", "b"]}, ["a", "c"], ["a"]),
    ],
    ids=repr,
)
def test_what_operators_leave(operators: Mapping[str, Json], value: Json, expected: Json) -> None:
    found = left(operators, value)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("operators", "value"),
    [
        ({"one_of": ["a"]}, "b"),
        ({"one_of": ["a"]}, ["a"]),
        ({"one_of": [1]}, True),
        ({"one_of": ["a"], "default": "b"}, ABSENT),
        ({"superset_of": ["a"]}, ["b"]),
        ({"superset_of": ["b"], "subset_of": ["a", "b"]}, ["a", "c"]),
        ({"superset_of": ["b"], "default": ["a"]}, ABSENT),
        ({"essential": True}, ABSENT),
        ({"essential": True, "subset_of": ABC}, ABSENT),
        *(
            ({operator: ["a"]}, value)
            for operator in ("add", "subset_of", "superset_of")
            for value in ("a", 1, True, {"a": 1}, [["a"]], ["a", True])
        ),
        ({"subset_of": ["a"], "default": "a"}, ABSENT),
    ],
    ids=repr,
)
def test_metadata_that_is_forbidden(operators: Mapping[str, Json], value: Json) -> None:
    with pytest.raises(OpenIdError) as refused:
        left(operators, value)
    assert refused.value.code == "metadata_policy"


@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"subset_of": ["openid", "email"]}, "email phone openid", "email openid"),
        ({"superset_of": ["openid"]}, "email openid", "email openid"),
        ({"add": ["openid"]}, "email", "email openid"),
        ({"default": ["openid", "email"]}, ABSENT, "openid email"),
        ({"default": "openid email", "subset_of": ["email"]}, ABSENT, "email"),
        ({"value": "openid email", "superset_of": ["email"]}, "x", "openid email"),
        ({"essential": False}, ABSENT, ABSENT),
    ],
    ids=repr,
)
def test_scope_is_a_set_of_words(
    operators: Mapping[str, Json], value: Json, expected: Json
) -> None:
    own = {} if value is ABSENT else {"scope": value}
    found = apply_policy(read_policy({RP: {"scope": operators}}), {RP: own})[RP]
    assert found == ({} if expected is ABSENT else {"scope": expected})


@pytest.mark.parametrize(
    ("operators", "value"),
    [
        ({"superset_of": ["openid"]}, "email"),
        ({"one_of": ["openid"]}, "openid"),
        ({"add": [1]}, "openid"),
        ({"add": ["openid email"]}, "openid"),
        ({"value": ["openid", ""]}, "openid"),
        ({"essential": True}, ["openid", 1]),
    ],
    ids=repr,
)
def test_a_scope_that_is_forbidden(operators: Mapping[str, Json], value: Json) -> None:
    with pytest.raises(OpenIdError, match="metadata_policy"):
        apply_policy(read_policy({RP: {"scope": operators}}), {RP: {"scope": value}})


def test_a_policy_is_for_its_type_and_parameter() -> None:
    policy = read_policy({RP: {"x": {"value": 1}}, "openid_provider": {"y": {"essential": True}}})
    own = {RP: {"y": 2}, "federation_entity": {"x": 3}}
    assert apply_policy(policy, own) == {RP: {"y": 2, "x": 1}, "federation_entity": {"x": 3}}
    assert own == {RP: {"y": 2}, "federation_entity": {"x": 3}}


# --- what holds for all

words = st.sampled_from(["a", "b", "c", 1, 0.5])
sets = st.lists(words, max_size=3)
values = st.none() | words | st.booleans() | sets
operators_of_one = st.fixed_dictionaries(
    {},
    optional={
        "value": values,
        "add": sets,
        "default": words | sets,
        "one_of": sets,
        "subset_of": sets,
        "superset_of": sets,
        "essential": st.booleans(),
    },
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from([*OPERATORS, "scope", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Policies that hold; for a superior who contradicts himself, one that says nothing."""
    try:
        return read_policy({RP: {name: draw(operators_of_one) for name in ("x", "scope")}})
    except OpenIdError:
        return {}


def merged(*superiors: Policy | None) -> Policy | None:
    """Return policies together; None for those that contradict each other."""
    try:
        return reduce(merge, (each for each in superiors if each is not None))
    except OpenIdError:
        return None


@given(policies(), policies(), policies())
def test_superiors_may_be_taken_together_in_any_grouping(a: Policy, b: Policy, c: Policy) -> None:
    left_first, right_first = merged(a, b), merged(b, c)
    whole = merged(a, b, c)
    assert whole == (None if right_first is None else merged(a, right_first))
    if left_first is None or right_first is None:
        assert whole is None


@given(policies())
def test_a_policy_said_twice_is_said_once(policy: Policy) -> None:
    assert merge(policy, policy) == policy
    assert merge({}, policy) == merge(policy, {}) == policy
    assert read_policy(policy) == policy


@given(policies(), policies(), values, values)
def test_nobody_below_takes_back_what_a_superior_demands(
    above: Policy, below: Policy, x: Json, scope: Json
) -> None:
    own = {name: each for name, each in (("x", x), ("scope", scope)) if each is not None}
    with suppress(OpenIdError):
        found: Metadata = apply_policy(merge(above, below), {RP: own})
        assert None not in found[RP].values()
        assert apply_policy(above, found) == found
        assert apply_policy(below, found) == found


@given(anything, anything, st.dictionaries(st.text(max_size=2), anything, max_size=2))
def test_any_value_is_a_policy_or_the_one_error(one: Any, other: Any, own: Any) -> None:
    with suppress(OpenIdError):
        policy = merge(read_policy({RP: one}), read_policy({RP: other}))
        apply_policy(policy, {RP: {**own, "x": other}})
    with suppress(OpenIdError):
        read_policy(one)
