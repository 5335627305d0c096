import contextlib
import dataclasses
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.client_id import x509_hash_client_id, x509_san_dns_client_id
from madang.core.protocol.oid4vp.errors import ReplyAddress, VpError
from madang.core.protocol.oid4vp.request_check import VerifiedRequest, verify_request
from madang.core.protocol.oid4vp.request_signing import sign_request
from madang.core.protocol.oid4vp.wallet_policy import WalletPolicy
from madang.infra import ca
from tests.unit.madang.core.protocol.oid4vp.city import (
    NOW,
    VCT,
    VERIFIER,
    City,
    both,
    public_jwk,
    unsigned,
    with_malformed_subject,
)

RESPONSE_URI = f"{VERIFIER}/response/1"


def verify(
    city: City,
    compact: str,
    *,
    client_id: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    **policy: object,
) -> VerifiedRequest:
    held = dataclasses.replace(WalletPolicy((city.root,), NOW), **policy)
    outside = str(city.client_id) if client_id is None else client_id
    return verify_request(compact, client_id=outside, policy=held, limits=limits)


def signed(
    city: City, *, signer: Signer | None = None, header: object = None, **changes: object
) -> str:
    """Sign the request with claims changed; a change to None takes the claim away."""
    by = signer or city.verifier
    claims = {**city.request().to_json(), **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    known = {"typ": "oauth-authz-req+jwt", "x5c": jws.encode_chain(by.certificate_chain)}
    used = {**known, **(header if isinstance(header, dict) else {})}
    return jws.sign(json.dumps(kept).encode(), used, by)


def test_a_request_has_the_names_of_the_specification(city: City) -> None:
    compact = sign_request(city.request(), city.verifier)
    opened = jws.parse(compact)
    assert opened.header["typ"] == "oauth-authz-req+jwt"
    assert opened.header["x5c"] == jws.encode_chain(city.verifier.certificate_chain)
    assert jws.claims(opened) == {
        "client_id": str(city.client_id),
        "response_type": "vp_token",
        "response_mode": "direct_post.jwt",
        "response_uri": RESPONSE_URI,
        "nonce": "n-1",
        "state": "s-1",
        "aud": "https://self-issued.me/v2",
        "iat": NOW,
        "exp": NOW + 300,
        "dcql_query": {
            "credentials": [
                {
                    "id": "id",
                    "format": "dc+sd-jwt",
                    "meta": {"vct_values": [VCT["id"]]},
                    "multiple": False,
                    "require_cryptographic_holder_binding": True,
                    "claims": [{"path": ["name"]}],
                }
            ]
        },
        "client_metadata": {
            "jwks": {"keys": [{**public_jwk(), "use": "enc", "alg": "ECDH-ES"}]},
            "encrypted_response_enc_values_supported": ["A128GCM", "A256GCM"],
            "vp_formats_supported": {
                "dc+sd-jwt": {
                    "sd-jwt_alg_values": ["ES256", "ES384", "ES512", "EdDSA"],
                    "kb-jwt_alg_values": ["ES256", "ES384", "ES512", "EdDSA"],
                }
            },
        },
        "verifier_info": [
            {
                "format": "madang-registered-purpose",
                "data": {
                    "sub": VERIFIER,
                    "intended_use_id": "youth_rent",
                    "purpose": [
                        {"lang": "en", "value": "Youth rent support"},
                        {"lang": "ko", "value": "청년월세 지원"},
                    ],
                },
            }
        ],
    }


def test_a_signed_request_is_verified(city: City) -> None:
    compact = sign_request(city.request(both()), city.verifier)
    found = verify(city, compact)
    assert found.request == city.request(both())
    assert (found.client_id, found.audience) == (str(city.client_id), str(city.client_id))
    assert found.chain == city.verifier.certificate_chain


def test_a_dns_client_is_verified(city: City) -> None:
    client_id = str(x509_san_dns_client_id("mapo.example"))
    assert verify(city, signed(city, client_id=client_id), client_id=client_id)
    elsewhere = signed(city, client_id=client_id, response_uri="https://evil.example/")
    with pytest.raises(VpError, match="response_uri_host") as refusal:
        verify(city, elsewhere, client_id=client_id)
    assert refusal.value.reply_to is None


def test_a_signer_without_chain_cannot_sign_a_request(city: City) -> None:
    with pytest.raises(ValueError, match="certificate chain"):
        sign_request(city.request(), generate_p256("bare"))


def test_unknown_members_and_iss_are_ignored(city: City) -> None:
    assert verify(
        city, signed(city, iss="x", verifier_attestations=[{}], presentation_definition={})
    )


@pytest.mark.parametrize("info", ["text", 5, [], [5], [{"format": "x"}], [{"data": "x"}]])
def test_verifier_info_of_another_form_is_refused(city: City, info: object) -> None:
    with pytest.raises(VpError) as refused:
        verify(city, signed(city, verifier_info=info))
    assert refused.value.reason == "request_members"


def test_iat_and_exp_may_be_absent_and_skew_counts(city: City) -> None:
    assert verify(city, signed(city, iat=None, exp=None))
    assert verify(city, signed(city, iat=NOW + 60, exp=NOW - 59))


def refusal_of(city: City, compact: str, **options: object) -> VpError:
    with pytest.raises(VpError) as refusal:
        verify(city, compact, **options)
    return refusal.value


def test_nothing_is_answered_before_the_verifier_is_authenticated(city: City) -> None:
    good = sign_request(city.request(), city.verifier)
    other = x509_hash_client_id(city.issuer.certificate_chain[0])
    chain = jws.encode_chain((*city.verifier.certificate_chain, city.root))
    leaf, *above = city.verifier.certificate_chain
    malformed = with_malformed_subject(leaf)
    cases = {
        "request_form": [
            "",
            "a.b",
            signed(city, header={"typ": "JWT"}),
            signed(city, header={"typ": None}),
            good.replace(".", "", 1),
            jws.sign(b"[]", {"typ": "oauth-authz-req+jwt"}, city.verifier),
        ],
        "client_id_differs": [signed(city, client_id="x509_hash:x"), signed(city, client_id=None)],
        "request_chain_empty": [signed(city, header={"x5c": []})],
        "request_chain_malformed": [
            signed(city, header={"x5c": "x"}),
            signed(city, header={"x5c": jws.encode_chain((malformed, *above))}),
        ],
        "request_anchor_in_chain": [signed(city, header={"x5c": chain})],
        "request_unknown_anchor": [signed(city, signer=city.stranger)],
        "request_signature": [unsigned(good, nonce="n-2"), good[:-6] + "AAAAAA"],
    }
    for reason, texts in cases.items():
        for text in texts:
            error = refusal_of(city, text)
            assert (error.code, error.reason) == ("invalid_request", reason)
            assert error.reply_to is None
            assert error.clause.startswith("OpenID4VP 1.0 section 5")
    error = refusal_of(city, signed(city, client_id=str(other)), client_id=str(other))
    assert error.reason == "client_id_certificate"


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256"])
def test_other_algorithms_are_refused(city: City, alg: str) -> None:
    head, body, signature = sign_request(city.request(), city.verifier).split(".")
    header = {**json.loads(base64url.decode(head)), "alg": alg}
    forged = f"{base64url.encode(json.dumps(header).encode())}.{body}.{signature}"
    assert refusal_of(city, forged).reason == "request_form"


@pytest.mark.parametrize(
    ("client_id", "reason"),
    [
        ("redirect_uri:https://x.example", "client_id_prefix"),
        ("origin:https://x", "client_id_prefix"),
        ("openid_federation:https://x.example", "client_id_prefix"),
        ("https://x.example", "client_id_prefix"),
        ("plain", "client_unknown"),
    ],
)
def test_other_client_identifiers_are_refused(city: City, client_id: str, reason: str) -> None:
    error = refusal_of(city, signed(city, client_id=client_id), client_id=client_id)
    assert (error.reason, error.reply_to) == (reason, None)


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"nonce": None}, "invalid_request", "request_members"),
        ({"nonce": ""}, "invalid_request", "request_members"),
        ({"nonce": "a b"}, "invalid_request", "request_members"),
        ({"state": "a/b"}, "invalid_request", "request_members"),
        ({"aud": "https://wallet.example"}, "invalid_request", "request_members"),
        ({"aud": None}, "invalid_request", "request_members"),
        ({"response_type": "code"}, "invalid_request", "request_members"),
        ({"response_mode": "dc_api"}, "invalid_request", "request_members"),
        ({"response_mode": "dc_api.jwt"}, "invalid_request", "request_members"),
        ({"response_mode": "fragment"}, "invalid_request", "request_members"),
        ({"dcql_query": None}, "invalid_request", "request_members"),
        ({"dcql_query": {"credentials": []}}, "invalid_request", "request_members"),
        ({"client_metadata": None}, "invalid_request", "encryption_key"),
        ({"exp": NOW - 60}, "invalid_request", "request_time"),
        ({"iat": NOW + 61}, "invalid_request", "request_time"),
        ({"redirect_uri": "https://x.example"}, "invalid_request", "redirect_uri"),
        ({"scope": "x"}, "invalid_request", "scope"),
        ({"scope": "x", "dcql_query": None}, "invalid_scope", "scope"),
        ({"transaction_data": ["e30"]}, "invalid_transaction_data", "transaction_data"),
        ({"client_metadata": {}}, "invalid_request", "encryption_key"),
    ],
)
def test_an_authenticated_verifier_is_told_what_is_wrong(
    city: City, changes: dict[str, object], code: str, reason: str
) -> None:
    error = refusal_of(city, signed(city, **changes))
    assert (error.code, error.reason) == (code, reason)
    state = changes.get("state", "s-1")
    assert error.reply_to == ReplyAddress(RESPONSE_URI, str(state))


