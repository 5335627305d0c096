"""A counter over twins: an issuer and a verifier as their APIs promise, and clerks at its pages."""

import asyncio
import functools
import json
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from counter.app import Deps, build
from counter.settings import Settings
from madang.access.service_token import Call, ServiceIdentity, verify
from madang.access.staff import Role, Staff
from madang.cli.walk.browser import Browser, Page
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import generate_p256
from madang.infra import journal
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from madang.infra.http import HttpxClient
from madang.infra.ids import SeededIds
from madang.infra.tenancy import Addresses
from madang.infra.web.i18n import load_texts

CATALOG = Path(__file__).resolve().parents[3] / "catalog"
NOW = 1_795_402_800
ORIGINS = {
    "issuer": "http://issuer.test",
    "verifier": "http://verifier.test",
    "counter": "http://counter.test",
}
TENANT, OTHER = "hanbit", "saebyeol"
PASSPHRASE = "four words make sense"
TX_CODE = "493518"
RESULT = "header.result.signature"
DOCUMENT = {
    "name": "김하늘",
    "birthdate": "1996-04-23",
    "document_number": "960423-2000017",
    "evidence": "resident_card",
}
Result = TypeVar("Result")
catalogue_once = functools.cache(load_catalogue)
texts_once = functools.cache(load_texts)


class ServiceKeysTwin:
    """Public keys of services, in memory."""

    def __init__(self, keys: dict[str, PublicKey]) -> None:
        self.keys = keys

    def key(self, issuer: str) -> PublicKey | None:
        return self.keys.get(issuer)


@dataclass
class Received:
    """One call that an office received, with its checked caller."""

    path: str
    body: dict[str, Any]
    caller: ServiceIdentity


@dataclass
class OfficeTwin:
    """What issuer and verifier have in common: the token is checked, calls are remembered.

    Attributes:
        refusal: status, code and detail of the next answers; none when they are good.
        refuses: the methods that are refused then.
        garbled: body of the next answers, whatever they would be.
    """

    service: str
    addresses: Addresses
    keys: ServiceKeysTwin
    clock: FixedClock
    calls: list[Received] = field(default_factory=list)
    refusal: tuple[int, str, str | None] | None = None
    refuses: tuple[str, ...] = ("POST",)
    garbled: bytes | None = None

    async def receive(self, request: Request) -> Response | None:
        """Check the token and remember the call; return a refusal if one is wanted."""
        body = await request.body()
        tenant = request.url.path.split("/")[1]
        audience = self.addresses.identifier(tenant, self.service)
        call = Call(audience, request.method, request.url.path, body)
        token = request.headers["authorization"].removeprefix("Bearer ")
        caller = verify(token, call, self.keys, now=self.clock.now())
        self.calls.append(Received(request.url.path, json.loads(body or b"{}"), caller))
        if self.garbled is not None:
            return Response(self.garbled, 200)
        if self.refusal is None or request.method not in self.refuses:
            return None
        status, code, detail = self.refusal
        problem = {"type": f"urn:madang:problem:{code}", "title": code, "status": status}
        return JSONResponse({**problem, **({"detail": detail} if detail else {})}, status)


@dataclass
class IssuerTwin(OfficeTwin):
    """The issuer's API for the counter.

    Attributes:
        made: offers so far.
        renewed: new codes so far; only the last one is good.
        deferrals: what waits for a clerk.
        events: what the wallet said, by configuration.
    """

    state: str = "offered"
    made: int = 0
    renewed: int = 0
    deferrals: list[dict[str, Any]] = field(default_factory=list)
    events: dict[str, str] = field(default_factory=dict)

    def app(self) -> Starlette:
        base = "/{tenant}/issuer/api"
        return Starlette(
            routes=[
                Route(f"{base}/types", self._types),
                Route(f"{base}/proofings", self._prove, methods=["POST"]),
                Route(f"{base}/offers", self._offer, methods=["POST"]),
                Route(f"{base}/offers/{{offer}}", self._tell),
                Route(f"{base}/offers/{{offer}}/renew", self._renew, methods=["POST"]),
                Route(f"{base}/deferrals", self._waiting),
                Route(f"{base}/deferrals/{{deferral}}/{{way}}", self._decide, methods=["POST"]),
            ]
        )

    async def _waiting(self, request: Request) -> Response:
        return await self.receive(request) or JSONResponse({"deferrals": self.deferrals})

    async def _decide(self, request: Request) -> Response:
        refused = await self.receive(request)
        if refused is None:
            name = request.path_params["deferral"]
            self.deferrals = [each for each in self.deferrals if each["id"] != name]
        return refused or JSONResponse({"state": "decided"})

    async def _types(self, request: Request) -> Response:
        listed = [
            {"id": t.id, "names": dict(t.names), "requires_digital_id": t.requires_digital_id}
            for t in catalogue_once(CATALOG).types.values()
        ]
        return await self.receive(request) or JSONResponse({"types": listed})

    async def _prove(self, request: Request) -> Response:
        proofing = {"proofing_id": "proofing-1", "level": "high"}
        return await self.receive(request) or JSONResponse(proofing, 201)

    async def _offer(self, request: Request) -> Response:
        refused = await self.receive(request)
        if refused is None:
            self.made += 1
        return refused or self._new_offer()

    async def _tell(self, request: Request) -> Response:
        issued = [
            {"credential_configuration_id": name, "count": 1, "event": event}
            for name, event in self.events.items()
        ]
        told = {"state": self.state, "issued": issued}
        return await self.receive(request) or JSONResponse(told)

    async def _renew(self, request: Request) -> Response:
        refused = await self.receive(request)
        if refused is not None:
            return refused
        self.renewed += 1
        answer = self._new_offer(f"-{self.renewed}")
        await asyncio.sleep(0)  # another request may come in between
        return answer

    def _new_offer(self, again: str = "") -> Response:
        self.state = "offered"
        offer = {
            "offer_id": f"offer-{self.made}",
            "offer_uri": f"openid-credential-offer://?credential_offer=secret-{self.made}{again}",
            "tx_code": TX_CODE,
            "expires_at": self.clock.now() + 900,
        }
        return JSONResponse(offer, 201)


