import dataclasses
import functools
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.encoding.cbor import Tag
from madang.core.protocol.dcql.credential import Credential, MisfitCode, fit
from madang.core.protocol.dcql.model import CredentialQuery
from tests.unit.madang.core.protocol.dcql.certificates import certificate

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


def test_one_trusted_authority_is_enough() -> None:
    values = [base64url.encode(b"k1"), base64url.encode(b"k2")]
    query = asked(trusted_authorities=[{"type": "aki", "values": values}])
    assert codes(query, held(chain=(certificate(None), certificate(b"k2")))) == []
    assert codes(query, held(chain=(certificate(b"k3"),))) == [MisfitCode.AUTHORITY]
    assert codes(query, held()) == [MisfitCode.AUTHORITY]


@pytest.mark.parametrize("kind", ["unknown", "Aki"])
def test_other_kinds_of_authorities_match_nothing_and_that_is_said(kind: str) -> None:
    value = base64url.encode(b"k1")
    other, aki = {"type": kind, "values": [value]}, {"type": "aki", "values": [value]}
    credential = held(chain=(certificate(b"k1"),))
    (misfit,) = fit(asked(trusted_authorities=[other]), credential).misfits
    assert misfit.code is MisfitCode.AUTHORITY
    assert f"{kind} cannot be matched here" in misfit.detail
    assert codes(asked(trusted_authorities=[other, aki]), credential) == []


def test_a_federation_is_matched_by_the_entities_above_the_issuer() -> None:
    anchor, other = "https://anchor.example", "https://other.example"
    query = asked(
        trusted_authorities=[
            {"type": "openid_federation", "values": [other]},
            {"type": "openid_federation", "values": ["https://x.example", anchor]},
        ]
    )
    below = {"openid_federation": frozenset({anchor, "https://middle.example"})}
    assert codes(query, held(authorities=below)) == []
    for wrong in ({}, {"etsi_tl": frozenset({anchor})}, {"openid_federation": frozenset[str]()}):
        (misfit,) = fit(query, held(authorities=wrong)).misfits
        assert misfit.code is MisfitCode.AUTHORITY
        assert "cannot be matched" not in misfit.detail
    (misfit,) = fit(
        asked(trusted_authorities=[{"type": "aki", "values": [anchor]}]),
        held(authorities={"aki": frozenset({anchor})}),
    ).misfits
    assert misfit.code is MisfitCode.AUTHORITY


MDOC = Credential.of_mdoc(
    "org.iso.18013.5.1.mDL",
    {
        "org.iso.18013.5.1": {
            "family_name": "Kim",
            "portrait": b"\xff\xd8",
            "birth_date": Tag(1004, "1996-03-01"),
            "age_over_19": True,
            "sex": 2,
            "driving_privileges": [{"vehicle_category_code": "B"}],
        }
    },
)


def asked_of_mdoc(
    *claims: dict[str, Any], doc_type: str = "org.iso.18013.5.1.mDL"
) -> CredentialQuery:
    value = {"id": "lic", "format": "mso_mdoc", "meta": {"doctype_value": doc_type}}
    return CredentialQuery.model_validate(value | ({"claims": list(claims)} if claims else {}))


def test_an_mdoc_is_asked_by_namespace_and_element() -> None:
    path = ["org.iso.18013.5.1", "family_name"]
    assert fit(asked_of_mdoc({"path": path, "intent_to_retain": True}), MDOC).paths == (
        tuple(path),
    )
    for absent in (["org.iso.18013.5.1", "given_name"], ["other", "family_name"]):
        assert codes(asked_of_mdoc({"path": absent}), MDOC) == [MisfitCode.CLAIM]
    assert codes(asked_of_mdoc(doc_type="other"), MDOC) == [MisfitCode.TYPE]
    assert fit(asked_of_mdoc(), MDOC).paths == ()


@pytest.mark.parametrize(
    ("element", "value", "fits"),
    [
        ("family_name", "Kim", True),
        ("birth_date", "1996-03-01", True),
        ("portrait", "_9g", True),
        ("age_over_19", True, True),
        ("age_over_19", 1, False),
        ("sex", 2, True),
        ("sex", "2", False),
        ("driving_privileges", "B", False),
    ],
)
def test_values_of_an_mdoc_match_as_json(element: str, value: object, *, fits: bool) -> None:
    query = asked_of_mdoc({"path": ["org.iso.18013.5.1", element], "values": [value]})
    assert codes(query, MDOC) == ([] if fits else [MisfitCode.VALUE])


@pytest.mark.parametrize(
    ("types", "fits"),
    [
        ({"VerifiableCredential", "Degree", "Alumni"}, True),
        ({"VerifiableCredential", "Licence"}, True),
        ({"VerifiableCredential", "Degree"}, False),
        (set(), False),
    ],
)
def test_w3c_types_are_sets_one_of_which_must_be_there(types: set[str], *, fits: bool) -> None:
    meta = {"type_values": [["Degree", "Alumni"], ["Licence"]]}
    query = CredentialQuery.model_validate({"id": "w", "format": "ldp_vc", "meta": meta})
    credential = held(format="ldp_vc", types=frozenset(types))
    assert codes(query, credential) == ([] if fits else [MisfitCode.TYPE])


def test_details_never_repeat_a_claim_value() -> None:
    outcome = fit(asked({"path": ["name"], "values": ["Lee"]}), held())
    assert "Kim" not in outcome.misfits[0].detail
