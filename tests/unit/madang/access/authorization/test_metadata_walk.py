"""Everything that the metadata advertises is tried, and what it does not advertise is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from madang.core.protocol.oauth.metadata import parse_server_metadata
from madang.core.protocol.oauth.names import (
    ATTEST_JWT_CLIENT_AUTH,
    NONE,
    PRE_AUTHORIZED_CODE_GRANT,
    PRIVATE_KEY_JWT,
)
from tests.authorizing import ASSERTING, ATTESTED, PUBLIC, UNLISTED, Party, Stage, stage
from tests.unit.issuer.world import TENANT

KEYS = {"ES256": generate_p256, "EdDSA": generate_ed25519}


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as opened:
        yield opened


@pytest.fixture
def told(on: Stage) -> dict[str, Any]:
    answer = on.world.client.get(f"/.well-known/oauth-authorization-server/{TENANT}/issuer")
    assert answer.headers["content-type"] == "application/json"
    assert parse_server_metadata(answer.content, issuer=on.issuer)
    found: dict[str, Any] = answer.json()
    return found


def test_every_endpoint_answers_and_lies_below_the_issuer(on: Stage, told: dict[str, Any]) -> None:
    endpoints = {name: url for name, url in told.items() if name.endswith("_endpoint")}
    assert len(endpoints) == 5
    for name, url in endpoints.items():
        assert url.startswith(f"{on.issuer}/")
        method = "GET" if name in {"authorization_endpoint", AGGREGATION} else "POST"
        answer = on.world.client.request(method, urlsplit(url).path)
        assert answer.status_code not in {404, 405, 500}


AGGREGATION = "status_list_aggregation_endpoint"


def test_every_way_to_authenticate_works(on: Stage, told: dict[str, Any]) -> None:
    parties = {NONE: PUBLIC, PRIVATE_KEY_JWT: ASSERTING, ATTEST_JWT_CLIENT_AUTH: ATTESTED}
    assert told["token_endpoint_auth_methods_supported"] == [*parties]
    for party in parties.values():
        assert on.tokens(party)


def test_every_scope_and_configuration_can_be_asked_for(on: Stage, told: dict[str, Any]) -> None:
    for scope in told["scopes_supported"]:
        assert on.push(scope=scope).status_code == 201
    (kind,) = told["authorization_details_types_supported"]
    detail = f'[{{"type":"{kind}","credential_configuration_id":"lease"}}]'
    assert on.push(scope=None, authorization_details=detail).status_code == 201


def test_every_grant_works(on: Stage, told: dict[str, Any]) -> None:
    assert told["grant_types_supported"] == [
        "authorization_code",
        PRE_AUTHORIZED_CODE_GRANT,
        "refresh_token",
    ]
    assert told["pre-authorized_grant_anonymous_access_supported"] is True
    made = on.world.offer(on.world.people()[0])
    assert on.world.redeem(made)
    assert on.refresh(on.tokens()["refresh_token"]).status_code == 200


@pytest.mark.parametrize("name", KEYS)
def test_every_algorithm_works_everywhere(on: Stage, told: dict[str, Any], name: str) -> None:
    lists = [value for member, value in told.items() if "signing_alg" in member]
    assert len(lists) == 4
    assert all(value == [*KEYS] for value in lists)
    key: SoftwareSigner = KEYS[name]("k1")
    attested = Party(UNLISTED.client_id, UNLISTED.method, key, KEYS[name]("dpop"))
    tokens = on.tokens(attested)
    assert on.good(tokens["access_token"], attested)
    client = Party("new", PRIVATE_KEY_JWT, key, attested.dpop)
    entered = on.world.call("POST", "clients", client.registered().to_json(), role="administrator")
    assert entered.status_code == 201
    assert on.tokens(client)


def test_options_are_as_they_are_told(on: Stage, told: dict[str, Any]) -> None:
    assert told["require_pushed_authorization_requests"] is True
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["request_parameter_supported"] is False
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["response_types_supported"] == ["code"]
    (mode,) = told["response_modes_supported"]
    assert on.push(response_mode=mode).status_code == 201
    assert on.push(response_mode="fragment").status_code == 400


def test_attestations_are_not_advertised_without_an_authority(tmp_path: Path) -> None:
    with stage(tmp_path, anchors=()) as on:
        answer = on.world.client.get(f"/.well-known/oauth-authorization-server/{TENANT}/issuer")
        told = answer.json()
        assert "challenge_endpoint" not in told
        assert told["token_endpoint_auth_methods_supported"] == [NONE, PRIVATE_KEY_JWT]
        assert on.push(ATTESTED).json()["error"] == "invalid_client_attestation"
        assert "oauth-client-attestation-challenge" not in on.push().headers
