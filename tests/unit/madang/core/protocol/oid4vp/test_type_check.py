"""A type that the verifier knows: its rules decide, the hash of its texts does not."""

import dataclasses
import json
from typing import Any

import pytest

from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.type_metadata import integrity
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.type_check import KnownType
from madang.core.protocol.oid4vp.verdict import PresentationVerdict, Standing, Step
from madang.core.protocol.oid4vp.verification import conclude, examine
from tests.unit.madang.core.protocol.oid4vp.answers import NAME, codes, issuer_changed
from tests.unit.madang.core.protocol.oid4vp.city import VCT, City

CLAIMS: list[dict[str, Any]] = [
    {"path": ["name"], "sd": "always", "mandatory": True},
    {"path": ["birth"], "sd": "always"},
    {"path": ["languages", None], "sd": "always"},
    {"path": ["level"], "sd": "never", "mandatory": True},
]
"""The rules that the city's Digital ID obeys."""
INTEGRITY = "vct#integrity"


def document(*claims: dict[str, Any], name: str = "Digital ID", vct: str = VCT["id"]) -> bytes:
    return json.dumps({"vct": vct, "name": name, "claims": [*CLAIMS, *claims]}).encode()


CORRECTED = integrity(document(name="a text that was corrected since"))
IN_FORCE = document()


def verdict_with(
    city: City, known: bytes = IN_FORCE, *, text: str | None = None, **changes: Any
) -> PresentationVerdict:
    shown = text or city.presentation("id", ("name",), text=city.credential("id", **changes))
    policy = dataclasses.replace(
        city.policy, types={VCT["id"]: KnownType.of(known, VCT["id"])} if known else {}
    )
    examined = examine(Answer({"id": (shown,)}, "s-1"), city.asked(NAME), policy)
    return conclude(examined, city.statuses("id"))


@pytest.mark.parametrize(
    "hashed", [integrity(IN_FORCE), None, CORRECTED, "sha999-AA==", "", f"{CORRECTED} sha256-AA=="]
)
def test_while_the_rules_hold_no_hash_of_the_document_refuses(
    city: City, hashed: str | None
) -> None:
    assert verdict_with(city, **{INTEGRITY: hashed}).ok


def test_a_hash_that_is_no_text_refuses(city: City) -> None:
    assert codes(verdict_with(city, **{INTEGRITY: 7})) == ["malformed_integrity"]


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a mandatory claim that is not there": (
        {"path": ["level_of_proof"], "sd": "never", "mandatory": True},
        "claim_mandatory",
    ),
    "a claim in clear that has to be withheld at will": (
        {"path": ["languages"], "sd": "always"},
        "claim_sd_always",
    ),
    "a claim that must stand in clear": ({"path": ["name", "family"], "sd": "never"}, "claim_path"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_refuses_with_its_code(city: City, name: str) -> None:
    rule, code = BROKEN[name]
    verdict = verdict_with(city, document(rule), **{INTEGRITY: integrity(document(rule))})
    assert codes(verdict) == [code]
    (failure,) = verdict.failures
    assert (failure.step, failure.query_id) == (Step.CREDENTIAL, "id")
    assert failure.clause.startswith("SD-JWT VC")
    assert verdict.credentials == ()
    assert not verdict.genuine
    assert verdict.standings[0].standing is Standing.REFUSED
    assert "Kim" not in repr(verdict)


def test_a_claim_that_came_in_a_disclosure_and_must_not(city: City) -> None:
    known = IN_FORCE.replace(b'"sd": "always", "mandatory"', b'"sd": "never", "mandatory"')
    assert known != IN_FORCE
    assert codes(verdict_with(city, known)) == ["claim_sd_never"]


def test_a_broken_rule_tells_that_the_document_was_another(city: City) -> None:
    known = document(BROKEN["a mandatory claim that is not there"][0])
    verdict = verdict_with(city, known, **{INTEGRITY: integrity(IN_FORCE)})
    assert codes(verdict) == ["type_metadata_integrity", "claim_mandatory"]
    assert codes(verdict_with(city, known)) == ["claim_mandatory"]


def test_a_type_that_is_not_known_is_judged_without_rules(city: City) -> None:
    assert verdict_with(city, b"", **{INTEGRITY: 7}).ok
    assert verdict_with(city, b"", level=None).ok


def test_what_the_issuer_did_not_sign_is_not_held_to_rules(city: City) -> None:
    good = city.presentation("id", ("name",), text=city.credential("id"))
    forged = issuer_changed(good, level="low")
    known = document(BROKEN["a mandatory claim that is not there"][0])
    told = codes(verdict_with(city, known, text=forged))
    assert told == ["issuer_signature", "key_binding_sd_hash"]


def test_what_could_not_be_unfolded_is_told_once(city: City) -> None:
    issuer, *rest = city.presentation("id", ("name",), text=city.credential("id")).split("~")
    other = city.presentation("id", ("birth",), text=city.credential("id")).split("~")[1]
    found = codes(verdict_with(city, text="~".join([issuer, other, other, *rest])))
    assert "disclosure_twice" in found
    assert "claim_mandatory" not in found


def test_a_document_of_another_type_or_half_of_one_is_no_known_type() -> None:
    child = json.dumps({"vct": VCT["id"], "extends": VCT["lease"]}).encode()
    for wrong, code in (
        (document(vct=VCT["lease"]), "type_metadata_vct"),
        (child, "type_metadata_missing"),
        (b"", "malformed_type_metadata"),
    ):
        with pytest.raises(SdJwtError) as refused:
            KnownType.of(wrong, VCT["id"])
        assert refused.value.code == code
