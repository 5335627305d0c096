import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.known_clients import parse_known_clients

KEY = generate_p256("k1").public_key
JWKS = {"keys": [{**KEY.to_jwk(), "kid": "k1", "alg": "ES256"}]}


def test_clients_and_attesters_are_read_by_their_names() -> None:
    file = {
        "clients": [
            {"client_id": "library", "client_name": "City library", "jwks": JWKS},
            {"client_id": "plain", "redirect_uris": ["https://x.example/cb"]},
            {"client_id": "decentralized_identifier:did:web:x.example"},
        ],
        "attesters": [{"iss": "https://register.example", "jwk": KEY.to_jwk()}],
        "more": 1,
    }
    found = parse_known_clients(json.dumps(file).encode())
    assert [*found.clients] == ["library", "plain", "decentralized_identifier:did:web:x.example"]
    assert found.clients["library"].client_name == "City library"
    assert found.attesters == {"https://register.example": KEY}
    assert parse_known_clients(b"{}").clients == {}


@pytest.mark.parametrize(
    "file",
    [
        "[]",
        "{",
        {"clients": [{}]},
        {"clients": [{"client_id": "nobody signs and nothing is known"}]},
        {"clients": [{"client_id": "a", "jwks": {"keys": [{"kty": "RSA"}]}}]},
        {"attesters": [{"iss": "", "jwk": KEY.to_jwk()}]},
        {"attesters": [{"iss": "x"}]},
    ],
)
def test_a_file_that_identifies_nobody_is_refused(file: object) -> None:
    data = file if isinstance(file, str) else json.dumps(file)
    with pytest.raises(VpError) as refused:
        parse_known_clients(data.encode())
    assert refused.value.reason == "known_clients"


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_by_the_family(data: bytes) -> None:
    with contextlib.suppress(VpError):
        parse_known_clients(data)
