"""The HTTP server as the services run it: what is written at once leaves at once (ADR 0052)."""

import asyncio
from typing import Any, Final, cast

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES: Final = HIGH_WATER_LIMIT
"""What waits for the end of the turn; more goes out, so that whoever writes can be slowed."""


class JoinedWrites:
    """A transport that sends what is written in one turn of the event loop in one piece.

    The server writes the head of an answer and then its body: one message to the system and one
    packet instead of two of each, and over TLS one record.

    Args:
        transport: what carries it.
        loop: whose turns count.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._kept: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send bytes, at the latest when the turn ends."""
        if not self._kept:
            self._loop.call_soon(self._send)
        self._kept.append(data)
        self._size += len(data)
        if self._size > MOST_BYTES:
            self._send()

    def close(self) -> None:
        """Close when everything is sent."""
        self._send()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else a transport has
        return getattr(self._transport, name)

    def _send(self) -> None:
        if self._kept:
            kept, self._kept, self._size = self._kept, [], 0
            self._transport.write(kept[0] if len(kept) == 1 else b"".join(kept))


class JoiningProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose answers leave in one piece; uvicorn makes one for each connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a new connection."""
        joined = JoinedWrites(cast("asyncio.Transport", transport), self.loop)
        super().connection_made(cast("asyncio.Transport", joined))
