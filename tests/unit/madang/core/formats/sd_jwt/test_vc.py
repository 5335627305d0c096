"""Every step of the verification of an SD-JWT VC, each failing alone and all of them told."""

from typing import Any

import pytest

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.frame import SdFrame
from madang.core.formats.sd_jwt.issue import issue, salts_from
from madang.core.formats.sd_jwt.json_form import to_json
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.model import digest_of, parse
from madang.core.formats.sd_jwt.present import bind, present
from madang.core.formats.sd_jwt.vc import Expectation, verify_text
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256

ISSUER, OTHER, HOLDER = generate_p256("issuer"), generate_p256("other"), generate_p256("holder")
NOW = 1_800_000_000
BINDING = BindingExpectation(audience="x509_hash:abc", nonce="n-1")
EXPECTED = Expectation(vct=("https://t/lease/1",), issuer="https://i", binding=BINDING)
CLAIMS: dict[str, Any] = {
    "iss": "https://i",
    "vct": "https://t/lease/1",
    "iat": NOW - 100,
    "exp": NOW + 1000,
    "cnf": {"jwk": HOLDER.public_key.to_jwk()},
    "rent": 500,
    "name": "김하나",
}


def credential(
    change: dict[str, Any] | None = None, typ: str = "dc+sd-jwt", signer: SoftwareSigner = ISSUER
) -> str:
    claims = {k: v for k, v in {**CLAIMS, **(change or {})}.items() if v is not ...}
    frame = SdFrame.of([("rent",), ("name",)])
    issued = issue(
        claims, frame, signer=signer, header={"typ": typ}, salts=salts_from(bytes(range(64)))
    )
    return issued.compact


def shown(compact: str, **change: Any) -> str:
    said = {"holder": HOLDER, "audience": BINDING.audience, "nonce": "n-1", "issued_at": NOW}
    return present(compact, [("rent",)], **{**said, **change})


def codes(text: str, expected: Expectation = EXPECTED, key: Any = ISSUER.public_key) -> list[str]:
    return [f.code for f in verify_text(text, expected, issuer_key=key, now=NOW).failures]


def test_a_good_presentation_shows_what_was_chosen() -> None:
    verdict = verify_text(shown(credential()), EXPECTED, issuer_key=ISSUER.public_key, now=NOW)
    assert verdict.ok
    assert verdict.claims["rent"] == 500
    assert "name" not in verdict.claims


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (shown(credential(typ="vc+sd-jwt")), "issuer_typ"),
        (shown(credential(typ="JWT")), "issuer_typ"),
        (shown(credential(signer=OTHER)), "issuer_signature"),
        (shown(credential(signer=generate_ed25519("e"))), "issuer_alg"),
        (shown(credential({"exp": NOW - 61})), "expired"),
        (shown(credential({"nbf": NOW + 61})), "not_yet_valid"),
        (shown(credential({"iat": NOW + 61})), "not_yet_valid"),
        (shown(credential({"exp": "soon"})), "malformed_time"),
        (shown(credential({"vct": "https://t/other/1"})), "vct"),
        (shown(credential({"vct": ...})), "vct_missing"),
        (shown(credential({"iss": "https://other"})), "issuer"),
        (shown(credential({"cnf": ...})), "holder_key"),
        (shown(credential({"cnf": {"jwk": {"kty": "oct", "k": "AA"}}})), "holder_key"),
        (credential(), "key_binding_missing"),
        (credential() + "x.y.z", "key_binding_malformed"),
        (shown(credential(), holder=OTHER), "key_binding_signature"),
        (shown(credential(), holder=generate_ed25519("e")), "key_binding_alg"),
        (shown(credential(), nonce="n-2"), "key_binding_nonce"),
        (shown(credential(), audience="x509_hash:abd"), "key_binding_aud"),
        (shown(credential(), issued_at=NOW - 301), "key_binding_iat"),
        (shown(credential(), issued_at=NOW + 61), "key_binding_iat"),
        (shown(credential(), issued_at=NOW - 365 * 86_400), "key_binding_iat"),
    ],
)
def test_one_thing_wrong_is_one_failure(text: str, code: str) -> None:
    assert codes(text) == [code]


