"""The wallet's HTTP: bounded, without redirects, without cookies, every failure in words."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from mobile_stub.adapters.network import Network, Reply, trusted
from mobile_stub.adapters.places import PublicBackend, PublicTransport
from mobile_stub.errors import WalletError
from mobile_stub.settings import Settings
from tests.names import OTHER_PUBLIC, PUBLIC, Names, Wires, tls_server
from tests.unit.mobile_stub.world import run

ADDRESS = "https://issuer.example/thing"


class Server(httpx.AsyncBaseTransport):
    """Gives the same answer to everything and remembers what was sent."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.sent: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        # A new one over the same stream: what the network brings is not read yet.
        made, headers = self.answer, self.answer.headers
        return httpx.Response(made.status_code, headers=headers, stream=made.stream)


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


INSIDE = [
    "http://issuer.example/",
    "https://localhost/",
    "https://LocalHost./",
    "https://a.localhost/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://10.0.0.1/",
    "https://192.168.1.1:8443/",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]/",
    "https://[fd00::1]/",
    "https://0.0.0.0/",
    "https://user@issuer.example/",
    "file:///etc/passwd",
    "ftp://issuer.example/",
    "",
]


@pytest.mark.parametrize("url", INSIDE)
def test_nothing_that_a_link_names_makes_it_call_inside(url: str) -> None:
    server = Server(httpx.Response(200))
    for call in (network(server).get(url), network(server).post(url, b"", "text/plain")):
        with pytest.raises(WalletError) as refused:
            run(call)
        assert refused.value.code == "address_refused"
    assert server.sent == []


@pytest.mark.parametrize("place", ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "fd00::1"])
def test_a_name_that_leads_inside_is_not_called(place: str) -> None:
    names = Names({"issuer.example": [[place]]})
    with pytest.raises(WalletError, match="address_refused"):
        run(Network(Settings(), resolve=names.resolve).get(ADDRESS))
    with pytest.raises(WalletError, match="no_answer"):
        run(Network(Settings(), resolve=Names({}).resolve).get(ADDRESS))


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example", "xn--0.example"])
def test_a_name_that_is_none_leads_nowhere(host: str) -> None:
    with pytest.raises(WalletError, match="no_answer"):
        run(Network(Settings()).get(f"https://{host}/"))


@pytest.mark.parametrize("certified", [True, False])
def test_the_address_that_was_looked_at_is_called_under_its_name(
    tmp_path: Path, *, certified: bool
) -> None:
    names = Names({"issuer.example": [["10.0.0.1", PUBLIC, OTHER_PUBLIC], ["127.0.0.1"]]})

    async def call() -> None:
        name = "issuer.example" if certified else "other.example"
        async with tls_server(tmp_path, name) as (port, root, sni):
            (tmp_path / "root.der").write_bytes(root)
            wires = Wires(port, dead=frozenset({PUBLIC}))
            transport = PublicTransport(
                trusted(tmp_path / "root.der"), PublicBackend(names.resolve, wires)
            )
            wallet = Network(Settings(), transport)
            try:
                assert (await wallet.get(ADDRESS)).body == b"{}"
                assert (wires.called, sni) == ([PUBLIC, OTHER_PUBLIC], ["issuer.example"])
            finally:
                await wallet.close()

    if certified:
        run(call())
    else:
        with pytest.raises(WalletError, match="no_answer"):
            run(call())


def test_a_server_of_an_authority_that_is_not_known_is_told_with_the_setting_for_it(
    tmp_path: Path,
) -> None:
    async def call() -> None:
        async with tls_server(tmp_path, "localhost") as (port, _, _):
            wallet = Network(Settings(local_addresses=True))
            try:
                await wallet.get(f"https://localhost:{port}/")
            finally:
                await wallet.close()

    with pytest.raises(WalletError, match="no_answer: localhost showed a certificate") as refused:
        run(call())
    assert "WALLET_TLS_ANCHORS" in refused.value.detail


