import json

import pytest

from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.oauth.metadata import parse_server_metadata, pre_authorized_server
from madang.core.protocol.oauth.names import PRE_AUTHORIZED_CODE_GRANT

ISSUER = "https://mapo.example/mapo/issuer"
METADATA = pre_authorized_server(ISSUER, f"{ISSUER}/token", status_lists=f"{ISSUER}/statuslists")


def document(**changes: object) -> bytes:
    return json.dumps(METADATA.to_json() | changes).encode()


def test_metadata_has_the_names_of_the_specifications() -> None:
    assert METADATA.to_json() == {
        "issuer": ISSUER,
        "token_endpoint": f"{ISSUER}/token",
        "response_types_supported": [],
        "grant_types_supported": [PRE_AUTHORIZED_CODE_GRANT],
        "token_endpoint_auth_methods_supported": ["none"],
        "pre-authorized_grant_anonymous_access_supported": True,
        "status_list_aggregation_endpoint": f"{ISSUER}/statuslists",
    }


def test_a_server_without_status_lists_says_nothing_of_them() -> None:
    metadata = pre_authorized_server(ISSUER, f"{ISSUER}/token").to_json()
    assert "status_list_aggregation_endpoint" not in metadata


def test_metadata_is_read_back() -> None:
    assert parse_server_metadata(document(new=1), issuer=ISSUER) == METADATA


@pytest.mark.parametrize(
    "data",
    [
        document(issuer=ISSUER + "/"),
        document(issuer="https://evil.example"),
        document(token_endpoint="/token"),
        document(token_endpoint="http://127.0.0.1/token"),
        b"[]",
        b"<html>",
    ],
)
def test_metadata_of_another_issuer_or_without_endpoint_is_refused(data: bytes) -> None:
    with pytest.raises(OAuthError, match="invalid_response"):
        parse_server_metadata(data, issuer=ISSUER)


def test_http_on_this_machine_needs_permission() -> None:
    data = document(token_endpoint="http://127.0.0.1:8000/token")
    assert parse_server_metadata(data, issuer=ISSUER, allow_loopback_http=True)
