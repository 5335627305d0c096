"""The log over HTTP and its twin, held to the same."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response

from madang.core.encoding import base64url
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.tiles import Tile
from madang.infra.http import HttpxClient
from madang.infra.log_client import (
    AppendEntry,
    HttpLogClient,
    LogClient,
    LogRefused,
    LogUnavailable,
    MemoryLogClient,
)

ORIGIN = "https://log.example"
HOUR = 1_800_000_000


def remote() -> FastAPI:
    """Return a log server with the least that the client speaks to."""
    app, indexes = FastAPI(), {}

    @app.post("/{tenant}/log/entries")
    async def append(request: Request, tenant: str) -> Any:
        assert request.headers["authorization"] == f"Bearer for {tenant}"
        listed = (await request.json())["entries"]
        for entry in listed:
            assert len(base64url.decode(entry["commitment"])) == 32
            indexes.setdefault((tenant, entry["key"]), len(indexes))
        return {
            "entries": [
                {"key": entry["key"], "index": indexes[tenant, entry["key"]]} for entry in listed
            ]
        }

    @app.get("/{tenant}/log/checkpoint")
    async def checkpoint(tenant: str) -> Any:
        return {"not": "a note"}

    return app


def over_http(app: FastAPI) -> LogClient:
    http = HttpxClient(apps={ORIGIN: app})
    return HttpLogClient(
        http,
        lambda tenant: f"{ORIGIN}/{tenant}/log",
        lambda tenant, _method, _url, _body: {"authorization": f"Bearer for {tenant}"},
    )


@pytest.fixture(params=[lambda: over_http(remote()), MemoryLogClient], ids=["http", "twin"])
def log(request: pytest.FixtureRequest) -> LogClient:
    make: Callable[[], LogClient] = request.param
    return make()


def entry(key: str) -> AppendEntry:
    return AppendEntry(key, EntryKind.CREDENTIAL, bytes(32), "https://issuer", HOUR)


def test_keys_keep_their_index(log: LogClient) -> None:
    async def twice() -> None:
        first = await log.append("a", [entry("one-0001"), entry("two-0002")])
        assert first == {"one-0001": 0, "two-0002": 1}
        assert await log.append("a", [entry("two-0002")]) == {"two-0002": 1}

    asyncio.run(twice())


def test_what_is_not_there_is_unavailable(log: LogClient) -> None:
    with pytest.raises(LogUnavailable):
        asyncio.run(log.tile("a", Tile(0, 0, 1)))


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"entries": 1},
        {"entries": [{"key": "k"}]},
        {"entries": [{"key": "k", "index": "1"}]},
        {"entries": [{"key": "k", "index": True}]},
        {"entries": [{"key": "k", "index": -1}]},
        {"entries": [{"key": "k", "index": 10**30}]},
    ],
)
def test_an_answer_that_is_not_understood_is_unavailable(body: object) -> None:
    app = FastAPI()

    @app.post("/a/log/entries")
    async def append() -> Any:
        return body

    with pytest.raises(LogUnavailable):
        asyncio.run(over_http(app).append("a", [entry("one-0001")]))


def test_a_log_that_does_not_answer_is_unavailable() -> None:
    client = HttpLogClient(
        HttpxClient(timeout=1), lambda _tenant: "http://127.0.0.1:1/log", lambda *_: {}
    )
    with pytest.raises(LogUnavailable):
        asyncio.run(client.append("a", [entry("one-0001")]))


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (409, True), (401, False), (404, False), (503, False)]
)
def test_what_is_not_taken_is_told_from_what_may_be_taken_later(
    status: int, refused: object
) -> None:
    app = FastAPI()

    @app.post("/a/log/entries")
    async def append() -> Any:
        return Response(status_code=status)

    with pytest.raises(LogUnavailable) as raised:
        asyncio.run(over_http(app).append("a", [entry("one-0001")]))
    assert isinstance(raised.value, LogRefused) is refused
