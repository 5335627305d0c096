"""The rules of a type against credentials: issued, received, and presented in part."""

import json
from itertools import count
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue
from madang.core.formats.sd_jwt.model import Path, parse
from madang.core.formats.sd_jwt.present import select
from madang.core.formats.sd_jwt.type_metadata import TypeMetadata, integrity, read
from madang.core.formats.sd_jwt.type_rules import MAX_SELECTED, Seen, check_issue, failures
from madang.core.formats.sd_jwt.vc import Expectation, verify_text
from madang.core.formats.sd_jwt.verify import Unfolded
from madang.core.keys.software import generate_p256

VCT = "https://i/vct/lease/1"
SIGNER = generate_p256("issuer")
CLAIMS: dict[str, Any] = {
    "vct": VCT,
    "name": "n",
    "rent": 5,
    "home": {"city": "c", "street": "s"},
    "people": [{"name": "a"}, {"name": "b"}],
}
SD: tuple[Path, ...] = (
    ("rent",), ("home", "street"), ("people",), ("people", None), ("people", None, "name"),
)  # fmt: skip


def claim(*path: Any, **members: Any) -> dict[str, Any]:
    return {"path": list(path), **members}


def metadata(*claims: dict[str, Any]) -> TypeMetadata:
    return read(document(*claims), vct=VCT)


def document(*claims: dict[str, Any]) -> bytes:
    return json.dumps({"vct": VCT, "claims": claims}).encode()


def issued(
    claims: dict[str, Any] = CLAIMS,
    sd: tuple[Path, ...] = SD,
    decoys: dict[Path, int] | None = None,
) -> str:
    salts = (base64url.encode(bytes([number])) for number in count())
    header = {"typ": "dc+sd-jwt"}
    frame = SdFrame.of(sd, decoys or {})
    return issue(claims, frame, signer=SIGNER, header=header, salts=salts).compact


def broken(compact: str, *claims: dict[str, Any], complete: bool = False) -> list[str]:
    seen = Seen.of(Unfolded(parse(compact)), complete=complete)
    return [failure.code for failure in failures(metadata(*claims), seen)]


def shown(*paths: Path, **options: Any) -> str:
    return select(parse(issued(**options)), paths)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (claim("rent", sd="always"), []),
        (claim("rent", sd="allowed"), []),
        (claim("rent", sd="never"), ["claim_sd_never"]),
        (claim("name", sd="always"), ["claim_sd_always"]),
        (claim("name", sd="never"), []),
        (claim("home", sd="never"), []),
        (claim("home", "street", sd="always"), []),
        (claim("home", "street", sd="never"), ["claim_sd_never"]),
        (claim("home", "city", sd="always"), ["claim_sd_always"]),
        (claim("people", None, sd="always"), []),
        (claim("people", None, "name", sd="always"), []),
        (claim("people", 1, "name", sd="always"), []),
        (claim("people", None, "name", sd="never"), ["claim_sd_never"]),
        (claim("absent", sd="always"), []),
        (claim("absent", sd="never"), []),
        (claim("name", "first"), ["claim_path"]),
        (claim("name", None), ["claim_path"]),
        (claim("home", 0), ["claim_path"]),
        (claim("people", "name"), ["claim_path"]),
        (claim("rent", mandatory=True), []),
        (claim("absent", mandatory=True), ["claim_mandatory"]),
        (claim("home", "floor", mandatory=True), ["claim_mandatory"]),
        (claim("people", 2, mandatory=True), ["claim_mandatory"]),
        (claim("people", None, "age", mandatory=True), ["claim_mandatory"]),
        (claim("absent", "inner", mandatory=True), ["claim_mandatory"]),
    ],
)
def test_a_rule_is_held_against_the_whole_credential(
    rule: dict[str, Any], expected: list[str]
) -> None:
    assert broken(issued(), rule, complete=True) == expected
    frame = SdFrame.of(SD)
    if not expected:
        check_issue(metadata(rule), CLAIMS, frame)
        return
    with pytest.raises(SdJwtError) as refused:
        check_issue(metadata(rule), CLAIMS, frame)
    assert refused.value.code == expected[0]


