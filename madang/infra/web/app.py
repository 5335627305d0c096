"""The one way in which a service's application is made."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.routing import APIRoute

from madang.core.encoding import strict_json
from madang.infra.web import openapi
from madang.infra.web.direct import DirectApp
from madang.infra.web.errors import Refuser, Table, install
from madang.infra.web.limits import BodyLimit, SecurityHeaders
from madang.infra.web.marks import Access, Caller, Form, mark
from madang.infra.web.openapi import OBJECT, Content, describe
from madang.infra.web.route import Guard, GuardedRoute

_STYLE = Path(__file__).parent / "static" / "style.css"
_HOUR_SECONDS, _DAY_SECONDS = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Parts:
    """What an application is made of.

    Attributes:
        title: name of the service.
        guard: lets a request through or raises.
        refuser: answers errors.
        errors: the service's table from error to answer.
        routers: the features' routes.
        max_body_bytes: longest body.
        lifespan: runs the service's workers; None for none.
        health: what /health tells beside; nothing of a person, for everybody reads it.
    """

    title: str
    guard: Guard
    refuser: Refuser
    errors: Table
    routers: Sequence[APIRouter]
    max_body_bytes: int
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None
    health: Callable[[], Mapping[str, Any]] = dict


def create_app(parts: Parts) -> FastAPI:
    """Return the application; every route is behind the guard."""
    app = DirectApp(
        title=parts.title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=parts.lifespan,
    )
    install(app, parts.refuser, parts.errors)
    routes = [
        GuardedRoute(route, parts.guard)
        for router in (_common(parts.health, app), *parts.routers)
        for route in router.routes
        if isinstance(route, APIRoute)
    ]
    app.direct(routes, parts.max_body_bytes)
    app.add_middleware(BodyLimit, max_bytes=parts.max_body_bytes)
    app.add_middleware(SecurityHeaders)
    return app


def _common(told: Callable[[], Mapping[str, Any]], app: FastAPI) -> APIRouter:
    router = APIRouter()
    document = cache(lambda: strict_json.dumps(openapi.document(app)))

    @router.get("/openapi.json")
    @mark(Access(Caller.ANYBODY, frozenset(), Form.PROBLEM, "tells how the service is called"))
    @describe(gives={200: OBJECT})
    async def described() -> Any:  # noqa: ANN401 - FastAPI's response
        headers = {"cache-control": f"public, max-age={_HOUR_SECONDS}"}
        return Response(document(), media_type="application/json", headers=headers)

    @router.get("/health")
    @mark(Access(Caller.ANYBODY, frozenset(), Form.PROBLEM, "tells how the service runs"))
    @describe(gives={200: OBJECT})
    async def health() -> Any:  # noqa: ANN401 - FastAPI's response
        return JSONResponse({"status": "up", **told()}, headers={"cache-control": "no-store"})

    @router.get("/style.css")
    @mark(Access(Caller.ANYBODY, frozenset(), Form.PROBLEM, "the pages' style sheet"))
    @describe(gives={200: Content("text/css")})
    async def style() -> Any:  # noqa: ANN401 - FastAPI's response
        headers = {"cache-control": f"public, max-age={_DAY_SECONDS}"}
        return FileResponse(_STYLE, media_type="text/css", headers=headers)

    return router
