"""The one way in which a service's application is made."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, JSONResponse
from fastapi.routing import APIRoute

from madang.infra.web.errors import Refuser, Table, install
from madang.infra.web.limits import BodyLimit, SecurityHeaders
from madang.infra.web.marks import Access, Caller, Form, mark
from madang.infra.web.route import Guard, GuardedRoute

_STYLE = Path(__file__).parent / "static" / "style.css"
_DAY_SECONDS = 86_400


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
    app = FastAPI(
        title=parts.title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=parts.lifespan,
    )
    for router in (_common(parts.health), *parts.routers):
        app.router.routes.extend(
            GuardedRoute(route, parts.guard)
            for route in router.routes
            if isinstance(route, APIRoute)
        )
    install(app, parts.refuser, parts.errors)
    app.add_middleware(BodyLimit, max_bytes=parts.max_body_bytes)
    app.add_middleware(SecurityHeaders)
    return app


def _common(told: Callable[[], Mapping[str, Any]]) -> APIRouter:
    router = APIRouter()

    @router.get("/health")
    @mark(Access(Caller.ANYBODY, frozenset(), Form.PROBLEM, "tells how the service runs"))
    async def health() -> Any:  # noqa: ANN401 - FastAPI's response
        return JSONResponse({"status": "up", **told()}, headers={"cache-control": "no-store"})

    @router.get("/style.css")
    @mark(Access(Caller.ANYBODY, frozenset(), Form.PROBLEM, "the pages' style sheet"))
    async def style() -> Any:  # noqa: ANN401 - FastAPI's response
        headers = {"cache-control": f"public, max-age={_DAY_SECONDS}"}
        return FileResponse(_STYLE, media_type="text/css", headers=headers)

    return router
