"""What the wallet asks the authorization server for, and which answer it takes."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.receiving.page import Page, taken
from tests.unit.mobile_stub.receiving.provider import (
    OTHER_SERVER,
    ProviderTwin,
)
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import HOST, ISSUER, World


def test_scopes_are_asked_for_and_the_configuration_named(
    world: World, office: Office, page: Page
) -> None:
    taken(world, office.by_log_in("digital_id", "lease"), page)
    pushed = parse_qs(office.sent("par")[-1].content.decode())
    assert pushed["scope"] == ["digital_id lease"]
    assert "authorization_details" not in pushed
    assert [body["credential_configuration_id"] for body in office.requests] == [
        "digital_id",
        "lease",
    ]


def test_details_are_asked_for_where_known_and_the_identifier_used(
    world: World, office: Office, page: Page
) -> None:
    office.server_metadata["authorization_details_types_supported"] = ["openid_credential"]
    taken(world, office.by_log_in(), page)
    pushed = parse_qs(office.sent("par")[-1].content.decode())
    assert json.loads(pushed["authorization_details"][0]) == [
        {"type": "openid_credential", "credential_configuration_id": "digital_id"}
    ]
    assert "scope" not in pushed
    assert [body["credential_identifier"] for body in office.requests] == ["id of digital_id"]


def test_details_are_asked_for_where_a_configuration_has_no_scope(
    world: World, office: Office, page: Page
) -> None:
    del office.metadata["credential_configurations_supported"]["digital_id"]["scope"]
    taken(world, office.by_log_in(), page)
    assert "credential_identifier" in office.requests[0]


def test_another_authorization_server_is_told_whose_certificates_are_meant(
    world: World, provider: ProviderTwin
) -> None:
    office = Office(world.net, server=OTHER_SERVER)
    office.metadata["authorization_servers"] = [f"{HOST}/hanbit/first", OTHER_SERVER]
    office.server_metadata["authorization_details_types_supported"] = ["openid_credential"]
    first = {**office.server_metadata, "grant_types_supported": ["client_credentials"]}
    first["issuer"] = f"{HOST}/hanbit/first"
    address = f"{HOST}/.well-known/oauth-authorization-server/hanbit/first"
    world.net.routes["GET", address] = lambda _: (200, first)
    taken(world, office.by_log_in(), Page(office))
    pushed = parse_qs(office.sent("par")[-1].content.decode())
    assert json.loads(pushed["authorization_details"][0])[0]["locations"] == [ISSUER]
    assert provider.attested


def test_the_offer_chooses_among_several_servers(world: World, provider: ProviderTwin) -> None:
    office = Office(world.net, server=OTHER_SERVER)
    office.metadata["authorization_servers"] = [ISSUER, OTHER_SERVER]
    grants: dict[str, Any] = {"authorization_code": {"authorization_server": OTHER_SERVER}}
    (told,) = taken(world, office.link(grants=grants), Page(office))
    assert told["copies"] == 3
    grants["authorization_code"]["authorization_server"] = "https://evil.example"
    with pytest.raises(WalletError) as refused:
        taken(world, office.link(grants=grants), Page(office))
    assert refused.value.code == "unknown_authorization_server"
    assert provider.attested


def test_a_server_without_pushed_requests_gets_the_parameters_in_the_address(
    world: World, office: Office, page: Page
) -> None:
    del office.server_metadata["pushed_authorization_request_endpoint"]
    office.server_metadata["token_endpoint_auth_methods_supported"] = ["none"]
    del office.server_metadata["dpop_signing_alg_values_supported"]
    page.office.pushed = {}
    opened = page.authorize

    async def with_key(url: str) -> str:
        back = await opened(url)
        for asked in office.codes.values():
            asked["jkt"] = None  # type: ignore[assignment]  # nothing was bound to a key
        return back

    page.authorize = with_key  # type: ignore[method-assign]  # the page looks before it goes on
    taken(world, office.by_log_in(), page)
    asked = parse_qs(urlsplit(page.opened[0]).query)
    assert asked["code_challenge_method"] == ["S256"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "another"}, "invalid_response"),
        ({"state": None}, "invalid_response"),
        ({"iss": "https://evil.example"}, "invalid_response"),
        ({"iss": None}, "invalid_response"),
        ({"code": None, "error": "access_denied"}, "access_denied"),
        ({"code": None}, "invalid_response"),
    ],
    ids=["state", "no state", "iss", "no iss", "denied", "no code"],
)
def test_an_answer_that_is_not_the_one_waited_for_gives_no_token(
    changes: dict[str, str | None], code: str, world: World, office: Office, page: Page
) -> None:
    page.changes = changes
    with pytest.raises(WalletError) as refused:
        taken(world, office.by_log_in(), page)
    assert refused.value.code == code
    assert not office.sent("token")


def test_a_server_that_never_names_itself_need_not(
    world: World, office: Office, page: Page
) -> None:
    office.server_metadata["authorization_response_iss_parameter_supported"] = False
    page.changes = {"iss": None}
    assert taken(world, office.by_log_in(), page)
    page.changes = {"iss": "https://evil.example"}
    with pytest.raises(WalletError):
        taken(world, office.by_log_in(), page)


def test_a_server_that_knows_plain_challenges_alone_is_not_used(
    world: World, office: Office, page: Page
) -> None:
    office.server_metadata["code_challenge_methods_supported"] = ["plain"]
    with pytest.raises(WalletError) as refused:
        taken(world, office.by_log_in(), page)
    assert refused.value.code == "pkce_not_supported"
