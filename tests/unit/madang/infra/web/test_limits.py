"""Limits and headers around every answer."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from madang.infra.web.limits import HEADERS, WITH_SCRIPT
from tests.unit.madang.infra.web.conftest import MAX_BODY, Visitor


@pytest.mark.parametrize("size", [0, 1, MAX_BODY])
def test_a_body_up_to_the_limit_arrives_whole(visitor: Visitor, size: int) -> None:
    answer = visitor.send("POST", "/hanbit/echo", content=b"x" * size)
    assert answer.json() == {"length": size}


def test_a_body_over_the_limit_is_refused(visitor: Visitor) -> None:
    answer = visitor.send("POST", "/hanbit/echo", content=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert answer.json()["title"] == "body_too_large"


def test_a_body_that_does_not_say_its_length_is_counted(visitor: Visitor) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY + 1):
            yield b"x"

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=visitor.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.post("/hanbit/echo", content=drops())

    assert asyncio.run(send()).status_code == 413


def test_a_body_in_pieces_arrives_whole(visitor: Visitor) -> None:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY):
            yield b"x"

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=visitor.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.post("/hanbit/echo", content=drops())

    assert asyncio.run(send()).json() == {"length": MAX_BODY}


@pytest.mark.parametrize(
    "path",
    ["/health", "/style.css", "/hanbit/page", "/nowhere", "/hanbit/breaks/page"],
)
def test_every_answer_has_the_headers(visitor: Visitor, path: str) -> None:
    headers = visitor.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)


def test_even_the_answer_to_what_is_too_long(visitor: Visitor) -> None:
    answer = visitor.send("POST", "/hanbit/echo", content=b"x" * (MAX_BODY + 1))
    assert HEADERS.items() <= dict(answer.headers).items()


def test_a_page_with_a_script_allows_its_own_file_and_nothing_else() -> None:
    policy, own = HEADERS["content-security-policy"], WITH_SCRIPT["content-security-policy"]
    assert own == f"{policy}; script-src 'self'"


@pytest.mark.parametrize(
    ("directive", "value"),
    [
        ("default-src", "'none'"),
        ("form-action", "'self'"),
        ("frame-ancestors", "'none'"),
        ("base-uri", "'none'"),
    ],
)
def test_the_policy_allows_no_scripts_and_no_frames(directive: str, value: str) -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";")
    )
    assert policy[directive] == value
    assert "script-src" not in policy


def test_what_is_no_request_passes_by(visitor: Visitor) -> None:
    received: list[dict[str, object]] = []

    async def live() -> None:
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive() -> dict[str, object]:
            return messages.pop(0)  # type: ignore[return-value]  # a message is an object

        async def send(message: dict[str, object]) -> None:
            received.append(message)

        await visitor.app({"type": "lifespan", "asgi": {}}, receive, send)  # type: ignore[arg-type]

    asyncio.run(live())
    assert [m["type"] for m in received] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
