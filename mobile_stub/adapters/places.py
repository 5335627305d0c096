"""Connections to public addresses alone, whatever a name leads to."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import httpcore
import httpx

from madang.core.protocol.urls import is_public_address
from mobile_stub.errors import WalletError

MAX_PLACES: Final = 4
"""Addresses of one name that are tried."""
MAX_CONNECTIONS: Final = 100
KEPT_SECONDS: Final = 5.0
"""How long a connection without a request stays open."""


Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the numeric addresses of a host; raises OSError where it has none."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the addresses that this machine finds for a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


class PublicBackend(httpcore.AsyncNetworkBackend):
    """Connects to the public addresses of a host, each looked at and then connected to by number.

    A name is asked for once a connection, so it cannot lead elsewhere between the look and the
    call. The certificate is held against the name all the same, and so is the pool of connections.

    Args:
        resolve: finds addresses.
        inner: connects to them; the network unless told otherwise.
    """

    def __init__(
        self, resolve: Resolve = resolve, inner: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._resolve = resolve
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect; the places are tried one after the other.

        Raises:
            WalletError: none of its addresses is public.
            httpcore.ConnectError, httpcore.ConnectTimeout: nobody answers.
        """
        places = await self._places(host, port, timeout)
        for place in places[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._inner.connect_tcp(
                    place, port, timeout, local_address, socket_options
                )
        return await self._inner.connect_tcp(
            places[-1], port, timeout, local_address, socket_options
        )

    async def sleep(self, seconds: float) -> None:
        """Wait, between the tries of a connection."""
        await self._inner.sleep(seconds)

    async def _places(self, host: str, port: int, seconds: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(seconds):
                found = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from error
        except OSError as error:
            raise httpcore.ConnectError("the name leads nowhere") from error
        public = [place for place in dict.fromkeys(found) if is_public_address(place)]
        if not public:
            raise WalletError(
                "address_refused", f"{host} leads to this machine or to a local network alone"
            )
        return public[:MAX_PLACES]


class PublicTransport(httpx.AsyncHTTPTransport):
    """httpx over a backend of one's own."""

    def __init__(self, context: ssl.SSLContext, backend: httpcore.AsyncNetworkBackend) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx has no argument for the backend; its transport is this pool and nothing else.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=backend,
        )
