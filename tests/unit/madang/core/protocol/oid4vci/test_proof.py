import contextlib
import dataclasses
import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vci.errors import CredentialError
from madang.core.protocol.oid4vci.proof import CheckedProof, check_proof_jwt, make_proof_jwt
from madang.core.protocol.oid4vci.receipt_request import (
    check_receipt_request,
    make_receipt_request,
)
from madang.core.trust.did import jwk as did_jwk
from madang.core.trust.did import key as did_key
from madang.infra import ca

ISSUER = "https://mapo.example/mapo/issuer"
NOW = 1_780_000_000
HOLDER = generate_p256("holder")
JWK = HOLDER.public_key.to_jwk()
HOLDERS_ROOT = ca.root(ec.generate_private_key(ec.SECP256R1()), "holders", now=NOW)


def certified(key: ec.EllipticCurvePublicKey) -> bytes:
    return ca.leaf(HOLDERS_ROOT, key, "holder", uri="https://h.example", dns="h.example", now=NOW)


HOLDERS_CHAIN = (certified(HOLDER.public_key.native), HOLDERS_ROOT.der)  # type: ignore[arg-type]  # on P-256
P384 = jws.encode_chain((certified(ec.generate_private_key(ec.SECP384R1()).public_key()),))[0]
TYP = "openid4vci-proof+jwt"
CLAIMS = {"aud": ISSUER, "iat": NOW, "nonce": "n"}


DID = f"{did_jwk.identifier(HOLDER.public_key)}#0"
DID_KEY = did_key.identifier(HOLDER.public_key)
OTHERS_DID = f"{did_jwk.identifier(generate_p256('x').public_key)}#0"


def check(
    compact: str, *, nonce_required: bool = True, limits: Limits = DEFAULT_LIMITS
) -> CheckedProof:
    return check_proof_jwt(
        compact,
        audience=ISSUER,
        now=NOW,
        max_age=300,
        max_skew=60,
        nonce_required=nonce_required,
        limits=limits,
    )


def signed(claims: Mapping[str, object] = CLAIMS, signer: Signer = HOLDER, **header: object) -> str:
    members = {"typ": TYP, "jwk": JWK} | header
    kept = {name: value for name, value in members.items() if value is not None}
    return jws.sign(json.dumps(claims).encode(), kept, signer)


def forged(header: Mapping[str, object], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(CLAIMS).encode(), signature)
    return ".".join(base64url.encode(part) for part in parts)


@pytest.mark.parametrize("signer", [HOLDER, generate_ed25519("other")])
def test_a_proof_gives_its_key_and_nonce(signer: Signer) -> None:
    proof = check(make_proof_jwt(signer, ISSUER, "n", NOW))
    assert proof == CheckedProof(signer.public_key, "n")


@pytest.mark.parametrize("kid", [DID, f"{DID_KEY}#{DID_KEY.removeprefix('did:key:')}"])
def test_a_key_may_be_named_by_a_did_that_is_the_key(kid: str) -> None:
    compact = make_proof_jwt(HOLDER, ISSUER, "n", NOW, kid=kid)
    assert "jwk" not in jws.parse(compact).header
    assert check(compact) == CheckedProof(HOLDER.public_key, "n", named=kid)


CHAIN = jws.encode_chain(HOLDERS_CHAIN)


@pytest.mark.parametrize("chain", [CHAIN, CHAIN[:1], [CHAIN[0], "AA=="]])
def test_a_key_may_stand_in_a_certificate_that_nobody_here_vouches_for(chain: list[str]) -> None:
    assert check(signed(jwk=None, x5c=chain)) == CheckedProof(HOLDER.public_key, "n")


def test_a_proof_may_name_the_wallet_and_carry_a_key_attestation() -> None:
    compact = make_proof_jwt(HOLDER, ISSUER, "n", NOW, client_id="wallet", key_attestation="a.b.c")
    proof = check(compact)
    assert (proof.issuer, proof.key_attestation) == ("wallet", "a.b.c")
    assert proof.named is None


