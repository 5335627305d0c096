import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url, canonical_json, strict_json
from madang.core.encoding.strict_json import Json
from madang.core.rules.decision import Decision
from madang.core.rules.document import FORMAT, decision_document, digest, recompute
from madang.core.rules.evaluate import decide
from madang.core.rules.model import CredentialEvidence, Rule
from madang.core.rules.parser import parse_rule

DAY = date(2025, 6, 1)
ISSUER = "https://city.example/city/issuer"
Claims = dict[str, dict[str, Any]]
Present = Callable[..., list[CredentialEvidence]]
Decide = Callable[..., Decision]


def codes(document: Json, rule_file: Json) -> list[tuple[str, str]]:
    return [(f.code, f.place) for f in recompute(document, rule_file).failures]


def test_the_whole_document(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    ones = base64url.encode(b"\x01" * 32)
    held = {"status": "valid", "issuer": ISSUER, "issuer_digest": ones}
    assert decision_document(decided(present(claims))) == {
        "format": FORMAT,
        "programme": "rent",
        "version": "2025",
        "rule_digest": base64url.encode(digest(rule_file)),
        "governing_day": "application",
        "day": "2025-06-01",
        "outcome": "yes",
        "conditions": [
            {"id": "age", "result": "yes"},
            {"id": "income", "result": "yes"},
            {"id": "rent", "result": "yes"},
        ],
        "credentials": [
            {"alias": "person", "type": "card", **held},
            {"alias": "home", "type": "lease", **held},
        ],
        "claims": [
            {"credential": "person", "path": ["birthdate"], "value": "1997-04-12"},
            {"credential": "person", "path": ["below", "150"], "value": True},
            {"credential": "home", "path": ["rent"], "value": 450},
        ],
        "benefit": {"amount_krw": 200, "months": 12, "once": True},
    }


def test_claims_that_no_condition_reads_stay_outside(
    decided: Decide, present: Present, claims: Claims
) -> None:
    claims["card"] |= {"name": "Mina", "address": "12 Moon Street"}
    claims["diary"] = {"secret": "x"}
    document = canonical_json.encode(decision_document(decided(present(claims)))).decode()
    assert not [word for word in ("Mina", "Moon", "diary", "secret") if word in document]


def test_claims_of_a_certificate_that_does_not_count_stay_outside(
    decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present(claims, lease="revoked")))
    assert [claim["credential"] for claim in document["claims"]] == ["person", "person"]
    assert document["credentials"][1]["status"] == "revoked"
    assert document["conditions"][2] == {"id": "rent", "result": "unknown", "reason": "revoked"}
    assert document["benefit"] is None


def test_what_was_not_presented_is_not_named_as_a_credential(
    decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present({"card": claims["card"]})))
    assert [entry["alias"] for entry in document["credentials"]] == ["person"]


def test_the_digest_is_that_of_the_canonical_form(
    decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present(claims)))
    assert digest(document) == canonical_json.digest(document)
    assert digest(dict(reversed(document.items()))) == digest(document)


def variants(present: Present, claims: Claims) -> list[list[CredentialEvidence]]:
    """Return evidence of every kind: good, bad, odd, twice and none."""
    statuses = (
        "valid",
        "expired",
        "revoked",
        "suspended",
        "untrusted",
        "odd",
        "ambiguous",
        "\ud800",
    )
    odd: tuple[object, ...] = (451, 0.5, None, [], {}, {"a": 1}, "450", "\ud800", True, 2**53, b"x")
    changed = [{**claims, "lease": {"rent": value}} for value in odd]
    through = [{**claims, "card": {**claims["card"], "below": value}} for value in odd]
    stranger = CredentialEvidence("lease", "\ud800", "valid", {"rent": 1})
    return [
        [],
        *(present(claims, lease=status, card=status) for status in statuses),
        *(present(item) for item in (*changed, *through)),
        [*present(claims), *present(claims)],
        [stranger],
        [CredentialEvidence("card", "\ud800", "valid", claims["card"])],
        present({"card": {}, "lease": {}}),
    ]


