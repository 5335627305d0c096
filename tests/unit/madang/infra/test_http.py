import asyncio
import contextlib
import gzip
import tracemalloc
from typing import Any

import pytest
from fastapi import FastAPI, Response
from fastapi.responses import RedirectResponse

from madang.infra.http import Answer, HttpError, HttpxClient

ORIGIN = "https://app.example"


@pytest.fixture
def app() -> FastAPI:
    made = FastAPI()

    @made.get("/large")
    async def large() -> Any:
        return Response(b"x" * 1000)

    @made.get("/coded/{coding}/{size}")
    async def coded(coding: str, size: int) -> Any:
        return Response(gzip.compress(bytes(size)), headers={"content-encoding": coding})

    bomb = gzip.compress(bytes(50_000_000))

    @made.get("/bomb")
    async def explode() -> Any:
        return Response(bomb, headers={"content-encoding": "gzip"})

    @made.get("/cut")
    async def cut() -> Any:
        return Response(gzip.compress(b"x")[:-1], headers={"content-encoding": "gzip"})

    @made.get("/away")
    async def away() -> Any:
        return RedirectResponse("https://elsewhere.example/")

    @made.get("/broken")
    async def broken() -> Any:
        raise RuntimeError

    return made


def get(app: FastAPI, path: str, max_bytes: int = 2000) -> Answer:
    async def send() -> Answer:
        client = HttpxClient(apps={ORIGIN: app}, max_bytes=max_bytes)
        try:
            return await client.request("GET", f"{ORIGIN}{path}")
        finally:
            await client.close()

    return asyncio.run(send())


def test_an_answer_comes_whole(app: FastAPI) -> None:
    answer = get(app, "/large")
    assert (answer.status, len(answer.body)) == (200, 1000)
    assert answer.headers["content-length"] == "1000"


def test_too_long_an_answer_is_cut_off(app: FastAPI) -> None:
    with pytest.raises(HttpError, match="more than 999"):
        get(app, "/large", max_bytes=999)


def test_an_answer_in_gzip_is_unpacked_up_to_the_limit(app: FastAPI) -> None:
    assert get(app, "/coded/gzip/2000").body == bytes(2000)
    with pytest.raises(HttpError, match="more than 2000"):
        get(app, "/coded/gzip/2001")


def test_a_small_answer_that_unpacks_to_a_large_one_fills_no_memory(app: FastAPI) -> None:
    get(app, "/large")
    tracemalloc.start()
    try:
        with pytest.raises(HttpError, match="more than 100000"):
            get(app, "/bomb", max_bytes=100_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize("path", ["/cut", "/coded/br/1", "/coded/gzip, gzip/1"])
def test_what_does_not_unpack_is_no_answer(app: FastAPI, path: str) -> None:
    with pytest.raises(HttpError):
        get(app, path)


def test_redirects_are_not_followed(app: FastAPI) -> None:
    assert get(app, "/away").status == 307


def test_an_error_of_the_other_side_is_its_status(app: FastAPI) -> None:
    assert get(app, "/broken").status == 500


NO_NAMES = ("https://a..b/", f"https://{'a' * 64}.example/", "https://xn--0.example/")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "ftp://x/", "http://[", "file:///etc/x", *NO_NAMES]
)
@pytest.mark.parametrize("own", [None, ("127.0.0.1",)], ids=["all", "own"])
def test_what_cannot_be_reached_raises_the_own_error(url: str, own: tuple[str, ...] | None) -> None:
    with pytest.raises(HttpError):
        asyncio.run(HttpxClient(timeout=1, own=own).request("GET", url))


def test_an_answer_in_drops_ends_in_time() -> None:
    ended = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _drop in range(40):
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.05)
        writer.transport.abort()
        ended.set()

    async def send() -> Answer:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        client = HttpxClient(timeout=0.2)
        try:
            port = server.sockets[0].getsockname()[1]
            return await client.request("GET", f"http://127.0.0.1:{port}/")
        finally:
            await client.close()
            await ended.wait()
            server.close()

    with pytest.raises(HttpError, match="no whole answer"):
        asyncio.run(send())