def bound(header: dict[str, Any], **change: Any) -> str:
    genuine = parse(shown(credential()))
    claims = {**jws.claims(jws.parse(genuine.key_binding or "")), **change}
    kept = {name: value for name, value in claims.items() if value is not ...}
    return genuine.bound_part + jws.sign(strict_json.dumps(kept).encode(), header, HOLDER)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (bound({"typ": "JWT"}), "key_binding_typ"),
        (bound({}), "key_binding_typ"),
        (bound({"typ": "kb+jwt"}, sd_hash="x"), "key_binding_sd_hash"),
        (bound({"typ": "kb+jwt"}, sd_hash=...), "key_binding_sd_hash"),
        (bound({"typ": "kb+jwt"}, iat=...), "key_binding_iat"),
        (bound({"typ": "kb+jwt"}, iat=True), "key_binding_iat"),
        (bound({"typ": "kb+jwt"}, nonce=...), "key_binding_nonce"),
        (bound({"typ": "kb+jwt"}, aud=...), "key_binding_aud"),
        (bound({"typ": "kb+jwt"}, aud=[BINDING.audience]), "key_binding_aud"),
        (bound({"typ": "kb+jwt"}, exp=NOW - 61), "key_binding_exp"),
        (bound({"typ": "kb+jwt"}, exp="soon"), "key_binding_exp"),
        (bound({"typ": "kb+jwt"}, nbf=NOW + 61), "key_binding_nbf"),
        (bound({"typ": "kb+jwt"}, nbf=True), "key_binding_nbf"),
    ],
)
def test_a_key_binding_of_another_kind_is_refused(text: str, code: str) -> None:
    assert codes(text) == [code]


def test_everything_wrong_with_a_key_binding_is_told_in_the_order_of_its_steps() -> None:
    """RFC 9901 section 7.3, steps 5.b to 5.h."""
    said = {"iat": NOW - 999, "nonce": "n-9", "aud": "x", "sd_hash": "x", "exp": 1, "nbf": "soon"}
    text = bound({"typ": "JWT"}, **said)
    head, payload, signature = text.rpartition("~")[2].split(".")
    forged = f"{text.rpartition('~')[0]}~{head}.{payload}.{'A' * len(signature)}"
    assert codes(forged) == [
        "key_binding_signature", "key_binding_typ", "key_binding_iat", "key_binding_nonce",
        "key_binding_aud", "key_binding_sd_hash", "key_binding_exp", "key_binding_nbf",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "late"),
    [
        ({"iat": NOW - 300}, {"iat": NOW - 301}),
        ({"iat": NOW + 60}, {"iat": NOW + 61}),
        ({"exp": NOW - 59}, {"exp": NOW - 60}),
        ({"nbf": NOW + 60}, {"nbf": NOW + 61}),
    ],
)
def test_times_hold_to_the_second(said: dict[str, int], late: dict[str, int]) -> None:
    """Those of a key binding, and those of a credential, which may be of any age."""
    assert codes(bound({"typ": "kb+jwt"}, **said)) == []
    assert codes(bound({"typ": "kb+jwt"}, **late)) != []
    if said != {"iat": NOW - 300}:
        assert codes(shown(credential(said))) == []
        assert codes(shown(credential(late))) != []


def test_a_key_binding_with_times_that_hold_is_good() -> None:
    assert codes(bound({"typ": "kb+jwt"}, exp=NOW, nbf=NOW)) == []


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "EdDSA"])
def test_a_key_binding_of_another_algorithm_than_the_keys_is_refused(alg: str) -> None:
    genuine = shown(credential())
    part, _, binding = genuine.rpartition("~")
    head = base64url.encode(strict_json.dumps({"alg": alg, "typ": "kb+jwt"}).encode())
    payload, signature = binding.split(".")[1:]
    for text in (f"{head}.{payload}.{signature}", f"{head}.{payload}."):
        assert codes(f"{part}~{text}") == ["key_binding_alg"]