def test_every_decision_follows_from_its_rule(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    for evidence in variants(present, claims):
        document = decision_document(decided(evidence))
        sent = strict_json.loads(canonical_json.encode(document))
        assert recompute(sent, rule_file).failures == (), evidence


def test_a_document_holds_that_a_claim_is_there_but_not_what_it_says(
    of_conditions: Callable[[Json], Json], make_leaf: Callable[..., Json], present: Present
) -> None:
    file = of_conditions({"all": [make_leaf("a", "person", ["a"], "exists")]})
    for value in ("my secret", 0.5, {"b": 1}):
        document = decision_document(
            decide(parse_rule(file), present({"card": {"a": value}}), day=DAY)
        )
        assert document["claims"] == [{"credential": "person", "path": ["a"], "present": True}]
        assert recompute(document, file).follows


def test_a_claim_read_in_two_ways_is_held_by_its_value(
    of_conditions: Callable[[Json], Json], make_leaf: Callable[..., Json], present: Present
) -> None:
    leaves = [
        make_leaf("a", "person", ["a"], "exists"),
        make_leaf("b", "person", ["a"], "ge", value=1),
    ]
    file = of_conditions({"all": leaves})
    for value in (1, "1", None, 0.5):
        document = decision_document(
            decide(parse_rule(file), present({"card": {"a": value}}), day=DAY)
        )
        assert len(document["claims"]) == 1
        assert recompute(document, file).follows


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("outcome", "no"),
        ("programme", "other"),
        ("version", "2026"),
        ("governing_day", "notice"),
        ("benefit", {"amount_krw": 201, "months": 12, "once": True}),
        ("benefit", None),
        ("conditions", []),
        ("surprise", 1),
    ],
)
def test_a_changed_member_is_named(
    rule_file: dict[str, Json],
    decided: Decide,
    present: Present,
    claims: Claims,
    member: str,
    value: Json,
) -> None:
    document = decision_document(decided(present(claims)))
    document[member] = value
    assert codes(document, rule_file) == [("differs", f"$.{member}")]


def test_a_member_without_a_value_is_not_a_member_that_is_missing(
    rule_file: dict[str, Json], decided: Decide
) -> None:
    document = decision_document(decided([]))
    assert isinstance(document, dict)
    assert document["benefit"] is None
    assert codes({**document, "more": None}, rule_file) == [("differs", "$.more")]
    less = {name: value for name, value in document.items() if name != "benefit"}
    assert codes(less, rule_file) == [("differs", "$.benefit")]


def test_true_is_not_one_and_one_is_not_a_fraction(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    for place, value in (("once", 1), ("months", 12.0)):
        document = decision_document(decided(present(claims)))
        document["benefit"][place] = value
        assert codes(document, rule_file) == [("differs", "$.benefit")]


def test_a_changed_claim_shows_in_what_follows_from_it(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present(claims)))
    document["claims"][2]["value"] = 501
    expected = [("differs", f"$.{name}") for name in ("benefit", "conditions", "outcome")]
    assert codes(document, rule_file) == expected


def test_a_removed_claim_shows(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present(claims)))
    del document["claims"][2]
    assert ("differs", "$.outcome") in codes(document, rule_file)


def test_a_claim_that_no_condition_reads_shows(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present(claims)))
    document["claims"].append({"credential": "home", "path": ["name"], "value": "Mina"})
    assert codes(document, rule_file) == [("differs", "$.claims")]


def test_another_day_has_other_parameters(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    claims["lease"]["rent"] = 600
    document = decision_document(decided(present(claims), date(2025, 7, 1)))
    assert recompute(document, rule_file).follows
    document["day"] = "2025-06-30"
    assert ("differs", "$.outcome") in codes(document, rule_file)


def test_another_rule_is_not_the_one_cited(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present(claims)))
    rule_file["parameters"]["ceiling"][0]["value"] = 450
    (failure,) = recompute(document, rule_file).failures
    assert (failure.code, failure.place) == ("rule_digest", "$.rule_digest")
    assert "rent 2025" in failure.detail


def test_a_rule_that_does_not_parse_is_named(rule_file: dict[str, Json]) -> None:
    rule_file["surprise"] = 1
    assert codes({"format": FORMAT}, rule_file) == [("rule_malformed", "$.surprise")]