def test_what_stands_inside_of_a_disclosure_can_be_withheld_with_it() -> None:
    compact = issued({"a": {"b": 1}}, (("a",),))
    assert broken(compact, claim("a", "b", sd="never")) == ["claim_sd_never"]
    assert broken(compact, claim("a", "b", sd="always")) == ["claim_sd_always"]


@pytest.mark.parametrize("rule", [claim("rent", mandatory=True), claim("rent", sd="always")])
def test_what_is_withheld_breaks_no_rule(rule: dict[str, Any]) -> None:
    assert broken(shown(), rule) == []


def test_what_is_shown_beside_something_withheld_is_judged() -> None:
    assert broken(shown(), claim("name", sd="always")) == ["claim_sd_always"]
    assert broken(shown(("home", "street")), claim("home", "street", sd="never")) == [
        "claim_sd_never"
    ]
    half = shown(claims={"a": [1, 2]}, sd=(("a", 0),))
    assert broken(half, claim("a", None, sd="always")) == ["claim_sd_always"]


def test_a_mandatory_claim_cannot_hide_where_no_digest_is_left() -> None:
    rule = claim("rent", mandatory=True)
    without = {name: value for name, value in CLAIMS.items() if name != "rent"}
    everything_shown = issued(without, (("home", "street"),))
    assert broken(everything_shown, rule) == ["claim_mandatory"]
    one_withheld = shown(claims=without, sd=(("name",),))
    assert broken(one_withheld, rule) == []
    a_digest_elsewhere = shown(claims=without, sd=(("home", "street"),))
    assert broken(a_digest_elsewhere, rule) == ["claim_mandatory"]


def test_who_has_every_disclosure_takes_digests_that_are_left_for_decoys() -> None:
    compact = issued({"name": "n"}, (), {(): 2})
    rule = claim("rent", mandatory=True)
    assert broken(compact, rule) == []
    assert broken(compact, rule, complete=True) == ["claim_mandatory"]


def test_a_mandatory_claim_that_must_stand_in_clear_does_so_or_is_missing() -> None:
    assert broken(shown(), claim("rent", mandatory=True, sd="never")) == ["claim_mandatory"]


def test_a_claim_of_validity_cannot_hide() -> None:
    assert broken(shown(), claim("exp", mandatory=True)) == ["claim_mandatory"]
    assert broken(shown(), claim("status", "status_list", mandatory=True)) == ["claim_mandatory"]


def test_a_mandatory_claim_inside_of_an_optional_one_is_due_with_it() -> None:
    inner = claim("tax", "number", mandatory=True)
    assert broken(issued(), claim("tax"), inner) == []
    assert broken(issued(), claim("tax", mandatory=True), inner) == ["claim_mandatory"] * 2
    assert broken(issued({"tax": {}}, ()), claim("tax"), inner) == ["claim_mandatory"]


def test_an_empty_array_lacks_nothing() -> None:
    assert broken(issued({"people": []}, ()), claim("people", None, "name", mandatory=True)) == []


def test_an_index_says_nothing_where_elements_are_withheld() -> None:
    sd: tuple[Path, ...] = (("a", 0),)
    compact = shown(claims={"a": [1, {"b": 2}]}, sd=sd)
    assert broken(compact, claim("a", 0, sd="always"), claim("a", 1, mandatory=True)) == []


def test_an_element_in_clear_is_not_missed_where_others_are_withheld() -> None:
    compact = shown(claims={"a": [1, 2]}, sd=(("a", 1),))
    rule = claim("a", 0, mandatory=True, sd="never")
    assert broken(compact, rule) == []
    assert broken(compact, claim("a", 1, mandatory=True, sd="never")) == []
    everything = issued({"a": []}, ())
    assert broken(everything, rule) == ["claim_mandatory"]


