"""Every route is behind the guard, whichever way its endpoint is called."""

import asyncio
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from madang.infra.web.route import GuardedRoute


class Doorman:
    """Lets in whoever is named, and remembers who came."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, request: Request) -> None:
        self.seen.append(request.url.path)
        if request.headers.get("name") != "kim":
            raise HTTPException(401)


def _router() -> APIRouter:
    router = APIRouter(prefix="/{tenant}")

    @router.get("/plain/{what}")
    async def plain(request: Request, tenant: str, what: str) -> Any:
        return JSONResponse([tenant, what, request.method])

    @router.get("/bare/{what}")
    async def bare(tenant: str, what: str) -> Any:
        return JSONResponse([tenant, what])

    @router.get("/number/{what}")
    async def number(tenant: str, what: int) -> Any:
        return JSONResponse([tenant, what])

    @router.get("/thread/{what}")
    def thread(tenant: str, what: str) -> Any:
        return JSONResponse([tenant, what])

    @router.get("/query")
    async def query(tenant: str, page: Annotated[int, Query()] = 1) -> Any:
        return JSONResponse([tenant, page])

    _pair(router)
    return router


def _pair(router: APIRouter) -> None:
    @router.get("/pair/x")
    async def shown(tenant: str) -> Any:
        return JSONResponse([tenant])

    @router.post("/pair/x")
    def taken(tenant: str) -> Any:
        return JSONResponse([tenant])

    @router.put("/pair/{what}")
    async def put(tenant: str, what: str) -> Any:
        return JSONResponse([tenant, what])


def _routes(doorman: Doorman) -> dict[str, GuardedRoute]:
    routes = [r for r in _router().routes if isinstance(r, APIRoute)]
    return {route.name: GuardedRoute(route, doorman) for route in routes}


async def _ask(path: str, name: str = "kim", method: str = "GET") -> tuple[httpx.Response, Doorman]:
    doorman, app = Doorman(), FastAPI()
    app.router.routes.extend(_routes(doorman).values())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, headers={"name": name}), doorman


EVERY = {
    "/seoul/plain/x": ["seoul", "x", "GET"],
    "/seoul/bare/x": ["seoul", "x"],
    "/seoul/number/7": ["seoul", 7],
    "/seoul/thread/x": ["seoul", "x"],
    "/seoul/query?page=3": ["seoul", 3],
}


@pytest.mark.parametrize("path", EVERY)
def test_an_endpoint_gets_what_it_asks_for(path: str) -> None:
    answer, doorman = asyncio.run(_ask(path))
    assert answer.json() == EVERY[path]
    assert doorman.seen == [path.partition("?")[0]]


@pytest.mark.parametrize("path", EVERY)
def test_whoever_is_not_let_in_gets_nothing(path: str) -> None:
    answer, doorman = asyncio.run(_ask(path, "lee"))
    assert answer.status_code == 401
    assert doorman.seen == [path.partition("?")[0]]


@pytest.mark.parametrize("path", EVERY)
def test_another_method_is_told_which_there_are(path: str) -> None:
    answer, _ = asyncio.run(_ask(path, method="DELETE"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_the_methods_of_an_address_are_told_whichever_of_its_routes_comes_first() -> None:
    answer, _ = asyncio.run(_ask("/seoul/pair/x", method="DELETE"))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST, PUT")


def test_what_cannot_be_read_is_refused() -> None:
    answer, _ = asyncio.run(_ask("/seoul/number/seven"))
    assert answer.status_code == 422


def test_only_coroutines_of_texts_are_called_as_they_are() -> None:
    plain = {name for name, route in _routes(Doorman()).items() if route.plain}
    assert plain == {"plain", "bare", "shown", "put"}
