"""The ID token: every check refuses what breaks it, and nothing else."""

import hmac
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jws
from madang.core.keys.software import generate_ed25519
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.id_token import Expected, IdToken, check_id_token
from madang.core.protocol.openid.jwks import parse_jwks
from madang.core.protocol.typed_jwt import Window

ISSUER, CLIENT, NONCE, NOW = "https://login.example", "hanbit", "nonce-1", 1_800_000_000
WINDOW = Window(NOW, max_age=300, max_skew=10)
EXPECTED = Expected(ISSUER, CLIENT, NONCE, WINDOW)
P256 = ECKey.generate_key("P-256", {"kid": "ec"})
P384 = ECKey.generate_key("P-384", {"kid": "ec384"})
ED = generate_ed25519("ed")
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
PUBLISHED = [
    *(key.as_dict(private=False) for key in (P256, P384, RSA)),
    {**ED.public_key.to_jwk(), "kid": "ed"},
]
KEYS = parse_jwks(strict_json.dumps({"keys": PUBLISHED}).encode())
NUMBERED = base64url.encode(b'{"alg":"ES256","kid":1}')
CLAIMS = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "person-1",
    "nonce": NONCE,
    "iat": NOW - 5,
    "exp": NOW + 300,
    "auth_time": NOW - 20,
    "acr": "high",
    "name": "김하늘",
}


def token(
    key: Any = P256, alg: str = "ES256", header: Mapping[str, Any] | None = None, **claims: Any
) -> str:
    said = {name: value for name, value in {**CLAIMS, **claims}.items() if value != ...}
    named = {"alg": alg, "kid": key.kid, **(header or {})}
    given_header = {name: value for name, value in named.items() if value != ...}
    return jwt.encode(given_header, said, key, algorithms=[alg])


def check(compact: str) -> IdToken:
    return check_id_token(compact, KEYS, EXPECTED)


@pytest.mark.parametrize(
    ("key", "alg"),
    [(P256, "ES256"), (P384, "ES384"), (RSA, "RS256"), (RSA, "PS256")],
    ids=["ES256", "ES384", "RS256", "PS256"],
)
def test_a_token_of_every_algorithm_that_counts_is_taken(key: Any, alg: str) -> None:
    found = check(token(key, alg))
    assert (found.acr, found.auth_time, found.claims["name"]) == ("high", NOW - 20, "김하늘")


def test_so_is_one_by_ed25519() -> None:
    signed = jws.sign(strict_json.dumps(CLAIMS).encode(), {"kid": "ed"}, ED)
    assert check(signed).acr == "high"


def test_one_without_kid_is_held_against_every_key_that_fits() -> None:
    assert check(token(header={"kid": ...}))


def test_what_may_be_absent_or_otherwise_is_no_reason() -> None:
    assert check(token(aud=[CLIENT], azp=CLIENT)).acr == "high"
    assert check(token(acr=...)).acr == ""
    assert check(token(acr=3)).acr == ""
    assert check(token(header={"typ": "JWT"}))


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": f"{ISSUER}/"}, "id_token_issuer"),
        ({"iss": ...}, "id_token_issuer"),
        ({"aud": "another"}, "id_token_audience"),
        ({"aud": [CLIENT, "another"], "azp": CLIENT}, "id_token_audience"),
        ({"aud": []}, "id_token_audience"),
        ({"aud": ...}, "id_token_audience"),
        ({"azp": "another"}, "id_token_audience"),
        ({"nonce": "nonce-2"}, "id_token_nonce"),
        ({"nonce": ...}, "id_token_nonce"),
        ({"exp": NOW - 10}, "id_token_time"),
        ({"exp": ...}, "id_token_time"),
        ({"exp": "soon"}, "id_token_time"),
        ({"iat": NOW + 11}, "id_token_time"),
        ({"iat": NOW - 311}, "id_token_time"),
        ({"iat": ...}, "id_token_time"),
        ({"nbf": NOW + 11}, "id_token_time"),
        ({"auth_time": ...}, "id_token_time"),
        ({"auth_time": NOW - 311}, "id_token_time"),
        ({"auth_time": NOW + 11}, "id_token_time"),
        ({"sub": ...}, "id_token_form"),
        ({"sub": ""}, "id_token_form"),
    ],
    ids=str,
)
def test_a_token_that_says_something_else_is_refused(claims: dict[str, Any], code: str) -> None:
    with pytest.raises(OpenIdError) as caught:
        check(token(**claims))
    assert caught.value.code == code


def test_the_bounds_of_time_are_held_to_the_second() -> None:
    assert check(token(iat=NOW + 10, exp=NOW - 9, auth_time=NOW - 310))
    assert check(token(iat=NOW - 310))


@pytest.mark.parametrize(
    ("compact", "code"),
    [
        (token(ECKey.generate_key("P-256", {"kid": "ec"})), "id_token_signature"),
        (token()[:-6] + "AAAAAA", "id_token_signature"),
        (token(ECKey.generate_key("P-256", {"kid": "unknown"})), "id_token_key"),
        (token(header={"kid": "rsa"}), "id_token_key"),
        (token(header={"typ": "logout+jwt"}), "id_token_form"),
        (f"{NUMBERED}.e30.AA", "id_token_form"),
        (token(OctKey.import_key("x" * 32, {"kid": "ec"}), "HS256"), "id_token_form"),
        ("e30.e30.AA", "id_token_form"),
        ("eyJhbGciOiJub25lIn0.e30.", "id_token_form"),
        ("", "id_token_form"),
        ("x" * 70_000, "id_token_form"),
    ],
    ids=range(11),
)
def test_a_token_that_the_provider_did_not_sign_is_refused(compact: str, code: str) -> None:
    with pytest.raises(OpenIdError) as caught:
        check(compact)
    assert caught.value.code == code


def test_a_public_key_is_no_shared_secret() -> None:
    """HS256 with the text of a published key (CVE-2015-9235)."""
    header = base64url.encode(b'{"alg":"HS256","kid":"rsa"}')
    signed = f"{header}.{base64url.encode(strict_json.dumps(CLAIMS).encode())}"
    mac = hmac.digest(RSA.as_pem(private=False), signed.encode(), "sha256")
    with pytest.raises(OpenIdError, match="id_token_form"):
        check(f"{signed}.{base64url.encode(mac)}")


def test_a_key_in_the_header_is_nothing() -> None:
    own = ECKey.generate_key("P-256", {"kid": "own"})
    for header in ({"jwk": own.as_dict(private=False)}, {"jku": "https://evil.example/jwks"}):
        with pytest.raises(OpenIdError, match="id_token_key"):
            check(token(own, header=header))


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_refused(compact: str) -> None:
    with pytest.raises(OpenIdError):
        check(compact)
