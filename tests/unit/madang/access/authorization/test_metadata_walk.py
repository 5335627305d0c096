"""Everything that the metadata advertises is tried, and what it does not advertise is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256
from madang.core.protocol.oauth.authorization import AuthorizationRequest, read_answer
from madang.core.protocol.oauth.metadata import parse_server_metadata
from madang.core.protocol.oauth.names import (
    ATTEST_JWT_CLIENT_AUTH,
    CLIENT_ATTESTATION,
    CLIENT_ATTESTATION_POP,
    NONE,
    PRE_AUTHORIZED_CODE_GRANT,
    PRIVATE_KEY_JWT,
)
from madang.core.protocol.oauth.token import TokenRequest
from tests.authorizing import (
    ASSERTING,
    ATTESTED,
    CALLBACK,
    FORM,
    PROVIDER,
    PUBLIC,
    UNLISTED,
    Party,
    Stage,
    stage,
)
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


ENDPOINTS = {
    "pushed_authorization_request_endpoint": "par",
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "challenge_endpoint": "challenge",
    "status_list_aggregation_endpoint": "statuslists",
}
TRIED = {
    "issuer",
    *ENDPOINTS,
    "token_endpoint_auth_methods_supported",
    "scopes_supported",
    "authorization_details_types_supported",
    "grant_types_supported",
    "pre-authorized_grant_anonymous_access_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "client_attestation_signing_alg_values_supported",
    "client_attestation_pop_signing_alg_values_supported",
    "dpop_signing_alg_values_supported",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "request_parameter_supported",
    "code_challenge_methods_supported",
    "response_types_supported",
    "response_modes_supported",
}
"""What the tests below try, each by its own name."""


def test_nothing_is_told_that_is_not_tried_here(told: dict[str, Any]) -> None:
    assert told.keys() == TRIED


def test_every_endpoint_is_the_one_that_the_other_tests_call(
    on: Stage, told: dict[str, Any]
) -> None:
    found = {name: url for name, url in told.items() if name.endswith("_endpoint")}
    assert found == {name: f"{on.issuer}/{path}" for name, path in ENDPOINTS.items()}
    fresh = on.world.client.post(urlsplit(told["challenge_endpoint"]).path)
    assert (fresh.status_code, fresh.headers["cache-control"]) == (200, "no-store")
    pop = on.pop(challenge=fresh.json()["attestation_challenge"])
    assert on.push(ATTESTED, {CLIENT_ATTESTATION_POP: pop}).status_code == 201
    lists = on.world.client.get(urlsplit(told["status_list_aggregation_endpoint"]).path)
    assert lists.json() == {"status_lists": []}


def test_every_way_to_authenticate_works(on: Stage, told: dict[str, Any]) -> None:
    parties = {NONE: PUBLIC, PRIVATE_KEY_JWT: ASSERTING, ATTEST_JWT_CLIENT_AUTH: ATTESTED}
    assert told["token_endpoint_auth_methods_supported"] == [*parties]
    for party in parties.values():
        assert on.tokens(party)


def test_every_scope_gives_a_token_for_it(on: Stage, told: dict[str, Any]) -> None:
    assert told["scopes_supported"]
    for scope in told["scopes_supported"]:
        pending, _ = on.opened(on.pushed(scope=scope), ASSERTING.client_id)
        code = read_answer(on.approve(pending, (scope,)), issuer=on.issuer, state="st")
        assert on.exchange(code).json()["scope"] == scope


def test_every_type_of_details_gives_identifiers(on: Stage, told: dict[str, Any]) -> None:
    (kind,) = told["authorization_details_types_supported"]
    detail = f'[{{"type":"{kind}","credential_configuration_id":"lease"}}]'
    (granted,) = on.tokens(scope=None, authorization_details=detail)["authorization_details"]
    assert (granted["type"], granted["credential_configuration_id"]) == (kind, "lease")
    assert granted["credential_identifiers"]


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


@pytest.mark.parametrize("name", KEYS)
def test_a_provider_may_sign_by_every_algorithm(on: Stage, told: dict[str, Any], name: str) -> None:
    assert told["client_attestation_signing_alg_values_supported"] == [*KEYS]
    provider = PROVIDER.by(KEYS[name]("provider"))
    assert provider.algorithm == name
    attestation = on.attestation(by=provider)
    assert on.push(ATTESTED, {CLIENT_ATTESTATION: attestation}).status_code == 201


def test_options_are_as_they_are_told(on: Stage, told: dict[str, Any]) -> None:
    assert told["require_pushed_authorization_requests"] is True
    request = AuthorizationRequest(ASSERTING.client_id, CALLBACK, "c" * 43, "st", ("lease",))
    plain = on.world.client.get(
        urlsplit(told["authorization_endpoint"]).path, params=request.to_parameters()
    )
    assert plain.status_code == 400
    assert told["request_parameter_supported"] is False
    assert on.push(request="a.b.c").json()["error"] == "request_not_supported"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert on.push(code_challenge_method="plain").status_code == 400
    assert told["response_types_supported"] == ["code"]
    assert on.push(response_type="token").json()["error"] == "unsupported_response_type"
    (mode,) = told["response_modes_supported"]
    pending, _ = on.opened(on.pushed(response_mode=mode), ASSERTING.client_id)
    back = urlsplit(on.approve(pending))
    assert told["authorization_response_iss_parameter_supported"] is True
    assert parse_qs(getattr(back, mode)).keys() == {"code", "state", "iss"}
    assert parse_qs(getattr(back, mode))["iss"] == [told["issuer"]]
    assert on.push(response_mode="fragment").status_code == 400


def test_a_wallet_without_a_client_is_let_in_with_a_key_where_bearers_are_not(
    tmp_path: Path,
) -> None:
    with stage(tmp_path, bearer_tokens=False) as on:
        answer = on.world.client.get(f"/.well-known/oauth-authorization-server/{TENANT}/issuer")
        assert answer.json()["pre-authorized_grant_anonymous_access_supported"] is True
        made = on.world.offer(on.world.people()[0])
        form = TokenRequest(on.world.code_of(made["offer_uri"]), made["tx_code"]).to_form()
        bare = on.world.post("token", content=form, headers=FORM)
        assert (bare.status_code, bare.json()["error"]) == (400, "invalid_request")
        bound = on.world.post("token", content=form, headers={**FORM, "dpop": on.proof("token")})
        assert bound.json()["token_type"] == "DPoP"


def test_attestations_are_not_advertised_without_an_authority(tmp_path: Path) -> None:
    with stage(tmp_path, anchors=()) as on:
        answer = on.world.client.get(f"/.well-known/oauth-authorization-server/{TENANT}/issuer")
        told = answer.json()
        assert "challenge_endpoint" not in told
        assert told["token_endpoint_auth_methods_supported"] == [NONE, PRIVATE_KEY_JWT]
        assert on.push(ATTESTED).json()["error"] == "invalid_client_attestation"
        assert "oauth-client-attestation-challenge" not in on.push().headers