def test_who_does_not_answer_is_named() -> None:
    with pytest.raises(WalletError, match=r"issuer\.example did not answer \(ConnectError\)"):
        run(Network(Settings(), resolve=Names({}).resolve).get(ADDRESS))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8401/", "https://localhost/", "https://[::1]/"])
def test_this_machine_is_called_where_the_settings_let_it(url: str) -> None:
    server = Server(httpx.Response(200))
    assert run(network(server, allow_loopback_http=True).get(url)).status == 200


def test_local_addresses_are_called_by_https_alone_where_the_settings_let_it() -> None:
    near = network(Server(httpx.Response(200)), local_addresses=True)
    assert run(near.get("https://10.0.0.1/")).status == 200
    with pytest.raises(WalletError, match="address_refused"):
        run(near.get("http://127.0.0.1/"))


@pytest.mark.parametrize("url", ["http://issuer.example/", "http://10.0.0.1/"])
def test_plain_http_to_others_stays_refused(url: str) -> None:
    with pytest.raises(WalletError, match="address_refused"):
        run(network(Server(httpx.Response(200)), allow_loopback_http=True).get(url))


def test_a_request_does_not_say_what_program_sends_it() -> None:
    server = Server(httpx.Response(200))
    run(network(server).get(ADDRESS))
    assert "user-agent" not in server.sent[0].headers


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    server = Server(httpx.Response(302, headers={"Location": "https://elsewhere.example"}))
    assert run(network(server).get(ADDRESS)).status == 302
    assert len(server.sent) == 1


def test_an_answer_that_is_too_long_is_not_read() -> None:
    server = Server(httpx.Response(200, content=b"x" * 1001))
    with pytest.raises(WalletError) as refused:
        run(network(server, http_max_bytes=1000).get(ADDRESS))
    assert refused.value.code == "answer_too_large"


BOMB = gzip.compress(bytes(5_000_000))


def packed(body: bytes, coding: str = "gzip") -> Server:
    headers = {"content-encoding": coding}
    return Server(httpx.Response(200, headers=headers, stream=httpx.ByteStream(body)))


def test_an_answer_in_gzip_is_read_and_no_other_coding_is_asked_for() -> None:
    server = packed(gzip.compress(b"{}"))
    assert run(network(server).get(ADDRESS)).body == b"{}"
    assert server.sent[0].headers["accept-encoding"] == "gzip"


def test_an_answer_is_never_unpacked_beyond_the_bound() -> None:
    wallet = network(packed(BOMB), http_max_bytes=10_000)
    assert len(BOMB) < 10_000
    tracemalloc.start()
    try:
        with pytest.raises(WalletError) as refused:
            run(wallet.get(ADDRESS))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.code == "answer_too_large"
    assert most < 1_000_000


@pytest.mark.parametrize(
    ("body", "coding"),
    [(gzip.compress(b"{}")[:-1], "gzip"), (b"nonsense", "gzip"), (b"{}", "br"), (b"{}", "deflate")],
    ids=["cut", "no gzip", "br", "deflate"],
)
def test_an_answer_in_a_coding_that_does_not_unpack_is_refused(body: bytes, coding: str) -> None:
    with pytest.raises(WalletError) as refused:
        run(network(packed(body, coding)).get(ADDRESS))
    assert refused.value.code == "answer_unreadable"


async def drops() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
        await asyncio.sleep(0.01)


def test_an_answer_in_drops_is_waited_for_no_longer_than_another() -> None:
    server = Server(httpx.Response(200, content=drops()))
    with pytest.raises(WalletError, match="TimeoutError"):
        run(asyncio.wait_for(network(server, http_timeout_seconds=0.1).get(ADDRESS), 2))


def test_further_roots_have_to_be_readable(tmp_path: Path) -> None:
    with pytest.raises(WalletError) as refused:
        network(Server(httpx.Response(200)), tls_anchors=tmp_path / "none.pem")
    assert refused.value.code == "anchors_unreadable"
