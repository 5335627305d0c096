"""HTTP to other services, with limits; and the same without a network, for one process."""

import asyncio
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from madang.core.encoding.unpack import GZIP, UnpackError, unpack
from madang.infra.places import PlaceError, PublicBackend, PublicTransport

MAX_BYTES = 16_000_000
_PLAIN, _PACKED = "identity", "gzip"


class HttpError(RuntimeError):
    """Another service did not answer, or answered too much."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: the whole body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """Sends a request and returns the answer; does not follow redirects."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send a request.

        Raises:
            HttpError: no answer in time, not http or https, or an answer over the limit.
        """
        ...


def trusting(anchors: tuple[bytes, ...]) -> ssl.SSLContext:
    """Return what servers' certificates are held against: the system's roots, and further ones."""
    context = ssl.create_default_context()
    for der in anchors:
        context.load_verify_locations(cadata=der)
    return context


class HttpxClient:
    """The network, or ASGI applications in this process.

    Args:
        timeout: seconds for a whole request.
        max_bytes: longest answer.
        apps: applications by origin; a request to one of these origins stays in the process.
        anchors: DER of authorities whose servers are trusted beside those of the system.
        own: hosts that are called wherever they are, all others at public addresses alone; None
            where nobody else names an address.
    """

    def __init__(
        self,
        *,
        timeout: float = 10.0,
        max_bytes: int = MAX_BYTES,
        apps: Mapping[str, Any] | None = None,
        anchors: tuple[bytes, ...] = (),
        own: Collection[str] | None = None,
    ) -> None:
        self._max_bytes = max_bytes
        self._timeout = timeout
        mounts = {
            origin: httpx.ASGITransport(app=app, raise_app_exceptions=False)
            for origin, app in (apps or {}).items()
        }
        trusted = trusting(anchors)
        transport = None if own is None else PublicTransport(trusted, PublicBackend(own))
        self._client = httpx.AsyncClient(
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            mounts=mounts,
            trust_env=False,
            verify=trusted,
            headers={"accept-encoding": _PACKED},
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send a request; see `HttpClient.request`."""
        try:
            # httpx measures each step by itself: an answer in drops would never be too late.
            async with (
                asyncio.timeout(self._timeout),
                self._client.stream(method, url, headers=headers, content=content) as response,
            ):
                body = await self._read(response)
        except TimeoutError as error:
            raise HttpError(f"{method} {url}: no whole answer in {self._timeout:g} s") from error
        except PlaceError as error:
            raise HttpError(f"{method}: {error}") from error
        except httpx.HTTPError as error:
            raise HttpError(f"{method} {url}: {type(error).__name__}") from error
        except (httpx.InvalidURL, UnicodeError) as error:  # the latter for a name that is none
            raise HttpError(f"{method}: not an address") from error
        return Answer(response.status_code, dict(response.headers), body)

    async def _read(self, response: httpx.Response) -> bytes:
        # httpx would unpack each piece whole, a thousand times its size, before we could look.
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise HttpError(f"an answer of more than {self._max_bytes} bytes")
        return self._unpacked(bytes(body), response.headers.get("content-encoding", _PLAIN))

    def _unpacked(self, body: bytes, coding: str) -> bytes:
        if coding == _PLAIN or not body:
            return body
        if coding.lower() != _PACKED:
            raise HttpError("an answer in a coding that was not asked for")
        try:
            return unpack(body, GZIP, self._max_bytes)
        except UnpackError as error:
            raise HttpError(f"an answer in gzip: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