@pytest.mark.parametrize("uri", ["http://mapo.example/r", "http://127.0.0.1:8000/r", "/r", 5])
def test_an_answer_goes_to_https_only_and_an_error_too(city: City, uri: object) -> None:
    error = refusal_of(city, signed(city, response_uri=uri))
    assert error.reason in {"response_uri", "request_members"}
    assert error.reply_to is None


def test_http_on_this_machine_needs_permission(city: City) -> None:
    compact = signed(city, response_uri="http://127.0.0.1:8000/r")
    assert verify(city, compact, allow_loopback_http=True)


def test_a_wallet_nonce_must_come_back(city: City) -> None:
    assert verify(city, signed(city, wallet_nonce="w-1"), wallet_nonce="w-1")
    for compact in (signed(city), signed(city, wallet_nonce="w-2")):
        assert refusal_of(city, compact, wallet_nonce="w-1").reason == "wallet_nonce"


def test_a_request_for_other_formats_only_is_not_supported(city: City) -> None:
    other = {"id": "m", "format": "jwt_vc_json", "meta": {}}
    query = parse_query({"credentials": [other]}).to_json()
    error = refusal_of(city, signed(city, dcql_query=query))
    assert error.code == "vp_formats_not_supported"


def test_sizes_and_counts_are_bounded(city: City) -> None:
    compact = sign_request(city.request(both()), city.verifier)
    assert verify(city, compact, limits=Limits(jwt_bytes=len(compact), queries=2))
    small = Limits(jwt_bytes=len(compact) - 1)
    assert refusal_of(city, compact, limits=small).reason == "request_form"
    assert refusal_of(city, compact, limits=Limits(queries=1)).reason == "query_bounds"


def test_an_expired_certificate_is_refused(city: City) -> None:
    later = NOW + (ca.LEAF_DAYS + 1) * 86_400
    error = refusal_of(city, sign_request(city.request(), city.verifier), now=later)
    assert error.reason == "request_certificate_expired"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
NAMES = [
    "client_metadata",
    "dcql_query",
    "exp",
    "iat",
    "nonce",
    "response_uri",
    "state",
    "verifier_info",
    "wallet_nonce",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(name=st.sampled_from(NAMES), value=json_values)
def test_any_member_is_read_or_refused_by_the_family(city: City, name: str, value: object) -> None:
    with contextlib.suppress(VpError):
        verify(city, signed(city, **{name: value}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40))
def test_any_text_is_refused_by_the_family(city: City, text: str) -> None:
    refusal_of(city, text)
