"""Answers leave in one piece, and long ones without waiting for the end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, cast

import pytest
import uvicorn

from madang.infra.web.server import MOST_BYTES, JoinedWrites, JoiningProtocol

READ = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
LAST = READ.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")


def awaited(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    @wraps(test)
    def run() -> None:
        async def whole() -> None:
            await asyncio.wait_for(test(), 10)

        asyncio.run(whole())

    return run


class Carrier:
    """Notes what a transport is told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("close")

    def is_closing(self) -> bool:
        return "close" in self.told


def _joined(carrier: Carrier) -> JoinedWrites:
    return JoinedWrites(cast("asyncio.Transport", carrier), asyncio.get_running_loop())


@awaited
async def test_what_is_written_in_one_turn_leaves_together() -> None:
    carrier = Carrier()
    joined = _joined(carrier)
    joined.write(b"head")
    joined.write(b"body")
    assert carrier.told == []
    await asyncio.sleep(0)
    assert carrier.told == [b"headbody"]
    joined.write(b"next")
    await asyncio.sleep(0)
    assert carrier.told == [b"headbody", b"next"]


@awaited
async def test_what_was_written_leaves_before_the_end() -> None:
    carrier = Carrier()
    joined = _joined(carrier)
    joined.write(b"last")
    joined.close()
    assert carrier.told == [b"last", "close"]
    assert joined.is_closing()
    await asyncio.sleep(0)
    assert carrier.told == [b"last", "close"]


@awaited
async def test_more_than_is_kept_back_leaves_at_once() -> None:
    carrier = Carrier()
    joined = _joined(carrier)
    joined.write(b"head")
    joined.write(bytes(MOST_BYTES))
    assert carrier.told == [b"head" + bytes(MOST_BYTES)]


async def _app(scope: dict[str, Any], _: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/":
        await send({"type": "http.response.body", "body": b"a"})
        return
    for number in range(3):
        await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def _connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(
        _app, host="127.0.0.1", port=0, http=JoiningProtocol, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await server.shutdown()


@awaited
async def test_head_and_body_come_in_one_piece_and_the_connection_is_kept() -> None:
    async with _connected() as (reader, writer):
        for sent in (READ, READ, LAST):
            writer.write(sent)
            came = await reader.read(MOST_BYTES)
            assert came.startswith(b"HTTP/1.1 200 OK\r\n")
            assert came.endswith(b"\r\n\r\n1\r\na\r\n0\r\n\r\n")
        assert await reader.read() == b""


@awaited
async def test_requests_that_come_together_are_answered_in_their_order() -> None:
    async with _connected() as (reader, writer):
        writer.write(READ + READ + LAST)
        whole = await reader.read()
        assert whole.count(b"HTTP/1.1 200 OK") == 3
        assert whole.endswith(b"0\r\n\r\n")


@awaited
async def test_a_stream_is_not_held_back() -> None:
    async with _connected() as (reader, writer):
        writer.write(READ.replace(b"GET /", b"GET /stream"))
        await reader.readuntil(b"\r\n\r\n")
        for number in range(3):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.readuntil(b"never"), 0.02)
            assert await reader.readuntil(b"\r\n") == b"1\r\n"
            assert await reader.readuntil(b"\r\n") == b"%d\r\n" % number
