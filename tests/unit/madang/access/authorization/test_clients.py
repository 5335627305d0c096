"""Clients from the operator's file, by an administrator's API, and keys that are fetched."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from madang.access.authorization.clients import ClientsFileError, load_clients
from madang.core.keys.software import SoftwareSigner, generate_p256
from madang.core.protocol.oauth.names import PRIVATE_KEY_JWT
from madang.infra.http import Answer, HttpError
from tests.authorizing import ASSERTING, CALLBACK, PARTIES, Party, Stage, stage
from tests.unit.issuer.world import OTHER, TENANT

NEW = Party("library", PRIVATE_KEY_JWT)
URI = "https://library.example/jwks"


@dataclass
class KeyServer:
    """Answers for a client's key set."""

    keys: dict[str, SoftwareSigner] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answer: Answer | None = None
    away: bool = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        assert (method, content, headers) == ("GET", None, {"accept": "*/*"})
        self.asked.append(url)
        if self.away:
            raise HttpError("away")
        jwks = [{**key.public_key.to_jwk(), "kid": kid} for kid, key in self.keys.items()]
        return self.answer or Answer(200, {}, json.dumps({"keys": jwks}).encode())


@pytest.fixture
def key_server() -> KeyServer:
    return KeyServer({"k1": NEW.key})


@pytest.fixture
def on(tmp_path: Path, key_server: KeyServer) -> Iterator[Stage]:
    with stage(tmp_path, key_server) as opened:
        yield opened


def call(on: Stage, method: str, path: str, body: object = None) -> Any:
    return on.world.call(method, path, body, role="administrator")


def entered(on: Stage, **changes: Any) -> dict[str, Any]:
    value = NEW.registered().to_json() | changes
    answer = call(on, "POST", "clients", {k: v for k, v in value.items() if v is not None})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_an_administrator_enters_changes_and_removes_a_client(on: Stage) -> None:
    assert on.push(NEW).status_code == 401
    told = entered(on)
    assert told == NEW.registered().to_json()
    assert call(on, "GET", "clients/library").json() == told
    tokens = on.tokens(NEW)
    changed = told | {"redirect_uris": [f"{CALLBACK}2"]}
    assert call(on, "PUT", "clients/library", changed).json() == changed
    assert on.push(NEW).json()["error"] == "invalid_request"
    assert on.push(NEW, redirect_uri=f"{CALLBACK}2").status_code == 201
    assert call(on, "DELETE", "clients/library").status_code == 204
    assert call(on, "GET", "clients/library").status_code == 404
    assert on.push(NEW).status_code == 401
    assert not on.good(tokens["access_token"], NEW)
    assert [c for c in on.world.codes() if c.startswith("client.") and "invalid" not in c] == [
        "client.entered",
        "client.changed",
        "client.removed",
        "client.client_unknown",
    ]


def test_all_clients_are_told_and_each_municipality_has_its_own(on: Stage) -> None:
    entered(on)
    told = [each["client_id"] for each in call(on, "GET", "clients").json()["clients"]]
    assert told == [*(each.client_id for each in PARTIES[:-1]), "library"]
    answer = on.world.call("GET", "clients", role="administrator", tenant=OTHER)
    assert answer.json() == {"clients": []}