def test_whether_a_key_binding_is_due_is_the_verifiers_choice_alone() -> None:
    unbound, without = credential(), Expectation(EXPECTED.vct, EXPECTED.issuer)
    assert codes(unbound) == ["key_binding_missing"]
    assert codes(unbound, without) == []
    assert codes(shown(unbound, nonce="another verifier's"), without) == []


def test_the_hash_of_the_payload_is_that_of_the_key_binding() -> None:
    def made(hash_name: str, said: str) -> str:
        salts = salts_from(bytes(range(64)))
        frame, header = SdFrame.of([("rent",)]), {"typ": "dc+sd-jwt"}
        issued = issue(
            CLAIMS, frame, signer=ISSUER, header=header, salts=salts, hash_name=hash_name
        )
        return bind(issued.compact, said, HOLDER, BINDING.audience, BINDING.nonce, NOW)

    assert codes(made("sha-512", "sha-512")) == []
    assert codes(made("sha-512", "sha-256")) == ["key_binding_sd_hash"]


def test_a_credential_that_comes_with_a_key_binding_is_not_presented() -> None:
    with pytest.raises(SdJwtError) as refused:
        shown(shown(credential()))
    assert refused.value.code == "key_binding_received"


@pytest.mark.parametrize("turn", [dict, strict_json.dumps, lambda v: f" {strict_json.dumps(v)}"])
def test_a_presentation_may_come_in_a_json_form(turn: Any) -> None:
    compact = shown(credential())
    flat = to_json(compact)
    own = {name: flat.pop(name) for name in ("protected", "signature", "header")}
    for value in ({**flat, **own}, {**flat, "signatures": [own]}):
        verdict = verify_text(turn(value), EXPECTED, issuer_key=ISSUER.public_key, now=NOW)
        assert verdict.ok
        assert verdict.claims["rent"] == 500


@pytest.mark.parametrize("change", [{"header": {"disclosures": []}}, {"signature": "AAAA"}])
def test_a_json_form_is_held_to_everything(change: dict[str, Any]) -> None:
    flat = to_json(shown(credential()))
    assert codes(strict_json.dumps({**flat, **change})) != []


@pytest.mark.parametrize("value", [{}, "{", "{}", '{"payload":1}', {"signatures": 1}])
def test_an_object_that_is_no_json_form_gives_a_verdict(value: Any) -> None:
    assert codes(value) == ["malformed_sd_jwt"]


@pytest.mark.parametrize(
    ("aud", "expected"),
    [
        (BINDING.audience, []),
        (["another", BINDING.audience], []),
        ("another", ["audience"]),
        (BINDING.audience[:-1], ["audience"]),
        (["another"], ["audience"]),
        ([], ["audience"]),
        (None, ["audience"]),
        ({BINDING.audience: 1}, ["audience"]),
    ],
)
def test_a_credential_for_somebody_else_is_refused(aud: object, expected: list[str]) -> None:
    assert codes(shown(credential({"aud": aud}))) == expected


def test_an_audience_may_be_disclosed_and_counts_then() -> None:
    assert codes(withholding(disclosure("aud", BINDING.audience))) == []
    assert codes(withholding(disclosure("aud", "another"))) == ["audience"]


def test_whoever_has_no_name_is_no_audience() -> None:
    unbound = Expectation(EXPECTED.vct, EXPECTED.issuer)
    assert codes(credential({"aud": BINDING.audience}), unbound) == ["audience"]


def test_disclosures_changed_after_signing_are_refused() -> None:
    issuer, rent, binding = shown(credential()).split("~")
    assert codes(f"{issuer}~{binding}") == ["key_binding_sd_hash"]
    name = credential().split("~")[2]
    assert codes(f"{issuer}~{name}~{rent}~{binding}") == ["key_binding_sd_hash"]
    assert "disclosure_twice" in codes(f"{issuer}~{rent}~{rent}~{binding}")


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_no_algorithm_but_the_keys_own_is_accepted(alg: str) -> None:
    _, rest = shown(credential()).split(".", 1)
    head = base64url.encode(strict_json.dumps({"alg": alg, "typ": "dc+sd-jwt"}).encode())
    assert "issuer_alg" in codes(f"{head}.{rest}")


