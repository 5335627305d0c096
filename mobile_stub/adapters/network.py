"""HTTP as the wallet uses it: bounded, without redirects, without cookies, without a name.

Links and documents of others say where to go. The wallet goes by TLS alone, and to no address of
this machine or of a local network, unless the settings let it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import httpx

from madang.core.encoding.unpack import GZIP, UnpackError, unpack
from madang.core.protocol.urls import host_of, is_public_address, is_web_address
from mobile_stub.adapters.anchors import load_anchors
from mobile_stub.adapters.places import PublicBackend, PublicTransport, Resolve, resolve
from mobile_stub.errors import WalletError
from mobile_stub.settings import Settings

_PLAIN: Final = "identity"
_PACKED: Final = "gzip"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer.

    Attributes:
        status: HTTP status.
        body: all of it.
        headers: by their names in lower case; of several under one name the first.
        host: whose it is.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = ""

    @property
    def media_type(self) -> str:
        """Return what the body is said to be, in lower case and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Network:
    """Sends requests.

    Args:
        settings: limits.
        transport: another way than the network, for one process alone.
        resolve: finds the addresses of names.
    """

    def __init__(
        self,
        settings: Settings,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._max_bytes, self._seconds = settings.http_max_bytes, settings.http_timeout_seconds
        self._loopback = settings.allow_loopback_http
        self._local = settings.allow_loopback_http or settings.local_addresses
        context = trusted(settings.tls_anchors)
        if transport is None and not self._local:
            transport = PublicTransport(context, PublicBackend(resolve))
        self._client = httpx.AsyncClient(
            timeout=settings.http_timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            verify=context,
            headers={"accept-encoding": _PACKED},
        )
        del self._client.headers["user-agent"]

    async def get(self, url: str, accept: str = "application/json") -> Reply:
        """Fetch a document."""
        return await self._send("GET", url, {"accept": accept}, b"")

    async def post(
        self, url: str, body: bytes | str, kind: str, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Post a body of the media type `kind`."""
        content = body.encode() if isinstance(body, str) else body
        return await self._send("POST", url, {"content-type": kind, **(headers or {})}, content)

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes
    ) -> Reply:
        self._refuse_place(url)
        try:
            # httpx measures each step by itself: an answer in drops would never be too late.
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(method, url, headers=headers, content=content) as response,
            ):
                body = await self._read(response)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError) as error:
            raise WalletError("no_answer", _why(host_of(url), error)) from error
        headers = {name.lower(): value for name, value in reversed(response.headers.multi_items())}
        return Reply(response.status_code, body, headers, host_of(url) or "")

    async def _read(self, response: httpx.Response) -> bytes:
        # httpx would unpack each piece whole, a thousand times its size, before we could look.
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise self._too_large()
        return self._unpacked(bytes(body), response.headers.get("content-encoding", _PLAIN))

    def _unpacked(self, body: bytes, coding: str) -> bytes:
        if coding == _PLAIN or not body:
            return body
        if coding.lower() != _PACKED:
            raise WalletError("answer_unreadable", f"it came in a coding other than {_PACKED}")
        try:
            return unpack(body, GZIP, self._max_bytes)
        except UnpackError as error:
            if error.too_large:
                raise self._too_large() from error
            raise WalletError("answer_unreadable", f"an answer in {_PACKED}: {error}") from error

    def _too_large(self) -> WalletError:
        return WalletError("answer_too_large", f"over {self._max_bytes} bytes")

    def _refuse_place(self, url: str) -> None:
        """Refuse plain HTTP and, by their numbers and usual names, hosts that are not public.

        What other names lead to is looked at when they are connected to.
        """
        good = is_web_address(url, allow_loopback_http=self._loopback)
        if not good or not (self._local or _is_public(host_of(url) or "")):
            raise WalletError("address_refused", "the wallet calls public https addresses alone")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _is_public(host: str) -> bool:
    name = host.removesuffix(".")
    try:
        return is_public_address(str(ip_address(name)))
    except ValueError:
        # Resolvers also take short and other forms of numbers; no public name ends in a digit.
        return name != "localhost" and not name.endswith(".localhost") and not name[-1:].isdigit()


def _why(host: str | None, error: BaseException) -> str:
    """Return in words why a host gave no answer."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            told = f"{host} showed a certificate that does not hold here ({cause.verify_message})"
            return f"{told}; if its authority is to be trusted, name that by WALLET_TLS_ANCHORS"
        cause = cause.__cause__ or cause.__context__
    return f"{host} did not answer ({type(error).__name__}); try again, or look at the address"


def trusted(anchors: Path | None) -> ssl.SSLContext:
    """Return what servers' certificates are held against: the system's roots, and further ones."""
    context = ssl.create_default_context()
    if anchors is not None:
        for der in load_anchors(anchors):
            context.load_verify_locations(cadata=der)
    return context
