import json
from dataclasses import replace

import pytest

from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.oauth.metadata import (
    ServerFeatures,
    parse_server_metadata,
    server_metadata,
)
from madang.core.protocol.oauth.names import PRE_AUTHORIZED_CODE_GRANT

ISSUER = "https://mapo.example/mapo/issuer"
FEATURES = ServerFeatures(
    ("lease",), attestation=True, anonymous=True, status_lists=f"{ISSUER}/statuslists"
)
METADATA = server_metadata(ISSUER, FEATURES)


def document(**changes: object) -> bytes:
    return json.dumps(METADATA.to_json() | changes).encode()


def test_metadata_has_the_names_of_the_specifications() -> None:
    assert METADATA.to_json() == {
        "issuer": ISSUER,
        "token_endpoint": f"{ISSUER}/token",
        "authorization_endpoint": f"{ISSUER}/authorize",
        "pushed_authorization_request_endpoint": f"{ISSUER}/par",
        "require_pushed_authorization_requests": True,
        "challenge_endpoint": f"{ISSUER}/challenge",
        "scopes_supported": ["lease"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code",
            PRE_AUTHORIZED_CODE_GRANT,
            "refresh_token",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [
            "none",
            "private_key_jwt",
            "attest_jwt_client_auth",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "EdDSA"],
        "client_attestation_signing_alg_values_supported": ["ES256", "EdDSA"],
        "client_attestation_pop_signing_alg_values_supported": ["ES256", "EdDSA"],
        "dpop_signing_alg_values_supported": ["ES256", "EdDSA"],
        "authorization_details_types_supported": ["openid_credential"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "pre-authorized_grant_anonymous_access_supported": True,
        "status_list_aggregation_endpoint": f"{ISSUER}/statuslists",
    }


def test_what_is_not_there_is_not_named() -> None:
    fewer = replace(FEATURES, attestation=False, anonymous=False, status_lists=None)
    told = server_metadata(ISSUER, fewer).to_json()
    gone = {name for name in METADATA.to_json() if name not in told}
    assert gone == {
        "challenge_endpoint",
        "client_attestation_signing_alg_values_supported",
        "client_attestation_pop_signing_alg_values_supported",
        "status_list_aggregation_endpoint",
    }
    assert told["token_endpoint_auth_methods_supported"] == ["none", "private_key_jwt"]
    assert told["pre-authorized_grant_anonymous_access_supported"] is False


def test_metadata_is_read_back() -> None:
    assert parse_server_metadata(document(new=1), issuer=ISSUER) == METADATA
    least = json.dumps({"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}).encode()
    assert parse_server_metadata(least, issuer=ISSUER).endpoints() == (f"{ISSUER}/token",)


@pytest.mark.parametrize(
    "data",
    [
        document(issuer=ISSUER + "/"),
        document(issuer="https://evil.example"),
        document(token_endpoint="/token"),
        document(token_endpoint="http://127.0.0.1/token"),
        document(authorization_endpoint="http://mapo.example/authorize"),
        document(pushed_authorization_request_endpoint="par"),
        document(challenge_endpoint="ftp://mapo.example"),
        b"[]",
        b"<html>",
    ],
    ids=range(9),
)
def test_metadata_of_another_issuer_or_without_endpoint_is_refused(data: bytes) -> None:
    with pytest.raises(OAuthError, match="invalid_response"):
        parse_server_metadata(data, issuer=ISSUER)


def test_http_on_this_machine_needs_permission() -> None:
    data = document(token_endpoint="http://127.0.0.1:8000/token")
    assert parse_server_metadata(data, issuer=ISSUER, allow_loopback_http=True)
