"""The straight way gives what the framework's way gives."""

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from madang.infra.clock import SystemClock
from madang.infra.db import Database
from madang.infra.journal import JournalEntry
from madang.infra.web.app import Parts, create_app
from madang.infra.web.direct import DirectApp, Paths
from madang.infra.web.errors import Refusal, Refuser
from madang.infra.web.i18n import load_texts
from madang.infra.web.marks import Access, Caller, Form, mark
from madang.infra.web.pages import Pages
from madang.infra.web.route import GuardedRoute
from tests.unit.madang.infra.web.conftest import CATALOG, TENANTS

MOST = 20


class UnwelcomeError(Exception):
    pass


class VeryUnwelcomeError(UnwelcomeError):
    pass


async def _guard(request: Request) -> None:
    if request.headers.get("name") == "stranger":
        raise VeryUnwelcomeError


everybody = mark(Access(Caller.ANYBODY, frozenset(), Form.PROBLEM))


def _router() -> APIRouter:
    router = APIRouter()

    @router.post("/{tenant}/echo/{what}")
    @everybody
    async def echo(request: Request, tenant: str, what: str) -> Any:
        body = await request.body()
        return JSONResponse([tenant, what, body.decode(), request.url.path])

    @router.get("/{tenant}/framed")
    @everybody
    async def framed(tenant: str) -> Any:
        return Response(tenant, headers={"Referrer-Policy": "origin"})

    @router.get("/{tenant}/streamed")
    @everybody
    async def streamed(tenant: str) -> Any:
        return StreamingResponse(iter([tenant, "!"]))

    @router.get("/{tenant}/broken")
    @everybody
    async def broken(tenant: str) -> Any:
        raise RuntimeError(tenant)

    _add_alike(router)
    _add_hidden(router)
    return router


def _add_alike(router: APIRouter) -> None:
    """Add routes whose paths look alike."""

    @router.get("/{tenant}/lists/{number}.second")
    @everybody
    async def second(tenant: str, number: str) -> Any:
        return JSONResponse(["second", tenant, number])

    @router.get("/{tenant}/lists/{number}")
    @everybody
    async def first(tenant: str, number: str) -> Any:
        return JSONResponse(["first", tenant, number])

    @router.get("/{tenant}/kept/{number}")
    @everybody
    def kept(tenant: str, number: str) -> Any:
        return JSONResponse(["kept", tenant, number])

    @router.get("/{tenant}/kept/{name}")
    @everybody
    async def unseen(tenant: str, name: str) -> Any:
        return JSONResponse(["unseen", tenant, name])

    @router.get("/{tenant}/number/{number:int}")
    @everybody
    async def number(tenant: str, number: int) -> Any:
        return JSONResponse([tenant, number])


def _add_hidden(router: APIRouter) -> None:
    """Add routes, and others whose paths are theirs too."""

    @router.get("/{tenant}/named/{name}")
    @everybody
    async def named(tenant: str, name: str) -> Any:
        return JSONResponse(["named", tenant, name])

    @router.get("/{tenant}/named/late")
    @everybody
    async def late(tenant: str) -> Any:
        return JSONResponse(["late", tenant])

    @router.get("/{tenant}/all/{rest:path}")
    @everybody
    async def all_below(tenant: str, rest: str) -> Any:
        return JSONResponse(["all", tenant, rest])

    @router.get("/{tenant}/all/of/it")
    @everybody
    async def of_it(tenant: str) -> Any:
        return JSONResponse(["of it", tenant])


@pytest.fixture
def app() -> DirectApp:
    database, clock = Database(), SystemClock()
    database.create(JournalEntry)
    pages = Pages(load_texts(CATALOG / "texts"), [], service="test", tenants=TENANTS)
    refuser = Refuser(database, clock, pages)
    table = {UnwelcomeError: lambda _: Refusal(403, "unwelcome", "test.unwelcome")}
    app = create_app(Parts("test", _guard, refuser, table, [_router()], MOST))
    assert isinstance(app, DirectApp)
    return app


CALLS: dict[str, dict[str, Any]] = {
    "answered": {"method": "POST", "url": "/a/echo/b", "content": b"c"},
    "escaped": {"method": "POST", "url": "/a%20b/echo/c%C3%A4?q=1", "content": b""},
    "its own header": {"method": "GET", "url": "/a/framed"},
    "streamed": {"method": "GET", "url": "/a/streamed"},
    "refused": {"method": "GET", "url": "/a/framed", "headers": {"name": "stranger"}},
    "too long": {"method": "POST", "url": "/a/echo/b", "content": b"x" * (MOST + 1)},
    "another method": {"method": "PUT", "url": "/a/framed"},
    "head": {"method": "HEAD", "url": "/a/framed"},
    "no such path": {"method": "GET", "url": "/a/nothing"},
    "an empty segment": {"method": "POST", "url": "//echo/b"},
    "one more slash": {"method": "GET", "url": "/a/framed/"},
    "no parameter": {"method": "POST", "url": "/a/echo/"},
    "a number": {"method": "GET", "url": "/a/number/7"},
    "a file": {"method": "GET", "url": "/style.css"},
    "a range that a file has not": {
        "method": "GET",
        "url": "/style.css",
        "headers": {"range": "bytes=9999999-"},
    },
    "a list": {"method": "GET", "url": "/a/lists/7"},
    "a part of a segment": {"method": "GET", "url": "/a/lists/7.second"},
    "an endpoint of a thread comes first": {"method": "GET", "url": "/a/kept/7"},
    "a parameter comes first": {"method": "GET", "url": "/a/named/late"},
    "a path comes first": {"method": "GET", "url": "/a/all/of/it"},
    "no number": {"method": "GET", "url": "/a/number/b"},
    "a mistake": {"method": "GET", "url": "/a/broken"},
}


def _call(
    app: DirectApp, call: dict[str, Any], *, raising: bool = False
) -> tuple[int, list[tuple[str, str]], bytes]:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=raising)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(**call)

    answer = asyncio.run(ask())
    return answer.status_code, sorted(answer.headers.multi_items()), answer.content


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_both_ways_give_the_same(app: DirectApp, call: dict[str, Any]) -> None:
    straight = _call(app, call)
    app._paths = Paths(())
    assert straight == _call(app, call)


def test_a_mistake_goes_on_to_the_server(app: DirectApp) -> None:
    with pytest.raises(RuntimeError):
        _call(app, CALLS["a mistake"], raising=True)


def test_only_paths_of_names_and_texts_are_found() -> None:
    routes = [GuardedRoute(r, _guard) for r in _router().routes if isinstance(r, APIRoute)]
    paths = Paths(routes)
    found = paths.find("POST", "/a/echo/b")
    assert found is not None
    assert (found[0].name, found[1]) == ("echo", {"tenant": "a", "what": "b"})
    assert paths.find("GET", "/a/echo/b") is None
    assert paths.find("GET", "/a/number/7") is None


def test_the_first_of_two_that_would_both_do() -> None:
    async def one(what: str) -> Any:
        raise HTTPException(418, what)

    async def other(what: str) -> Any:
        raise HTTPException(418, what)

    routes = [GuardedRoute(APIRoute("/{what}", each), _guard) for each in (one, other)]
    found = Paths(routes).find("GET", "/a")
    assert found is not None
    assert found[0].endpoint is one
