"""Limits and headers around every answer, as plain ASGI."""

from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
ALLOWANCE: Final = "body_allowance"
"""Name in the request's state."""
WITH_SCRIPT: Final = {"content-security-policy": f"{_POLICY}; script-src 'self'"}
"""Headers of a page that brings a script file of its own; what stands in a page never runs."""
HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_ENCODED: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]


@dataclass
class Allowance:
    """How long the body of one request may be.

    Attributes:
        most: bytes; whoever has let the caller in may raise it before the body is read.
    """

    most: int


class BodyLimit:
    """Refuse a body as soon as it is longer than allowed, whether or not it says so before (413).

    It is counted while it is read, so that nothing is kept of what nobody has asked for.
    """

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, counted(scope, receive, self._max_bytes), send)


def counted(scope: Scope, receive: Receive, max_bytes: int) -> Receive:
    """Return what gives a request's body as far as it is allowed (413)."""
    allowance = Allowance(max_bytes)
    scope.setdefault("state", {})[ALLOWANCE] = allowance
    length = 0

    async def receive_some() -> Message:
        nonlocal length
        message = await receive()
        length += len(message.get("body", b""))
        if length > allowance.most:
            raise HTTPException(413)
        return message

    return receive_some


class SecurityHeaders:
    """Add the headers that keep pages from being framed, sniffed or scripted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_missing(message["headers"])
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def add_missing(headers: list[tuple[bytes, bytes]]) -> None:
    """Add the headers that an answer does not bring itself."""
    present = {name for name, _ in headers}
    headers.extend(each for each in _ENCODED if each[0] not in present)
