import dataclasses
import functools
from typing import Any

import pytest

from madang.core.protocol.dcql.credential import Credential, MisfitCode, fit
from madang.core.protocol.dcql.model import CredentialQuery

VCT = "https://city.example/vct/id/1"
CLAIMS = {
    "name": "Kim",
    "age": 30,
    "student": True,
    "nationalities": ["KR", "JP", "KR"],
    "homes": [{"gu": "Mapo", "own": False}, {"gu": "Jongno", "own": True}],
}


def asked(*claims: dict[str, Any], **members: object) -> CredentialQuery:
    value = {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, **members}
    return CredentialQuery.model_validate(value | ({"claims": list(claims)} if claims else {}))


HELD = Credential("dc+sd-jwt", frozenset([VCT]), CLAIMS, holder_bound=True)
held = functools.partial(dataclasses.replace, HELD)


def codes(query: CredentialQuery, credential: Credential) -> list[str]:
    return [misfit.code for misfit in fit(query, credential).misfits]


def test_without_claims_nothing_selectively_disclosable_is_asked() -> None:
    outcome = fit(asked(), held())
    assert outcome.misfits == ()
    assert outcome.paths == ()


def test_without_claim_sets_every_claim_is_asked() -> None:
    outcome = fit(asked({"path": ["name"]}, {"path": ["homes", None, "gu"]}), held())
    assert outcome.paths == (("name",), ("homes", None, "gu"))


def test_the_first_claim_set_that_can_be_met_is_used() -> None:
    claims = [{"id": "x", "path": ["absent"]}, {"id": "n", "path": ["name"]}]
    claims.append({"id": "a", "path": ["age"]})
    query = asked(*claims, claim_sets=[["x", "n"], ["a"], ["n"]])
    assert fit(query, held()).paths == (("age",),)
    assert fit(query, held()).misfits == ()
    none = asked(*claims, claim_sets=[["x"], ["x", "n"]])
    assert codes(none, held()) == [MisfitCode.CLAIM]


def test_a_claim_asked_for_twice_is_disclosed_once() -> None:
    assert fit(asked({"path": ["name"]}, {"path": ["name"]}), held()).paths == (("name",),)


def test_only_the_array_elements_with_an_allowed_value_are_disclosed() -> None:
    query = asked({"path": ["nationalities", None], "values": ["KR"]})
    assert fit(query, held()).paths == (("nationalities", 0), ("nationalities", 2))


@pytest.mark.parametrize(
    ("path", "values", "fits"),
    [
        (["name"], ["Lee", "Kim"], True),
        (["name"], ["Lee"], False),
        (["age"], [30], True),
        (["age"], ["30"], False),
        (["age"], [True], False),
        (["student"], [True], True),
        (["student"], [1], False),
        (["homes", None, "own"], [True], True),
        (["nationalities"], ["KR"], False),
    ],
)
def test_values_match_by_type_and_value(path: list[Any], values: list[Any], *, fits: bool) -> None:
    expected = [] if fits else [MisfitCode.VALUE]
    assert codes(asked({"path": path, "values": values}), held()) == expected


@pytest.mark.parametrize(
    ("credential", "code"),
    [
        (held(format="mso_mdoc"), MisfitCode.FORMAT),
        (held(types=frozenset(["https://other.example"])), MisfitCode.TYPE),
        (held(types=frozenset()), MisfitCode.TYPE),
        (held(holder_bound=False), MisfitCode.HOLDER_BINDING),
        (held(claims={}), MisfitCode.CLAIM),
    ],
)
def test_each_misfit_has_its_code_and_clause(credential: Credential, code: MisfitCode) -> None:
    outcome = fit(asked({"path": ["name"]}), credential)
    assert [misfit.code for misfit in outcome.misfits] == [code]
    assert "OpenID4VP 1.0" in outcome.misfits[0].clause


def test_all_reasons_are_told_at_once() -> None:
    credential = held(format="x", types=frozenset(), holder_bound=False, claims={})
    assert len(codes(asked({"path": ["name"]}), credential)) == 4


def test_a_type_that_extends_the_asked_one_fits() -> None:
    assert codes(asked(), held(types=frozenset(["https://special.example", VCT]))) == []


def test_holder_binding_may_be_waived() -> None:
    query = asked(require_cryptographic_holder_binding=False)
    assert codes(query, held(holder_bound=False)) == []


def test_one_trusted_authority_is_enough_and_unknown_kinds_match_nothing() -> None:
    authorities = [{"type": "etsi_tl", "values": ["x"]}, {"type": "aki", "values": ["k1", "k2"]}]
    query = asked(trusted_authorities=authorities)
    assert codes(query, held(authorities=frozenset([("aki", "k2")]))) == []
    assert codes(query, held(authorities=frozenset([("aki", "k3")]))) == [MisfitCode.AUTHORITY]
    assert codes(query, held()) == [MisfitCode.AUTHORITY]


def test_details_never_repeat_a_claim_value() -> None:
    outcome = fit(asked({"path": ["name"], "values": ["Lee"]}), held())
    assert "Kim" not in outcome.misfits[0].detail