@dataclass
class VerifierTwin(OfficeTwin):
    """The verifier's API for the counter."""

    state: str = "open"
    failures: list[str] = field(default_factory=list)
    status_as_of: int | None = None

    def app(self) -> Starlette:
        base = "/{tenant}/verifier/api/presentations"
        return Starlette(
            routes=[
                Route(base, self._ask, methods=["POST"]),
                Route(f"{base}/{{presentation}}", self._tell),
            ]
        )

    async def _ask(self, request: Request) -> Response:
        self.state = "open"
        opened = {
            "presentation_id": "presentation-1",
            "request_uri": "haip-vp://?client_id=x509_hash%3Aabc&request_uri=secret",
            "expires_at": self.clock.now() + 600,
        }
        return await self.receive(request) or JSONResponse(opened, 201)

    async def _tell(self, request: Request) -> Response:
        result = RESULT if self.state == "answered" else None
        told = {
            "state": self.state,
            "failures": self.failures,
            "result": result,
            "status_as_of": self.status_as_of,
        }
        return await self.receive(request) or JSONResponse(told)


class Clerk:
    """A clerk and a browser."""

    def __init__(self, app: FastAPI, tenant: str) -> None:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=ORIGINS["counter"])
        self.browser = Browser(self.http)
        self.base = f"{ORIGINS['counter']}/{tenant}/counter"

    def open(self, path: str) -> Page:
        return run(self.browser.open(path if path.startswith("http") else self.base + path))

    def send(self, page: Page, ending: str, **values: str | list[str]) -> Page:
        return run(self.browser.send(page, ending, **values))

    def get(self, path: str, **more: Any) -> httpx.Response:
        return run(self.http.get(path if path.startswith("http") else self.base + path, **more))

    def post(self, page: Page, ending: str, lang: str = "ko", **values: Any) -> httpx.Response:
        """Send a form and return the answer as it came, refusals too."""
        form = page.form(ending)
        headers = {"accept-language": lang}
        return run(self.http.post(form.action, data={**form.fields, **values}, headers=headers))

    def sign_in(self, name: str) -> None:
        self.send(self.open("/sign-in"), "/sign-in", name=name, passphrase=PASSPHRASE)

    def identity_offered(self) -> Page:
        """Open a case and prove identity."""
        return self.send(self.send(self.open("/"), "/cases"), "/identity", **DOCUMENT)


@dataclass
class World:
    """The counter and everybody around it."""

    settings: Settings
    deps: Deps
    app: FastAPI
    clock: FixedClock
    issuer: IssuerTwin
    verifier: VerifierTwin

    def clerk(self, tenant: str = TENANT, *roles: Role) -> Clerk:
        """Return a signed-in clerk, or somebody with other roles."""
        staff = Staff(self.deps.database, self.deps.ids, self.settings)
        name = "-".join([*roles]) or "clerk"
        staff.add(tenant, name, PASSPHRASE, roles or (Role.CLERK,), now=self.clock.now())
        clerk = Clerk(self.app, tenant)
        clerk.sign_in(name)
        return clerk

    def journal(self, tenant: str = TENANT) -> list[str]:
        with self.deps.database.reading() as session:
            return [entry.code for entry in journal.entries(session, tenant)]

    def dump(self) -> str:
        """Return everything that the counter's database holds, as text."""
        with self.deps.database.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            return "\n".join(driver.iterdump())

    def close(self) -> None:
        self.deps.database.close()


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return asyncio.run(work)


def open_world(database: Database | None = None, **settings: Any) -> World:
    """Return a counter for two municipalities."""
    catalogue, clock = catalogue_once(CATALOG), FixedClock(NOW)
    addresses = Addresses(catalogue.tenants, ORIGINS)
    signers = {tenant: generate_p256("counter") for tenant in catalogue.tenants.ids()}
    keys = ServiceKeysTwin(
        {addresses.identifier(t, "counter"): s.public_key for t, s in signers.items()}
    )
    issuer = IssuerTwin("issuer", addresses, keys, clock)
    verifier = VerifierTwin("verifier", addresses, keys, clock)
    apps = {ORIGINS["issuer"]: issuer.app(), ORIGINS["verifier"]: verifier.app()}
    deps = Deps(
        clock=clock,
        ids=SeededIds("counter"),
        database=database or Database(),
        catalogue=catalogue,
        addresses=addresses,
        http=HttpxClient(apps=apps),
        signers={str(tenant): signer for tenant, signer in signers.items()},
        service_keys=ServiceKeysTwin({}),
        texts=texts_once(CATALOG / "texts"),
    )
    configured = Settings(**settings)
    return World(configured, deps, build(configured, deps), clock, issuer, verifier)


def unreachable(world: World) -> World:
    """Return the same counter with nobody behind it."""
    deps = replace(world.deps, http=HttpxClient(apps={"http://": _silence}))
    return replace(world, deps=deps, app=build(world.settings, deps))


async def _silence(_scope: Any, _receive: Any, _send: Any) -> None:
    raise httpx.ConnectError("nobody answers")
