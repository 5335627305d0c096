"""The wallet's HTTP: bounded, without redirects, without cookies, every failure in words."""

from pathlib import Path

import httpx
import pytest

from mobile_stub.adapters.network import Network, Reply
from mobile_stub.errors import WalletError
from mobile_stub.settings import Settings
from tests.unit.mobile_stub.world import run

ADDRESS = "https://issuer.example/thing"


class Server(httpx.AsyncBaseTransport):
    """Gives the same answer to everything and remembers what was sent."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self.answer


def network(server: Server, **settings: object) -> Network:
    return Network(Settings(**settings), server)  # type: ignore[arg-type]  # values for a test


def test_headers_come_with_the_answer_and_the_media_type_without_parameters() -> None:
    headers = {"Content-Type": "Application/JWT; charset=utf-8", "DPoP-Nonce": "n"}
    reply = run(network(Server(httpx.Response(200, headers=headers, content=b"x"))).get(ADDRESS))
    assert (reply.media_type, reply.headers["dpop-nonce"], reply.body) == (
        "application/jwt",
        "n",
        b"x",
    )
    assert Reply(200, b"").media_type == ""


def test_a_cookie_is_never_sent_back() -> None:
    server = Server(httpx.Response(200, headers={"Set-Cookie": "a=b; Path=/"}))
    wallet = network(server)

    async def twice() -> None:
        await wallet.get(ADDRESS)
        await wallet.get(ADDRESS)

    run(twice())
    assert [request.headers.get("cookie") for request in server.sent] == [None, None]


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    server = Server(httpx.Response(302, headers={"Location": "https://elsewhere.example"}))
    assert run(network(server).get(ADDRESS)).status == 302
    assert len(server.sent) == 1


def test_an_answer_that_is_too_long_is_not_read() -> None:
    server = Server(httpx.Response(200, content=b"x" * 1001))
    with pytest.raises(WalletError) as refused:
        run(network(server, http_max_bytes=1000).get(ADDRESS))
    assert refused.value.code == "answer_too_large"


def test_further_roots_have_to_be_readable(tmp_path: Path) -> None:
    with pytest.raises(WalletError) as refused:
        network(Server(httpx.Response(200)), tls_anchors=tmp_path / "none.pem")
    assert refused.value.code == "anchors_unreadable"