@pytest.mark.parametrize("day", ["2024-12-31", "2026-01-01"])
def test_a_day_outside_of_the_rule(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims, day: str
) -> None:
    document = decision_document(decided(present(claims)))
    document["day"] = day
    assert codes(document, rule_file) == [("not_in_force", "$.day")]


@pytest.mark.parametrize(
    ("document", "place"),
    [(None, "$.format"), ([], "$.format"), ({}, "$.format"), ({"format": "other"}, "$.format")],
)
def test_something_else_than_a_decision(
    rule_file: dict[str, Json], document: Json, place: str
) -> None:
    assert codes(document, rule_file) == [("document_malformed", place)]


def test_a_malformed_day(
    rule_file: dict[str, Json], decided: Decide, present: Present, claims: Claims
) -> None:
    document = decision_document(decided(present(claims)))
    document["day"] = "1 June"
    assert codes(document, rule_file) == [("document_malformed", "$.day")]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("credentials", None),
        ("credentials", [5]),
        ("credentials", [{}]),
        ("credentials", [{"alias": "stranger"}]),
        ("credentials", [{"alias": []}]),
        ("credentials", [{"alias": "person", "status": [], "issuer": "", "issuer_digest": ""}]),
        ("credentials", [{"alias": "person", "status": "", "issuer": [], "issuer_digest": "="}]),
        ("claims", 5),
        ("claims", [{"credential": "person", "path": [], "value": 1}]),
        ("claims", [{"credential": "person", "path": None, "value": 1}]),
        ("claims", [{"credential": "person", "path": [[]], "value": 1}]),
        ("claims", [{"credential": "person", "path": ["a"]}]),
        ("claims", [{"credential": "person", "path": ["a"], "unusable": "new"}]),
        ("claims", [{"credential": "person", "path": ["a"], "unusable": []}]),
        (
            "claims",
            [
                {"credential": "person", "path": ["a"], "value": 1},
                {"credential": "person", "path": ["a", "b"], "value": 1},
            ],
        ),
    ],
)
def test_evidence_that_cannot_be_read_is_a_failure_and_no_error(
    rule_file: dict[str, Json],
    decided: Decide,
    present: Present,
    claims: Claims,
    member: str,
    value: Json,
) -> None:
    document = decision_document(decided(present(claims)))
    document[member] = value
    assert codes(document, rule_file) == [("unreadable_evidence", "$.claims")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alias", "credential", "path", "value", "x"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(credentials=JSON, claims=JSON, other=JSON)
def test_no_document_raises(credentials: Json, claims: Json, other: Json) -> None:
    rule = {"credentials": credentials, "claims": claims, "day": "2025-06-01", "format": FORMAT}
    document = {**rule, "rule_digest": base64url.encode(SMALL.digest), "outcome": other}
    assert not recompute(document, SMALL_FILE).follows


SMALL_FILE: dict[str, Json] = {
    "programme": "p",
    "version": "1",
    "effective_from": "2025-01-01",
    "effective_to": None,
    "time_zone": "Asia/Seoul",
    "governing_day": "application",
    "predecessor": None,
    "law": {"reference": "r", "scheme": "s", "distinct_from": "d", "basis": "P"},
    "parameters": {"one": [{"from": "2025-01-01", "value": 1, "source": "s", "basis": "P"}]},
    "credentials": {"x": {"type": "t", "attested_by": "municipality"}},
    "conditions": {
        "all": [
            {
                "id": "a",
                "credential": "x",
                "claim": ["value"],
                "op": "eq",
                "param": "one",
                "law": {"article": "1", "source": "s", "basis": "P"},
                "text": "t",
                "on_missing": "m",
            }
        ]
    },
    "benefit": {"amount": 1, "months": 1, "once": False, "text": "b"},
}
SMALL: Rule = parse_rule(SMALL_FILE)


@given(value=JSON, status=st.sampled_from(["valid", "expired", "ambiguous", "odd"]))
def test_whatever_is_presented_the_document_follows(value: Json, status: str) -> None:
    evidence = [CredentialEvidence("t", "https://i.example", status, {"value": value})]
    document = decision_document(decide(SMALL, evidence, day=DAY))
    sent = strict_json.loads(canonical_json.encode(copy.deepcopy(document)))
    assert recompute(sent, SMALL_FILE).follows
