"""The issuer's calls to the verifier: what goes out, and what comes back."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest

from issuer.authorization.model import VerifierAway
from issuer.authorization.verifier import Opened, PresentationState, Told, VerifierClient
from madang.access.service_token import Call, verify
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.infra.clock import FixedClock
from madang.infra.http import Answer, HttpError
from tests.unit.issuer.world import NOW, TENANT, ServiceKeysTwin, World

BASE = "https://id.hanbit.example/hanbit/verifier"
LINK = "haip-vp://?client_id=x509_hash%3Aabc"
NEW = {"presentation_id": "p-1", "request_uri": LINK, "same_device_uri": f"{LINK}&same=1"}


@dataclass
class Network:
    """Answers as the test says, and keeps what was sent."""

    status: int = 201
    body: object = None
    sent: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    broken: bool = False

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        self.sent.append((method, url, headers or {}, content or b""))
        if self.broken:
            raise HttpError("nobody there")
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return Answer(self.status, {}, body)


@pytest.fixture
def network() -> Network:
    return Network(body=NEW)


@pytest.fixture
def signer() -> Signer:
    return generate_p256("service")


@pytest.fixture
def client(world: World, network: Network, signer: Signer) -> VerifierClient:
    addresses = world.deps.addresses
    return VerifierClient(network, addresses, lambda _: signer, FixedClock(NOW), "issuer_sign_in")


def ask(client: VerifierClient, return_to: str | None = None) -> Opened:
    return asyncio.run(client.ask(TENANT, return_to))


def told(client: VerifierClient, response_code: str | None = None) -> Told:
    return asyncio.run(client.told(TENANT, "p-1", response_code))


def checked(network: Network, signer: Signer) -> Any:
    """Hold the last call's token to its request, as the verifier's door does."""
    method, url, headers, body = network.sent[-1]
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    keys = ServiceKeysTwin()
    keys.signers["https://id.hanbit.example/hanbit/issuer"] = signer
    scheme, _, token = headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    return verify(token, Call(BASE, method, target, body), keys, now=NOW)


def test_it_asks_for_the_purpose_in_the_issuer_s_own_name(
    client: VerifierClient, network: Network, signer: Signer
) -> None:
    assert ask(client) == Opened("p-1", LINK)
    method, url, headers, body = network.sent[-1]
    assert (method, url) == ("POST", f"{BASE}/api/presentations")
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {
        "purpose": "issuer_sign_in",
        "audience": "https://id.hanbit.example/hanbit/issuer",
    }
    identity = checked(network, signer)
    assert (identity.actor, identity.roles) == ("issuer", frozenset())


def test_a_wallet_on_the_same_device_is_told_where_to_return(
    client: VerifierClient, network: Network
) -> None:
    assert ask(client, "https://id.hanbit.example/back").link == f"{LINK}&same=1"
    assert json.loads(network.sent[-1][3])["return_to"] == "https://id.hanbit.example/back"


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "javascript://x%0aalert(1)", "data:text/html,x", "/request", "", "x y"],
)
def test_a_link_that_is_none_is_not_shown(
    client: VerifierClient, network: Network, link: str
) -> None:
    network.body = {**NEW, "request_uri": link}
    with pytest.raises(VerifierAway):
        ask(client)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, NEW),
        (403, NEW),
        (303, NEW),
        (201, b"{"),
        (201, {}),
        (201, {**NEW, "presentation_id": "a b"}),
    ],
    ids=range(6),
)
def test_a_verifier_that_opens_none_is_away(
    client: VerifierClient, network: Network, status: int, body: object
) -> None:
    network.status, network.body = status, body
    with pytest.raises(VerifierAway):
        ask(client)


def test_a_verifier_that_does_not_answer_is_away(client: VerifierClient, network: Network) -> None:
    network.broken = True
    for call in (ask, told):
        with pytest.raises(VerifierAway):
            call(client)


def test_it_tells_how_a_presentation_stands(
    client: VerifierClient, network: Network, signer: Signer
) -> None:
    network.status, network.body = 200, {"state": "answered", "result": "a.b.c", "failures": []}
    assert told(client) == Told(PresentationState.ANSWERED, "a.b.c")
    assert network.sent[-1][:2] == ("GET", f"{BASE}/api/presentations/p-1")
    checked(network, signer)


def test_the_code_of_the_return_is_part_of_what_is_signed(
    client: VerifierClient, network: Network, signer: Signer
) -> None:
    network.status, network.body = 200, {"state": "answered", "result": "a.b.c"}
    told(client, "c/d&e")
    assert network.sent[-1][1] == f"{BASE}/api/presentations/p-1?response_code=c%2Fd%26e"
    checked(network, signer)


def test_a_result_that_is_held_for_a_code_is_waited_for(
    client: VerifierClient, network: Network
) -> None:
    network.status = 403
    assert told(client) == Told(PresentationState.ANSWERED)


@pytest.mark.parametrize(("status", "code"), [(403, "wrong"), (404, "wrong"), (404, None)])
def test_what_is_not_to_be_had_is_gone(
    client: VerifierClient, network: Network, status: int, code: str | None
) -> None:
    network.status = status
    assert told(client, code).state is PresentationState.GONE


@pytest.mark.parametrize(
    ("status", "body"), [(500, {}), (200, {}), (200, {"state": "moon"}), (200, b"[")], ids=range(4)
)
def test_a_verifier_that_tells_nothing_is_away(
    client: VerifierClient, network: Network, status: int, body: object
) -> None:
    network.status, network.body = status, body
    with pytest.raises(VerifierAway):
        told(client)
