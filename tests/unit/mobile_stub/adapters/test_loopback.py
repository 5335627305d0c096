"""The server that a browser comes back to while a command waits for it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import pytest

from mobile_stub.adapters.loopback import LoopbackBrowser
from mobile_stub.errors import WalletError

PAGE = "https://issuer.example/authorize?request_uri=urn:x"


@pytest.fixture
def address() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/callback"


async def send(address: str, head: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(address).port)
    writer.write(head)
    answer = await reader.read()
    writer.close()
    return answer


def logged_in(
    address: str, browser: Callable[[str], Awaitable[None]], seconds: float = 5.0
) -> tuple[str, list[str]]:
    """Return where the browser came back to, and what was shown to the person."""
    shown: list[str] = []

    async def work() -> str:
        opened: list[asyncio.Task[None]] = []

        def launch(url: str) -> None:
            shown.append(url)
            opened.append(asyncio.create_task(_called(browser, address)))

        back = await LoopbackBrowser(address, launch, seconds).authorize(PAGE)
        await opened[0]
        return back

    return asyncio.run(work()), shown


async def _called(browser: Callable[[str], Awaitable[None]], address: str) -> None:
    await browser(address)


def test_the_browser_comes_back_with_what_the_issuer_says(address: str) -> None:
    async def browser(address: str) -> None:
        answer = await send(address, b"GET /callback?code=c&state=s HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"no-store" in answer
        assert b"code" not in answer

    assert logged_in(address, browser) == (f"{address}?code=c&state=s", [PAGE])


@pytest.mark.parametrize(
    "head",
    [
        b"GET /favicon.ico HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /callback?code=other HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
        b"\xff\x00 \r\n\r\n",
    ],
    ids=["icon", "root", "post", "empty", "bytes"],
)
def test_whatever_else_calls_is_sent_away_and_the_browser_waited_for(
    address: str, head: bytes
) -> None:
    async def browser(address: str) -> None:
        assert (await send(address, head)).startswith(b"HTTP/1.1 404 ")
        await send(address, b"GET /callback?code=c HTTP/1.1\r\n\r\n")

    assert logged_in(address, browser)[0] == f"{address}?code=c"


def test_a_head_without_end_is_cut_off(address: str) -> None:
    async def browser(address: str) -> None:
        assert await send(address, b"GET /" + b"x" * 100_000) == b""
        await send(address, b"GET /callback?code=c HTTP/1.1\r\n\r\n")

    assert logged_in(address, browser)[0] == f"{address}?code=c"


def test_nobody_is_waited_for_longer_than_told(address: str) -> None:
    async def browser(_address: str) -> None:
        await asyncio.sleep(0)

    with pytest.raises(WalletError) as refused:
        logged_in(address, browser, seconds=0.05)
    assert refused.value.code == "log_in_over"


def test_a_port_that_is_taken_is_named(address: str) -> None:
    port = urlsplit(address).port
    with socket.socket() as other:
        other.bind(("127.0.0.1", port or 0))
        other.listen()
        with pytest.raises(WalletError, match=f"port {port}") as refused:
            asyncio.run(LoopbackBrowser(address, print).authorize(PAGE))
    assert refused.value.code == "callback_taken"


@pytest.mark.parametrize("uri", ["https://wallet.example/cb", "org.example.wallet:/cb"])
def test_a_browser_that_cannot_come_back_here_is_not_sent_away(uri: str) -> None:
    shown: list[str] = []
    with pytest.raises(WalletError) as refused:
        asyncio.run(LoopbackBrowser(uri, shown.append).authorize(PAGE))
    assert (refused.value.code, shown) == ("browser_needed", [])
