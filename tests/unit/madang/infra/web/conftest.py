"""A small service with one route of each form, and a browser without a network."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

from madang.infra import journal
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.journal import JournalEntry
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refusal, Refuser
from madang.infra.web.i18n import Texts, load_texts
from madang.infra.web.marks import Access, Caller, Form, mark
from madang.infra.web.pages import Pages

CATALOG = Path(__file__).resolve().parents[5] / "catalog"
TENANTS = load_catalogue(CATALOG).tenants
MAX_BODY = 100


class MoonError(Exception):
    """An error that the table knows."""


@dataclass
class Site:
    """The service.

    Attributes:
        refusal: what MoonError is told as.
    """

    database: Database = field(default_factory=Database)
    refusal: Refusal = field(default_factory=lambda: Refusal(418, "not_found", "moon.rose"))
    guard: Callable[[Request], Any] | None = None

    def app(self, texts: Texts) -> FastAPI:
        self.database.create(JournalEntry)
        pages = Pages(texts, [Path(__file__).parent / "pages"], service="counter", tenants=TENANTS)

        async def guard(request: Request) -> None:
            if self.guard is not None:
                self.guard(request)

        return create_app(
            Parts(
                title="a service",
                guard=guard,
                refuser=Refuser(self.database, FixedClock(1), pages),
                errors={MoonError: lambda _: self.refusal},
                routers=[_router(pages)],
                max_body_bytes=MAX_BODY,
            )
        )

    def journal(self, tenant: str = "hanbit") -> list[str]:
        with self.database.reading() as session:
            return [entry.code for entry in journal.entries(session, tenant)]


def _open(form: Form) -> Access:
    return Access(Caller.ANYBODY, frozenset(), form, "a test")


def _router(pages: Pages) -> APIRouter:
    router = APIRouter(prefix="/{tenant}")

    @router.get("/page")
    @mark(_open(Form.PAGE))
    async def page(request: Request) -> Any:
        return pages.render(request, "page.html", shown="<script>alert(1)</script>")

    @router.post("/echo")
    @mark(_open(Form.PROBLEM))
    async def echo(request: Request) -> Any:
        return JSONResponse({"length": len(await request.body())})

    @router.get("/numbers/{number}")
    @mark(_open(Form.PROBLEM))
    async def number(number: int) -> Any:
        return JSONResponse(number)

    for form in Form:
        router.add_api_route(f"/raises/{form}", _raising(form, MoonError), methods=["GET", "POST"])
        broken = _raising(form, RuntimeError)
        router.add_api_route(f"/breaks/{form}", broken, methods=["GET"])
    return router


def _raising(form: Form, kind: type[Exception]) -> Callable[[], Any]:
    @mark(_open(form))
    async def endpoint() -> Any:
        raise kind("a detail that stays inside")

    return endpoint


class Visitor:
    """Sends requests to an application in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, **more))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.request(method, path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)


@pytest.fixture(scope="session")
def texts() -> Texts:
    return load_texts(CATALOG / "texts")


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def visitor(site: Site, texts: Texts) -> Visitor:
    return Visitor(site.app(texts))
