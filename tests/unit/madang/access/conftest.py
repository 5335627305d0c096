"""A service with a door of each kind, its staff, and visitors without a network."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from madang.access.errors import TABLE
from madang.access.guard import Guard, cookie_name
from madang.access.marks import protocol, public, service, staff
from madang.access.service_token import Call, make
from madang.access.sign_in import sign_in_router
from madang.access.staff import Role, Staff, StaffAccount, StaffSession
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.infra import journal
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.journal import JournalEntry
from madang.infra.settings import CommonSettings
from madang.infra.tenancy import Addresses
from madang.infra.web.app import Parts, create_app
from madang.infra.web.errors import Refuser
from madang.infra.web.i18n import load_texts
from madang.infra.web.marks import Form
from madang.infra.web.pages import Pages

CATALOG = Path(__file__).resolve().parents[4] / "catalog"
NOW = 1_795_402_800
TENANT, OTHER = "hanbit", "saebyeol"
PASSPHRASE = "four words make sense"
MAX_BODY, MAX_UPLOAD = 10_000, 3_000_000
SETTINGS = CommonSettings()
TENANTS = load_catalogue(CATALOG).tenants
ADDRESSES = Addresses(TENANTS)
CALLER = ADDRESSES.identifier(TENANT, "issuer")


class KeysTwin:
    """Public keys of services, in memory."""

    def __init__(self) -> None:
        self.signers: dict[str, Signer] = {}

    def signer(self, issuer: str) -> Signer:
        return self.signers.setdefault(issuer, generate_p256("service"))

    def key(self, issuer: str) -> PublicKey | None:
        signer = self.signers.get(issuer)
        return signer.public_key if signer else None


@dataclass
class House:
    """The service and what is behind it."""

    database: Database
    clock: FixedClock
    keys: KeysTwin
    staff: Staff
    app: FastAPI

    def journal(self, tenant: str = TENANT) -> list[str]:
        with self.database.reading() as session:
            return [entry.code for entry in journal.entries(session, tenant)]

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, **more))

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://house") as client:
            return await client.request(method, path, **more)

    def hire(self, *roles: Role, tenant: str = TENANT, name: str = "staff") -> dict[str, str]:
        """Return the cookies of somebody who is signed in with these roles."""
        self.staff.add(tenant, name, PASSPHRASE, roles, now=self.clock.now())
        token = self.staff.sign_in(tenant, name, PASSPHRASE, now=self.clock.now())
        return {"cookie": f"{cookie_name('counter')}={token}"}

    def csrf(self, cookies: dict[str, str]) -> str:
        """Return the token of a page's form, as the page of this session shows it."""
        html = self.send("GET", f"/{TENANT}/counter/page", headers=cookies).text
        found = re.search(r'name="csrf" value="([^"]+)"', html)
        assert found is not None
        return found[1]

    def token(self, call: Call, issuer: str = CALLER, **changes: Any) -> str:
        """Return a service token for a call; `changes` replace what `make` is told."""
        said = {"issuer": issuer, "actor": "pseudonym", "roles": ["clerk"], "now": NOW} | changes
        return make(self.keys.signer(issuer), call, **said)


def _routes(pages: Pages) -> APIRouter:
    router = APIRouter(prefix="/{tenant}/counter")

    async def told(request: Request) -> Any:
        actor = getattr(request.state, "actor", None)
        return JSONResponse({"actor": getattr(actor, "pseudonym", None)})

    def add(path: str, mark: Callable[..., Any] | None, *methods: str) -> None:
        async def endpoint(request: Request) -> Any:
            return await told(request)

        router.add_api_route(path, mark(endpoint) if mark else endpoint, methods=list(methods))

    @router.get("/page")
    @staff(Role.CLERK)
    async def page(request: Request) -> Any:
        return pages.render(request, "sign_in.html", failed=False)

    @router.post("/upload")
    @staff(Role.CLERK, upload_bytes=MAX_UPLOAD)
    def upload(request: Request) -> Any:
        return JSONResponse({"length": len(request.state.form["kept"])})

    add("/open", public("a test"), "GET")
    add("/wallet", protocol("a test"), "POST")
    add("/clerk", staff(Role.CLERK), "GET", "POST", "PUT", "PATCH", "DELETE")
    add("/api/clerk", staff(Role.CLERK, form=Form.PROBLEM), "GET")
    add("/api/any", service(), "GET", "POST")
    add("/api/for-clerks", service("clerk"), "POST")
    add("/unmarked", None, "GET")
    return router


@pytest.fixture
def house() -> House:
    database, clock, keys = Database(), FixedClock(NOW), KeysTwin()
    database.create(JournalEntry, StaffAccount, StaffSession)
    people = Staff(database, SeededIds("house"), SETTINGS)
    pages = Pages(load_texts(CATALOG / "texts"), [], service="counter", tenants=TENANTS)
    guard = Guard("counter", TENANTS, ADDRESSES, clock, people, keys)
    parts = Parts(
        title="a house",
        guard=guard.__call__,
        refuser=Refuser(database, clock, pages),
        errors=TABLE,
        routers=[_routes(pages), sign_in_router("counter", people, clock, pages)],
        max_body_bytes=MAX_BODY,
    )
    keys.signer(CALLER)
    return House(database, clock, keys, people, create_app(parts))
