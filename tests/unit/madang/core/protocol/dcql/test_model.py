import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.dcql.errors import DcqlError
from madang.core.protocol.dcql.model import parse_query, refuse_repeated_claims
from madang.core.protocol.limits import Limits

VCT = "https://city.example/vct/id/1"


def credential(**members: object) -> dict[str, Any]:
    return {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, **members}


def query(*credentials: dict[str, Any], **members: object) -> dict[str, Any]:
    return {"credentials": list(credentials) or [credential()], **members}


FULL = query(
    credential(
        multiple=True,
        require_cryptographic_holder_binding=False,
        trusted_authorities=[{"type": "aki", "values": ["s9tIpPmhxdiuNkHMEWNpYim8S8Y"]}],
        claims=[
            {"id": "a", "path": ["name"]},
            {"id": "b", "path": ["degrees", None, "type"], "values": ["BSc", 1, True]},
            {"id": "c", "path": ["nationalities", 0]},
        ],
        claim_sets=[["a", "b"], ["c"]],
    ),
    {"id": "lic", "format": "mso_mdoc", "meta": {"doctype_value": "org.iso.18013.5.1.mDL"}},
    credential_sets=[{"options": [["pid"], ["lic"]]}, {"options": [["lic"]], "required": False}],
)


def test_a_full_query_is_read_and_written_unchanged() -> None:
    written = parse_query(FULL).to_json()
    assert parse_query(written) == parse_query(FULL)
    first = written["credentials"][0]
    assert first["claims"] == FULL["credentials"][0]["claims"]
    assert first["claim_sets"] == [["a", "b"], ["c"]]


def test_defaults_are_those_of_the_specification() -> None:
    asked = parse_query(query()).credentials[0]
    assert asked.multiple is False
    assert asked.require_cryptographic_holder_binding is True
    required = parse_query(query(credential_sets=[{"options": [["pid"]]}])).credential_sets
    assert required is not None
    assert required[0].required is True


def test_unknown_members_are_ignored_everywhere() -> None:
    value = query(
        credential(claims=[{"path": ["a"], "intent_to_retain": True}], purpose="x"), __proto__={}
    )
    value["credentials"][0]["meta"]["new"] = 1
    assert parse_query(value).credentials[0].claims is not None


def test_the_same_claim_twice_is_not_an_error_for_the_wallet() -> None:
    assert parse_query(query(credential(claims=[{"path": ["a"]}, {"path": ["a"]}])))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "should be an object, got an array"),
        ({}, "credentials: is required"),
        (query() | {"credentials": []}, "credentials"),
        (query(credential(id="")), "credentials.0.id"),
        (query(credential(id="with space")), "credentials.0.id"),
        (query(credential(id=7)), "credentials.0.id: should be a valid string, got a number"),
        (query(credential(), credential()), "more than once"),
        (query({"id": "a", "format": "dc+sd-jwt"}), "credentials.0.meta: is required"),
        (query(credential(meta={})), "vct_values"),
        (query(credential(meta={"vct_values": []})), "vct_values"),
        (query(credential(meta={"vct_values": VCT})), "vct_values"),
        (query(credential(multiple="yes")), "multiple"),
        (query(credential(claims=[])), "claims"),
        (query(credential(claims=[{"path": []}])), "path"),
        (query(credential(claims=[{"path": "name"}])), "path"),
        (query(credential(claims=[{"path": [-1]}])), "non-negative integer"),
        (query(credential(claims=[{"path": [True]}])), "non-negative integer"),
        (query(credential(claims=[{"path": [1.0]}])), "non-negative integer"),
        (query(credential(claims=[{"path": ["a"], "values": []}])), "values"),
        (query(credential(claims=[{"path": ["a"], "values": [None]}])), "should be a string"),
        (query(credential(claims=[{"path": ["a"], "values": [1.5]}])), "should be a string"),
        (query(credential(claim_sets=[["a"]])), "without claims"),
        (query(credential(claims=[{"path": ["a"]}], claim_sets=[["a"]])), "needs an id"),
        (query(credential(claims=[{"id": "a", "path": ["a"]}], claim_sets=[])), "claim_sets"),
        (query(credential(claims=[{"id": "a", "path": ["a"]}], claim_sets=[[]])), "at least one"),
        (query(credential(claims=[{"id": "a", "path": ["a"]}], claim_sets=[["b"]])), "'b'"),
        (query(credential(claims=[{"id": "a", "path": ["a"]}] * 2)), "claim id 'a'"),
        (query(credential(trusted_authorities=[])), "trusted_authorities"),
        (query(credential(trusted_authorities=[{"type": "aki", "values": []}])), "values"),
        (query(credential_sets=[]), "credential_sets"),
        (query(credential_sets=[{"options": []}]), "options"),
        (query(credential_sets=[{"options": [[]]}]), "options"),
        (query(credential_sets=[{"options": [["other"]]}]), "'other'"),
    ],
)
def test_a_malformed_query_is_refused_with_its_place(value: object, said: str) -> None:
    with pytest.raises(DcqlError) as refusal:
        parse_query(value)
    assert said in str(refusal.value)
    assert refusal.value.code == "invalid_request"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(queries=1),
        Limits(credential_sets=1),
        Limits(options=1),
        Limits(claims=2),
        Limits(claims=1),
        Limits(claim_sets=1),
        Limits(values=2),
        Limits(values=0),
        Limits(path_components=2),
        Limits(text_chars=5),
    ],
)
def test_each_bound_refuses_one_more_than_it_allows(limits: Limits) -> None:
    parse_query(FULL)
    with pytest.raises(DcqlError, match="at most"):
        parse_query(FULL, limits=limits)