def test_every_broken_rule_is_told_in_order_without_values() -> None:
    rules = [
        claim("rent", sd="never"), claim("name", sd="always"), claim("absent", mandatory=True),
        claim("home", 1),
    ]  # fmt: skip
    seen = Seen.of(Unfolded(parse(issued())))
    found = list(failures(metadata(*rules), seen))
    assert [failure.code for failure in found] == [
        "claim_sd_never", "claim_sd_always", "claim_mandatory", "claim_path",
    ]  # fmt: skip
    assert "rent" in found[0].detail
    assert "5" not in found[0].detail


def test_the_number_of_selected_elements_is_bounded() -> None:
    many = Seen({"a": [0] * (MAX_SELECTED + 1)}, frozenset())
    (failure,) = failures(metadata(claim("a", None)), many)
    assert failure.code == "claim_path"
    enough = Seen({"a": [0] * MAX_SELECTED}, frozenset())
    assert list(failures(metadata(claim("a", None)), enough)) == []


class Long(list[int]):
    """An array too long to be gone through."""

    def __iter__(self) -> Any:
        raise AssertionError("gone through")


def test_an_array_that_is_too_long_is_not_gone_through() -> None:
    seen = Seen({"b": Long(range(MAX_SELECTED + 1))}, frozenset())
    rules = metadata(claim("b", None), claim("b", 0, sd="always"), claim("b", MAX_SELECTED + 1))
    assert [failure.code for failure in failures(rules, seen)] == ["claim_path", "claim_sd_always"]


def test_every_element_of_an_array_is_due_by_the_frame() -> None:
    rule = metadata(claim("people", None, sd="always"))
    check_issue(rule, CLAIMS, SdFrame.of([("people", 0), ("people", 1)]))
    with pytest.raises(SdJwtError):
        check_issue(rule, CLAIMS, SdFrame.of([("people", 0)]))


def verified(rules: bytes | None, **claims: Any) -> list[str]:
    compact = issued({**CLAIMS, **claims})
    expected = Expectation(types=lambda vct: rules if vct == VCT else None)
    verdict = verify_text(compact, expected, issuer_key=SIGNER.public_key, now=0)
    return [failure.code for failure in verdict.failures]


GOOD = document(claim("rent", sd="always"))


@pytest.mark.parametrize(
    ("rules", "claims", "expected"),
    [
        (GOOD, {}, []),
        (GOOD, {"vct#integrity": integrity(GOOD)}, []),
        (GOOD + b" ", {"vct#integrity": integrity(GOOD)}, ["type_metadata_integrity"]),
        (GOOD, {"vct#integrity": "sha256-"}, ["type_metadata_integrity"]),
        (GOOD, {"vct#integrity": 1}, ["malformed_integrity"]),
        (document(claim("rent", sd="never")), {}, ["claim_sd_never"]),
        (document(claim("nbf", mandatory=True)), {}, ["claim_mandatory"]),
        (document(claim("rent"), claim("home", "no", mandatory=True)), {}, ["claim_mandatory"]),
        (b"{}", {}, ["malformed_type_metadata"]),
        (None, {}, ["type_metadata_missing"]),
        (GOOD, {"vct": "https://i/other"}, ["type_metadata_missing"]),
        (GOOD, {"vct": 1}, ["vct_missing"]),
    ],
)
def test_a_verifier_that_has_the_documents_holds_credentials_to_them(
    rules: bytes | None, claims: dict[str, Any], expected: list[str]
) -> None:
    assert verified(rules, **claims) == expected


def test_a_verifier_without_documents_does_not() -> None:
    compact = issued({**CLAIMS, "vct#integrity": "sha256-AAAA"})
    assert verify_text(compact, Expectation(), issuer_key=SIGNER.public_key, now=0).ok


def test_rules_are_told_after_the_type_and_before_the_holder() -> None:
    compact = issued({**CLAIMS, "iss": "i"})
    expected = Expectation(issuer="j", types=lambda _: document(claim("name", sd="always")))
    verdict = verify_text(compact, expected, issuer_key=SIGNER.public_key, now=0)
    assert [failure.code for failure in verdict.failures] == ["issuer", "claim_sd_always"]
