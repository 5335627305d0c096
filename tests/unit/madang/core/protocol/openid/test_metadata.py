"""Metadata of an OpenID provider: what is read, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.metadata import configuration_address, parse_provider_metadata

ISSUER = "https://login.example/op"


def document(**changes: Any) -> bytes:
    members = {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "pushed_authorization_request_endpoint": f"{ISSUER}/request",
        "code_challenge_methods_supported": ["S256"],
        "a_member_that_nobody_knows": {"x": 1},
        **changes,
    }
    return json.dumps({name: value for name, value in members.items() if value != ...}).encode()


def test_it_is_read() -> None:
    found = parse_provider_metadata(document(), issuer=ISSUER)
    assert found.token_endpoint == f"{ISSUER}/token"
    assert found.pushed_authorization_request_endpoint == f"{ISSUER}/request"
    assert not found.authorization_response_iss_parameter_supported


def test_it_stands_behind_the_identifier() -> None:
    """Appended, not inserted as RFC 8414 has it."""
    assert configuration_address(ISSUER) == f"{ISSUER}/.well-known/openid-configuration"
    assert configuration_address(f"{ISSUER}/") == configuration_address(ISSUER)


def test_a_provider_may_have_neither_pushed_requests_nor_name_its_methods() -> None:
    less = document(pushed_authorization_request_endpoint=..., code_challenge_methods_supported=...)
    assert (
        parse_provider_metadata(less, issuer=ISSUER).pushed_authorization_request_endpoint is None
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": "https://evil.example"},
        {"issuer": ...},
        {"token_endpoint": ...},
        {"token_endpoint": "http://login.example/token"},
        {"token_endpoint": "/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": "https://user@login.example/jwks"},
        {"jwks_uri": 1},
        {"pushed_authorization_request_endpoint": "http://login.example/par"},
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": []},
    ],
    ids=lambda changes: next(f"{name}={value!r}" for name, value in changes.items()),
)
def test_what_cannot_be_relied_on_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OpenIdError) as caught:
        parse_provider_metadata(document(**changes), issuer=ISSUER)
    assert caught.value.code == "metadata"


def test_plain_http_counts_on_this_machine_only_when_it_is_allowed() -> None:
    issuer = "http://127.0.0.1:9000"
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    local = {name: f"{issuer}/{name}" for name in names}
    data = document(issuer=issuer, pushed_authorization_request_endpoint=..., **local)
    assert parse_provider_metadata(data, issuer=issuer, allow_loopback_http=True)
    with pytest.raises(OpenIdError):
        parse_provider_metadata(data, issuer=issuer)


@given(st.binary(max_size=300))
def test_any_bytes_are_metadata_or_refused(data: bytes) -> None:
    with pytest.raises(OpenIdError):
        parse_provider_metadata(data, issuer=ISSUER)
