"""HTTP/1.1 over one kept connection, and no more: a caller that itself costs little."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from madang.core.encoding import strict_json

FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}


class Answer(NamedTuple):
    """What came back.

    Attributes:
        status: HTTP status.
        headers: by lower-case name.
        body: the whole body.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the body of a good answer; RuntimeError for another."""
        if self.status >= 300:
            raise RuntimeError(f"{self.status}: {self.body[:300]!r}")
        value: dict[str, Any] = strict_json.loads(self.body or b"{}")
        return value


class Wire:
    """One connection; one request after another.

    Args:
        reader: of the connection.
        writer: of the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, origin: str) -> Self:
        """Connect to `http://host:port`."""
        where = urlsplit(origin)
        return cls(*await asyncio.open_connection(where.hostname, where.port))

    async def call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request and wait for its answer."""
        where = urlsplit(url)
        path = f"{where.path}?{where.query}" if where.query else where.path
        lines = [f"{method} {path} HTTP/1.1", f"host: {where.netloc}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [f"content-length: {len(body)}", "", ""]
        self._writer.write("\r\n".join(lines).encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in head[1:] if line)
        found = {name.lower(): value.strip() for name, _, value in named}
        content = await self._reader.readexactly(int(found.get("content-length", "0")))
        return Answer(int(head[0].split(" ")[1]), found, content)

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()