def test_keys_in_the_header_are_ignored() -> None:
    claims = {**CLAIMS}
    header = {"typ": "dc+sd-jwt", "jwk": OTHER.public_key.to_jwk(), "jku": "https://evil/jwks"}
    frame = SdFrame.of([("rent",)])
    forged = issue(claims, frame, signer=OTHER, header=header, salts=salts_from(bytes(range(64))))
    assert codes(shown(forged.compact)) == ["issuer_signature"]


def test_every_failure_is_told_in_order() -> None:
    wrong = credential({"exp": NOW - 100, "iss": "https://x"}, typ="JWT", signer=OTHER)
    found = codes(shown(wrong, nonce="n-9", holder=OTHER))
    assert found == [
        "issuer_typ", "issuer_signature", "expired", "issuer", "key_binding_signature",
        "key_binding_nonce",
    ]  # fmt: skip


def test_without_a_trusted_key_nothing_is_valid() -> None:
    assert codes(shown(credential()), key=None) == ["issuer_key"]


def test_a_text_that_is_no_credential_gives_a_verdict() -> None:
    for text in ("", "~", "a.b.c~", "e30.e30.AA"):
        assert len(codes(text)) == 1


def test_failures_hold_no_values() -> None:
    wrong = shown(credential({"exp": NOW - 100}, signer=OTHER), nonce="x", holder=OTHER)
    verdict = verify_text(wrong, EXPECTED, issuer_key=ISSUER.public_key, now=NOW)
    told = " ".join(f.detail for f in verdict.failures)
    assert "김하나" not in told
    assert "500" not in told


def withholding(*disclosures: str, **clear: Any) -> str:
    """Sign what `issue` refuses to, and bind it to the holder."""
    claims = {name: value for name, value in CLAIMS.items() if name not in {"exp", "iat"}}
    claims |= {"_sd": [digest_of(encoded, "sha-256") for encoded in disclosures], **clear}
    signed = jws.sign(strict_json.dumps(claims).encode(), {"typ": "dc+sd-jwt"}, ISSUER)
    part = "~".join([signed, *disclosures, ""])
    return bind(part, "sha-256", HOLDER, BINDING.audience, BINDING.nonce, NOW)


def disclosure(name: str, value: object) -> str:
    return base64url.encode(strict_json.dumps(["salt", name, value]).encode())


@pytest.mark.parametrize("name", ["nbf", "exp", "status", "vct#integrity"])
def test_a_claim_that_could_be_withheld_is_refused(name: str) -> None:
    assert "claim_must_stay_in_clear" in codes(withholding(disclosure(name, NOW)))


def test_a_part_of_such_a_claim_is_refused_too() -> None:
    index = disclosure("idx", 7)
    status = {"status_list": {"_sd": [digest_of(index, "sha-256")], "uri": "https://i/1"}}
    part = withholding(_sd=[], status=status).rpartition("~")[0] + f"~{index}~"
    text = bind(part, "sha-256", HOLDER, BINDING.audience, BINDING.nonce, NOW)
    assert codes(text) == ["claim_must_stay_in_clear"]


def test_the_time_of_issue_may_be_disclosed_and_counts_then() -> None:
    assert codes(withholding(disclosure("iat", NOW - 5))) == []
    assert codes(withholding(disclosure("iat", NOW + 61))) == ["not_yet_valid"]


def test_a_payload_that_cannot_be_processed_is_still_judged_by_its_times() -> None:
    text = withholding(_sd=["x", "x"], exp=NOW - 100)
    assert codes(text) == ["digest_twice", "expired"]
    rules = Expectation(EXPECTED.vct, EXPECTED.issuer, BINDING, types=lambda _: None)
    assert codes(text, rules) == ["digest_twice", "expired"]
