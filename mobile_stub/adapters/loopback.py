"""Where a browser comes back to when no wallet is served: a small server, for one log-in alone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from mobile_stub.adapters.browser import DeviceBrowser
from mobile_stub.errors import WalletError
from mobile_stub.model import WAIT_SECONDS

_OWN: Final = frozenset({"127.0.0.1", "localhost"})
_HTTP_PORT: Final = 80
_MAX_HEAD: Final = 16_384
_READ_SECONDS: Final = 5.0
_CAME_BACK: Final = ("200 OK", "<!doctype html><title>Wallet</title><p>✓")
"""What the browser shows; the command says the rest."""
_NOT_HERE: Final = ("404 Not Found", "<!doctype html><title>Wallet</title><p>✗")


@dataclass(frozen=True, slots=True)
class LoopbackBrowser:
    """Tells an address to the person, and listens on this machine until the browser comes back.

    Attributes:
        redirect_uri: where it comes back to; http on this machine.
        launch: opens the address, or shows it.
        seconds: longest wait.
    """

    redirect_uri: str
    launch: Callable[[str], object]
    seconds: float = WAIT_SECONDS

    async def authorize(self, url: str) -> str:
        """Have an address opened; return the one that the browser came back to.

        Raises:
            WalletError: browser_needed, it cannot come back to this machine; callback_taken,
                another program listens there; log_in_over, it took too long.
        """
        parts = urlsplit(self.redirect_uri)
        if parts.scheme != "http" or parts.hostname not in _OWN:
            told = f"{self.redirect_uri} does not lead to this command; leave WALLET_REDIRECT_URI"
            raise WalletError("browser_needed", f"{told} out, or log in from the wallet itself")
        waiting = DeviceBrowser(self.redirect_uri, self.launch, self.seconds)
        answer = partial(_answer, waiting, parts.path or "/")
        port = parts.port or _HTTP_PORT
        try:
            server = await asyncio.start_server(answer, "127.0.0.1", port, limit=_MAX_HEAD)
        except OSError as error:
            told = f"another program listens on port {port}; stop it or set WALLET_PORT"
            raise WalletError("callback_taken", told) from error
        async with server:
            return await waiting.authorize(url)


async def _answer(
    waiting: DeviceBrowser, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer one request; only a GET of the address counts, whatever else calls is sent away."""
    try:
        async with asyncio.timeout(_READ_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            status, page = _taken(waiting, path, head.decode("ascii", "replace"))
            body = page.encode()
            kind = "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store"
            told = f"HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {len(body)}\r\n"
            writer.write(f"{told}Connection: close\r\n\r\n".encode() + body)
            await writer.drain()
    except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass  # It said nothing in time, too much, or is gone: another may still come.
    finally:
        writer.close()


def _taken(waiting: DeviceBrowser, path: str, head: str) -> tuple[str, str]:
    method, _, rest = head.partition(" ")
    asked, _, query = rest.partition(" ")[0].partition("?")
    if (method, asked) == ("GET", path) and waiting.came_back(f"{waiting.redirect_uri}?{query}"):
        return _CAME_BACK
    return _NOT_HERE