@pytest.mark.parametrize(
    ("method", "path", "changes", "status", "code"),
    [
        ("POST", "clients", {"client_id": ASSERTING.client_id}, 409, "client_fixed"),
        ("PUT", f"clients/{ASSERTING.client_id}", {"client_id": "office"}, 409, "client_fixed"),
        ("DELETE", f"clients/{ASSERTING.client_id}", {}, 409, "client_fixed"),
        ("POST", "clients", {}, 409, "client_known"),
        ("PUT", "clients/other", {"client_id": "other"}, 404, "client_unknown"),
        ("PUT", "clients/other", {}, 400, "invalid_client_metadata"),
        ("DELETE", "clients/other", {}, 404, "client_unknown"),
        ("POST", "clients", {"client_id": "x", "jwks": {"keys": []}}, 400, None),
        ("POST", "clients", {"client_id": "x", "redirect_uris": ["javascript:x"]}, 400, None),
        ("POST", "clients", {"client_id": "x", "jwks": None, "jwks_uri": "ftp://x"}, 400, None),
    ],
    ids=range(10),
)
def test_a_call_with_one_defect_changes_nothing(
    on: Stage, method: str, path: str, changes: dict[str, Any], status: int, code: str | None
) -> None:
    value = entered(on) | changes
    before = call(on, "GET", "clients").json()
    with on.world.refused(f"client.{code or 'invalid_client_metadata'}"):
        answer = call(on, method, path, {k: v for k, v in value.items() if v is not None})
    assert answer.status_code == status
    assert answer.json()["title"] == (code or "invalid_client_metadata")
    assert call(on, "GET", "clients").json() == before


def test_keys_are_fetched_once_and_again_for_a_new_one(on: Stage, key_server: KeyServer) -> None:
    entered(on, jwks=None, jwks_uri=URI)
    assert on.push(NEW).status_code == on.push(NEW).status_code == 201
    assert key_server.asked == [URI]
    turned = Party(NEW.client_id, NEW.method, generate_p256("k2"), NEW.dpop)
    assert on.push(turned).json()["error"] == "invalid_client"
    key_server.keys["k2"] = turned.key
    # Whoever sends unknown keys does not make us ask all the time.
    assert on.push(turned).json()["error"] == "invalid_client"
    assert key_server.asked == [URI]
    on.world.clock.advance(10)
    assert on.push(turned).status_code == 201
    assert key_server.asked == [URI, URI]
    on.world.clock.advance(300)
    assert on.push(NEW).status_code == 201
    assert key_server.asked == [URI] * 3


@pytest.mark.parametrize(
    "answer",
    [
        None,
        Answer(404, {}, b"{}"),
        Answer(302, {"location": "https://e.example"}, b""),
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b'{"keys":[]}'),
        Answer(200, {}, b'{"keys":[' + b" " * 70_000 + b"]}"),
    ],
    ids=["away", "missing", "moved", "no JSON", "empty", "too long"],
)
def test_keys_that_cannot_be_fetched_are_no_keys(
    on: Stage, key_server: KeyServer, answer: Answer | None
) -> None:
    entered(on, jwks=None, jwks_uri=URI)
    key_server.answer, key_server.away = answer, answer is None
    with on.world.refused("client.invalid_client"):
        assert on.push(NEW).status_code == 401


def test_keys_that_did_not_come_are_asked_for_again_only_after_a_while(
    on: Stage, key_server: KeyServer
) -> None:
    entered(on, jwks=None, jwks_uri=URI)
    key_server.away = True
    assert [on.push(NEW).status_code for _ in range(3)] == [401] * 3
    assert key_server.asked == [URI]
    key_server.away = False
    on.world.clock.advance(9)
    assert on.push(NEW).status_code == 401
    on.world.clock.advance(1)
    assert on.push(NEW).status_code == 201
    assert key_server.asked == [URI] * 2


def test_the_operator_s_file_names_clients_of_each_municipality(tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    file.write_text(json.dumps({TENANT: [each.registered().to_json() for each in PARTIES]}))
    found = load_clients(file)
    assert found == {TENANT: {each.client_id: each.registered() for each in PARTIES}}
    assert load_clients(None) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"hanbit":{}}',
        '{"hanbit":[{"client_id":"a"}]}',
        '{"hanbit":[1]}',
        json.dumps({TENANT: [NEW.registered().to_json()] * 2}),
    ],
    ids=range(6),
)
def test_a_file_with_one_defect_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clients.json"
    file.write_text(text)
    with pytest.raises(ClientsFileError, match=r"clients\.json"):
        load_clients(file)
    with pytest.raises(ClientsFileError, match=r"none\.json"):
        load_clients(tmp_path / "none.json")
