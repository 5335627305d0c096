"""A provider's keys: which count, and how many and how large they may be."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey, RSAKey

from madang.core.encoding import base64url
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.jwks import MAX_KEYS, parse_jwks


@cache
def rsa(bits: int = 2048) -> dict[str, Any]:
    return dict(RSAKey.generate_key(bits, auto_kid=False).as_dict(private=False))


@cache
def p256() -> dict[str, Any]:
    return dict(ECKey.generate_key("P-256", auto_kid=False).as_dict(private=False))


@cache
def ed25519() -> dict[str, Any]:
    return dict(OKPKey.generate_key("Ed25519", auto_kid=False).as_dict(private=False))


def keys(*jwks: Any) -> bytes:
    return json.dumps({"keys": list(jwks)}).encode()


def test_keys_of_all_kinds_that_count_are_read() -> None:
    found = parse_jwks(keys({**rsa(), "kid": "a"}, {**p256(), "kid": "b"}, ed25519()))
    assert [(each.kid, each.kty, each.crv) for each in found] == [
        ("a", "RSA", ""),
        ("b", "EC", "P-256"),
        ("", "OKP", "Ed25519"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": ["RSA"]},
        {},
    ],
    ids=["shared secret", "another curve", "another kind", "no text", "nothing"],
)
def test_keys_of_other_kinds_are_passed_over(other: dict[str, Any]) -> None:
    assert len(parse_jwks(keys(other, p256()))) == 1


def test_keys_for_encryption_are_passed_over() -> None:
    assert parse_jwks(keys({**p256(), "use": "enc"})) == ()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": ["x"]}',
        b'{"keys": [], "keys": []}',
        keys(*[p256()] * (MAX_KEYS + 1)),
        keys({**p256(), "x": "!"}),
        keys({**p256(), "x": "AA"}),
        keys({"kty": "EC", "crv": "P-256"}),
        keys({**p256(), "kid": 1}),
        keys({**p256(), "alg": 1}),
        keys({**p256(), "d": "AA"}),
        keys({"kty": "RSA", "n": 5, "e": "AQAB"}),
        keys({"kty": "RSA", "n": "", "e": "AQAB"}),
    ],
    ids=range(15),
)
def test_a_set_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(OpenIdError) as caught:
        parse_jwks(data)
    assert caught.value.code == "jwks"


@pytest.mark.parametrize("bits", [1024, 5120])
def test_an_rsa_key_is_neither_weak_nor_a_burden(bits: int) -> None:
    modulus = (1 << (bits - 1)) + 1
    size = bits // 8
    jwk = {"kty": "RSA", "n": base64url.encode(modulus.to_bytes(size)), "e": "AQAB"}
    with pytest.raises(OpenIdError, match="bits"):
        parse_jwks(keys(jwk))


@pytest.mark.parametrize(
    ("jwk", "kid", "alg", "fits"),
    [
        ({"kid": "a"}, "a", "ES256", True),
        ({"kid": "a"}, "b", "ES256", False),
        ({"kid": "a"}, "", "ES256", True),
        ({}, "", "ES256", True),
        ({}, "a", "ES256", False),
        ({"alg": "ES256"}, "", "ES256", True),
        ({"alg": "ES384"}, "", "ES256", False),
        ({"kid": "a"}, "a", "RS256", False),
        ({"kid": "a"}, "a", "EdDSA", False),
    ],
    ids=range(9),
)
def test_a_key_is_for_its_name_and_its_algorithm(
    jwk: dict[str, str], kid: str, alg: str, *, fits: bool
) -> None:
    (key,) = parse_jwks(keys({**p256(), **jwk}))
    assert key.fits(kid, alg) is fits


@given(st.binary(max_size=300))
def test_any_bytes_are_keys_or_refused(data: bytes) -> None:
    with pytest.raises(OpenIdError):
        parse_jwks(data)
