"""Where the person logs in at an issuer: the browser of the device, or, for test tools, none."""

import asyncio
import webbrowser
from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin

from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.model import WAIT_SECONDS

MAX_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({302, 303, 307})


class DeviceBrowser:
    """Opens the device's browser and waits until it comes back to the wallet's own address.

    Args:
        redirect_uri: where it comes back to; the wallet answers there.
        launch: opens an address.
        seconds: longest wait.
    """

    def __init__(
        self,
        redirect_uri: str,
        launch: Callable[[str], object] = webbrowser.open,
        seconds: float = WAIT_SECONDS,
    ) -> None:
        self.redirect_uri = redirect_uri
        self._launch, self._seconds = launch, seconds
        self._waiting: tuple[str, asyncio.Future[str]] | None = None

    @property
    def opened(self) -> str | None:
        """Return the address that the person is at, None when nobody is waited for."""
        return None if self._waiting is None else self._waiting[0]

    async def authorize(self, url: str) -> str:
        """Open an address; return the one that the browser came back to.

        Raises:
            WalletError: log_in_over, it took too long or another log-in began.
        """
        if self._waiting is not None:
            self._waiting[1].cancel()
        back: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting = (url, back)
        self._launch(url)
        try:
            done, _ = await asyncio.wait({back}, timeout=self._seconds)
            if back in done and not back.cancelled():
                return back.result()
            raise WalletError(
                "log_in_over", "the browser did not come back in time; accept the offer again"
            )
        finally:
            self._forget(back)

    def _forget(self, back: asyncio.Future[str]) -> None:
        if self._waiting is not None and self._waiting[1] is back:
            self._waiting = None

    def came_back(self, url: str) -> bool:
        """Take the address that the browser came back to; tell whether somebody waits for it."""
        if self._waiting is None or self._waiting[1].done():
            return False
        self._waiting[1].set_result(url)
        return True


class FollowingBrowser:
    """Follows redirects by itself, where no person is asked: for issuers of test tools alone.

    Args:
        redirect_uri: where it stops.
        network: HTTP.
    """

    def __init__(self, redirect_uri: str, network: Network) -> None:
        self.redirect_uri = redirect_uri
        self._network = network

    async def authorize(self, url: str) -> str:
        """Follow an address to the wallet's own; WalletError("log_in_over") if it does not lead."""
        for _ in range(MAX_REDIRECTS):
            reply = await self._network.get(url, "text/html")
            if reply.status not in _REDIRECTS:
                break
            url = urljoin(url, reply.headers.get("location", ""))
            if url.startswith(self.redirect_uri):
                return url
        raise WalletError("log_in_over", "the issuer asks a person, and nobody is at this wallet")
