import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.protocol.oauth.key_set import MAX_KEYS, candidates, parse_key_set
from madang.core.protocol.oauth.registration import parse_registration, read_registration

ONE, TWO = generate_p256("k1"), generate_ed25519("k2")
JWK = {**ONE.public_key.to_jwk(), "kid": "k1"}
KEYS: dict[str, Any] = {"keys": [JWK, {**TWO.public_key.to_jwk(), "kid": "k2"}]}
CLIENT: dict[str, Any] = {
    "client_id": "wallet-1",
    "client_name": "A wallet",
    "redirect_uris": ["https://w.example/cb", "org.example.wallet:/cb"],
    "jwks": KEYS,
}
PUBLIC = {"client_id": "w", "token_endpoint_auth_method": "none"}


class RefusedError(Exception):
    pass


def read(**changes: object) -> Any:
    value = {n: v for n, v in (CLIENT | changes).items() if v is not None}
    return read_registration(value, RefusedError)


def test_a_client_is_read_and_written_back() -> None:
    client = read(unknown=1)
    assert client.token_endpoint_auth_method == "private_key_jwt"
    assert parse_registration(json.dumps(client.to_json()).encode(), RefusedError) == client
    assert read_registration(PUBLIC, RefusedError).redirect_uris == ()
    assert read(jwks=None, jwks_uri="https://w.example/jwks").jwks is None


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "a b"},
        {"client_id": "x" * 256},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "attest_jwt_client_auth"},
        {"jwks": None},
        {"jwks_uri": "https://w.example/jwks"},
        {"jwks": None, "jwks_uri": "http://w.example/jwks"},
        {"jwks": None, "jwks_uri": "http://127.0.0.1/jwks"},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}},
        {"jwks": {"keys": [{**JWK, "d": "AA"}]}},
        {"jwks": {"keys": [JWK] * (MAX_KEYS + 1)}},
        {"redirect_uris": ["http://w.example/cb"]},
        {"redirect_uris": ["https://w.example/cb"] * 17},
        {"redirect_uris": "https://w.example/cb"},
    ],
    ids=range(18),
)
def test_a_client_with_one_defect_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RefusedError):
        read(**changes)


def test_keys_of_other_kinds_and_uses_are_left_alone() -> None:
    more = [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {**JWK, "use": "enc", "kid": "k3"}]
    keys = parse_key_set(json.dumps({"keys": [*more, *KEYS["keys"]]}).encode(), RefusedError)
    assert [each.kid for each in keys] == ["k1", "k2"]


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ({"alg": "ES256", "kid": "k1"}, ["k1"]),
        ({"alg": "ES256"}, ["k1"]),
        ({"alg": "EdDSA"}, ["k2"]),
        ({"alg": "ES256", "kid": "k2"}, []),
        ({"alg": "ES256", "kid": 7}, []),
    ],
    ids=range(5),
)
def test_a_key_is_found_by_name_and_algorithm(header: dict[str, object], found: list[str]) -> None:
    keys = parse_key_set(json.dumps(KEYS).encode(), RefusedError)
    named = {"k1": ONE.public_key, "k2": TWO.public_key}
    assert list(candidates(keys, header)) == [named[each] for each in found]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_the_family(data: bytes) -> None:
    with contextlib.suppress(RefusedError):
        parse_registration(data, RefusedError)
    with contextlib.suppress(RefusedError):
        parse_key_set(data, RefusedError)