def test_an_error_never_repeats_a_value() -> None:
    with pytest.raises(DcqlError) as refusal:
        parse_query(query(credential(claims=[{"path": ["a"], "values": [["900101-1234567"]]}])))
    assert "900101" not in str(refusal.value)


names = st.sampled_from(
    ["credentials", "id", "format", "meta", "claims", "path", "values", "claim_sets", "options"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)


@given(value=json_values)
def test_anything_is_read_or_refused_by_the_family(value: object) -> None:
    with contextlib.suppress(DcqlError):
        parse_query(value)


@given(
    place=st.sampled_from(["id", "format", "meta", "claims", "claim_sets", "multiple"]),
    value=json_values,
)
def test_any_member_replaced_is_read_or_refused_by_the_family(place: str, value: object) -> None:
    broken = json.loads(json.dumps(FULL))
    broken["credentials"][0][place] = value
    with contextlib.suppress(DcqlError):
        parse_query(broken)


@pytest.mark.parametrize("path", [["ns"], ["ns", "a", "b"], ["ns", 0], ["ns", None], [0, "a"]])
def test_a_path_into_an_mdoc_is_a_namespace_and_an_element(path: list[object]) -> None:
    meta = {"doctype_value": "d"}
    mdoc = {"id": "m", "format": "mso_mdoc", "meta": meta, "claims": [{"path": path}]}
    with pytest.raises(DcqlError, match="a namespace and a data element"):
        parse_query(query(mdoc))


@pytest.mark.parametrize(
    ("form", "member"),
    [("dc+sd-jwt", "vct_values"), ("mso_mdoc", "doctype_value"), ("ldp_vc", "type_values")],
)
def test_each_format_needs_its_own_constraint(form: str, member: str) -> None:
    with pytest.raises(DcqlError, match=member):
        parse_query(query({"id": "a", "format": form, "meta": {}}))


def test_an_intent_to_retain_is_kept() -> None:
    claim = {"path": ["ns", "a"], "intent_to_retain": True}
    mdoc = {"id": "m", "format": "mso_mdoc", "meta": {"doctype_value": "d"}, "claims": [claim]}
    assert parse_query(query(mdoc)).to_json()["credentials"][0]["claims"] == [claim]


def test_a_query_of_our_own_asks_for_no_claim_twice() -> None:
    refuse_repeated_claims(
        parse_query(query(credential(claims=[{"path": ["a"]}, {"path": ["b"]}])))
    )
    twice = parse_query(query(credential(claims=[{"path": ["a"]}, {"path": ["a"]}])))
    with pytest.raises(DcqlError, match="asks for a claim twice"):
        refuse_repeated_claims(twice)