def test_a_proof_leaves_out_iss_and_names_the_type() -> None:
    opened = jws.parse(make_proof_jwt(HOLDER, ISSUER, "n", NOW))
    assert opened.header == {"typ": TYP, "alg": "ES256", "jwk": JWK}
    assert jws.claims(opened) == {"aud": ISSUER, "iat": NOW, "nonce": "n"}


def test_a_proof_without_nonce_needs_an_issuer_without_nonce_endpoint() -> None:
    compact = make_proof_jwt(HOLDER, ISSUER, None, NOW)
    assert check(compact, nonce_required=False).nonce is None
    with pytest.raises(CredentialError, match="nonce"):
        check(compact)


def test_unknown_members_are_ignored() -> None:
    assert check(signed({**CLAIMS, "iss": "wallet", "x": 1}, trust_chain=["x"]))


SECRET_AS_PUBLIC = hmac.new(json.dumps(JWK).encode(), b"x", hashlib.sha256).digest()


@pytest.mark.parametrize(
    "compact",
    [
        pytest.param("", id="nothing"),
        pytest.param("a.b.c", id="not base64url"),
        pytest.param(signed()[:-4] + "AAAA", id="signature altered"),
        pytest.param(signed(signer=generate_p256("x")), id="signed by another key"),
        pytest.param(signed(signer=generate_ed25519("x")), id="another algorithm"),
        pytest.param(signed(typ="JWT"), id="typ"),
        pytest.param(signed(typ=None), id="no typ"),
        pytest.param(signed(typ="madang-receipt-request+jwt"), id="a receipt request"),
        pytest.param(signed(kid="k"), id="jwk and kid"),
        pytest.param(signed(x5c=["x"]), id="jwk and x5c"),
        pytest.param(signed(jwk=None), id="no key"),
        pytest.param(signed(jwk=None, kid="did:key:z"), id="kid that is no DID URL"),
        pytest.param(signed(jwk=None, kid="did:key:z#z"), id="kid without a key"),
        pytest.param(signed(jwk=None, kid="0"), id="kid that is no DID"),
        pytest.param(signed(jwk=None, kid="did:web:a.example#1"), id="kid to be fetched"),
        pytest.param(signed(jwk=None, kid=OTHERS_DID), id="kid of another key"),
        pytest.param(signed(jwk=None, kid=5), id="kid no text"),
        pytest.param(signed(jwk=None, x5c=["x"]), id="x5c alone"),
        pytest.param(signed(jwk=None, x5c=[]), id="x5c empty"),
        pytest.param(signed(jwk=None, x5c=CHAIN[0]), id="x5c no array"),
        pytest.param(signed(jwk=None, x5c=["AA=="]), id="x5c no certificate"),
        pytest.param(signed(jwk=None, x5c=CHAIN * 3), id="x5c too long"),
        pytest.param(signed(jwk=None, x5c=CHAIN[::-1]), id="x5c with another first"),
        pytest.param(signed(jwk=None, x5c=[P384]), id="x5c with a key on another curve"),
        pytest.param(signed(jwk=None, kid=DID, x5c=CHAIN), id="kid and x5c"),
        pytest.param(signed(signer=generate_p256("x"), jwk=None, x5c=CHAIN), id="x5c of another"),
        pytest.param(signed(key_attestation={}), id="key attestation no text"),
        pytest.param(signed({**CLAIMS, "iss": 5}), id="iss no text"),
        pytest.param(signed(jwk={**JWK, "d": "AA"}), id="private key"),
        pytest.param(signed(jwk={"kty": "oct", "k": "AA"}), id="symmetric key"),
        pytest.param(signed(jwk={**JWK, "crv": "P-384"}), id="another curve"),
        pytest.param(signed(jwk="x"), id="jwk no object"),
        pytest.param(signed(crit=["b64"], b64=False), id="crit"),
        pytest.param(forged({"typ": TYP, "jwk": JWK, "alg": "none"}), id="alg none"),
        pytest.param(
            forged({"typ": TYP, "jwk": JWK, "alg": "HS256"}, SECRET_AS_PUBLIC), id="alg HS256"
        ),
        pytest.param(signed({**CLAIMS, "aud": "https://other.example"}), id="aud"),
        pytest.param(signed({**CLAIMS, "aud": [ISSUER]}), id="aud as array"),
        pytest.param(signed({"iat": NOW, "nonce": "n"}), id="no aud"),
        pytest.param(signed({"aud": ISSUER, "nonce": "n"}), id="no iat"),
        pytest.param(signed({**CLAIMS, "iat": str(NOW)}), id="iat as text"),
        pytest.param(signed({**CLAIMS, "iat": True}), id="iat as boolean"),
        pytest.param(signed({**CLAIMS, "iat": NOW - 361}), id="too old"),
        pytest.param(signed({**CLAIMS, "iat": NOW + 61}), id="from the future"),
        pytest.param(signed({**CLAIMS, "exp": NOW - 60}), id="exp passed"),
        pytest.param(signed({**CLAIMS, "nbf": NOW + 61}), id="nbf ahead"),
        pytest.param(signed({**CLAIMS, "nonce": 5}), id="nonce no text"),
        pytest.param(signed({**CLAIMS, "nonce": ""}), id="nonce empty"),
        pytest.param(jws.sign(b"[]", {"typ": TYP, "jwk": JWK}, HOLDER), id="claims no object"),
        pytest.param(jws.sign(b"\xff", {"typ": TYP, "jwk": JWK}, HOLDER), id="claims no JSON"),
    ],
)
def test_a_bad_proof_is_invalid_proof(compact: str) -> None:
    with pytest.raises(CredentialError) as refusal:
        check(compact)
    assert refusal.value.code == "invalid_proof"


@pytest.mark.parametrize("claims", [{"iat": NOW - 360}, {"iat": NOW + 60}, {"exp": NOW - 59}])
def test_the_last_second_still_counts(claims: dict[str, int]) -> None:
    assert check(signed({**CLAIMS, **claims}))


def test_the_size_of_a_proof_is_bounded() -> None:
    compact = make_proof_jwt(HOLDER, ISSUER, "n", NOW)
    assert check(compact, limits=Limits(jwt_bytes=len(compact)))
    with pytest.raises(CredentialError, match="at most"):
        check(compact, limits=Limits(jwt_bytes=len(compact) - 1))


def test_a_receipt_request_proves_the_key_and_is_no_key_proof() -> None:
    compact = make_receipt_request(HOLDER, ISSUER, "n", NOW)
    found = check_receipt_request(compact, audience=ISSUER, now=NOW, max_age=60, max_skew=5)
    assert dataclasses.astuple(found)[1] == "n"
    assert found.key == HOLDER.public_key
    with pytest.raises(CredentialError, match="typ"):
        check(compact)


@pytest.mark.parametrize(
    "compact",
    [
        make_proof_jwt(HOLDER, ISSUER, "n", NOW),
        make_receipt_request(HOLDER, "https://other.example", "n", NOW),
        make_receipt_request(HOLDER, ISSUER, "n", NOW - 66),
        signed({"aud": ISSUER, "iat": NOW}, typ="madang-receipt-request+jwt"),
    ],
)
def test_a_bad_receipt_request_is_refused(compact: str) -> None:
    with pytest.raises(CredentialError, match="invalid_proof"):
        check_receipt_request(compact, audience=ISSUER, now=NOW, max_age=60, max_skew=5)


@given(st.text(max_size=40), st.binary(max_size=30), st.binary(max_size=30))
def test_any_text_is_refused_by_the_family(text: str, head: bytes, body: bytes) -> None:
    for compact in (text, f"{base64url.encode(head)}.{base64url.encode(body)}.AA"):
        with pytest.raises(CredentialError):
            check(compact)


header_values = st.none() | st.integers() | st.text(max_size=4) | st.just(JWK) | st.just([JWK])


@given(
    header=st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "kid", "x5c"]), header_values),
    claims=st.dictionaries(st.sampled_from(["aud", "iat", "nonce", "exp"]), header_values),
)
def test_any_header_and_claims_are_read_or_refused_by_the_family(
    header: dict[str, object], claims: dict[str, object]
) -> None:
    with contextlib.suppress(CredentialError):
        check(jws.sign(json.dumps(CLAIMS | claims).encode(), {"typ": TYP, **header}, HOLDER))
