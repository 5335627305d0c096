"""Schemathesis calls every endpoint of every service by its own OpenAPI document.

The services are as they are built for a real run, over a state folder of their own; requests reach
them without a network. Calls that need it come in the name of staff, or of another service with a
token for exactly that request. No input makes a 500, and every answer is one that is described.
"""

import asyncio
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi import checks

from madang.access.guard import CSRF_FIELD, cookie_name
from madang.access.review import describe_routes
from madang.access.service_token import Call, make
from madang.access.staff import Role, Staff
from madang.infra.catalogue import load_catalogue
from madang.infra.clock import SystemClock
from madang.infra.settings import CommonSettings
from madang.infra.setup import keystore, prepare_state
from madang.infra.tenancy import SERVICES, Addresses
from madang.infra.web.marks import Caller, Form, access_of
from madang.infra.web.openapi import described

CATALOG = Path(__file__).resolve().parents[2] / "catalog"
PACKAGES = {"log": "ledger_node", "wallet": "wallet_api", "witness": "ledger_node.witness"}
TENANT, ORIGIN, SECRET = "hanbit", "https://id.hanbit.example", "for the documents"
EXAMPLES = 25
"""Of each operation: about a minute for all of them together."""
OTHERS = {"issuer": "counter", "verifier": "counter", "wallet": "counter", "log": "issuer"}
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@dataclass
class House:
    """One service, and whoever may call it."""

    name: str
    app: FastAPI
    staff: Staff | None
    signers: dict[str, Any]
    addresses: Addresses
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    session: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.document: dict[str, Any] = self.app_document()
        if self.staff is None:
            return
        now = SystemClock().now()
        self.staff.add(TENANT, "everybody", SECRET, list(Role), now=now)
        token = self.staff.sign_in(TENANT, "everybody", SECRET, now=now)
        actor = self.staff.actor(token, now=now)
        assert actor is not None
        self.session = {"cookie": f"{cookie_name(self.name)}={token}", "csrf": actor.csrf}

    def app_document(self) -> dict[str, Any]:
        answer = self.send(httpx.Request("GET", f"{ORIGIN}/openapi.json"))
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def send(self, request: httpx.Request) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.send(request)

        return self.loop.run_until_complete(sent())

    def authorized(self, case: schemathesis.Case) -> httpx.Request:
        """Return a case's request as somebody sends it who may."""
        security = case.operation.definition.raw.get("security", [])
        kinds = {name for each in security for name in each}
        if "session" in kinds and isinstance(case.body, dict):
            case.body = {**case.body, CSRF_FIELD: self.session["csrf"]}
        sent = case.as_transport_kwargs(base_url=ORIGIN)
        headers = {str(k): str(v) for k, v in (sent.pop("headers", None) or {}).items()}
        request = _request(sent, headers)
        if "session" in kinds:
            request.headers["cookie"] = self.session["cookie"]
        if "service" in kinds:
            request.headers["authorization"] = f"Bearer {self.token(request)}"
        return request

    def token(self, request: httpx.Request) -> str:
        caller = OTHERS[self.name]
        parts = urlsplit(str(request.url))
        query = f"?{parts.query}" if parts.query else ""
        return make(
            self.signers[caller],
            Call(
                self.addresses.identifier(TENANT, self.name),
                request.method,
                httpx.URL(str(request.url)).path + query,
                request.content,
            ),
            issuer=self.addresses.identifier(TENANT, caller),
            actor="pseudonym",
            roles=[role.value for role in Role],
            now=SystemClock().now(),
        )


def _request(sent: dict[str, Any], headers: dict[str, str]) -> httpx.Request:
    """Return what Schemathesis would have sent, made by httpx."""
    import requests  # noqa: PLC0415 - its own way to encode a body

    method, url = sent.pop("method"), sent.pop("url")
    known = {name: sent[name] for name in ("params", "data", "json", "files") if sent.get(name)}
    prepared = requests.Request(method, url, headers=headers, **known).prepare()
    body = prepared.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    return httpx.Request(method, str(prepared.url), headers=dict(prepared.headers), content=content)


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    values = {
        "state_dir": tmp_path_factory.mktemp("state"),
        "catalog_dir": CATALOG,
        "key_passphrase": SECRET,
    }
    catalogue = load_catalogue(CATALOG)
    addresses = Addresses(catalogue.tenants)
    prepare_state(CommonSettings.model_validate(values), catalogue, addresses, SystemClock())
    return values


@pytest.fixture(scope="module", params=SERVICES)
def house(request: pytest.FixtureRequest, common: dict[str, Any]) -> Iterator[House]:
    package = PACKAGES.get(request.param, request.param)
    module = importlib.import_module(f"{package}.app")
    chosen = importlib.import_module(f"{package}.settings").Settings.model_validate(common)
    deps = module.production(chosen)
    app = module.build(chosen, deps)
    marks = {access_of(getattr(route, "endpoint", None)) for route in app.routes}
    has_staff = any(mark is not None and mark.caller is Caller.STAFF for mark in marks)
    staff = Staff(deps.database, deps.ids, chosen) if has_staff else None
    keys = keystore(CommonSettings.model_validate(common))
    signers = {name: keys.signer(TENANT, f"service-{name}") for name in ("issuer", "counter")}
    addresses = Addresses(load_catalogue(CATALOG).tenants)
    made = House(request.param, app, staff, signers, addresses)
    yield made
    made.loop.close()


def test_every_route_is_in_the_document_and_nothing_else(house: House) -> None:
    written = {
        (path, method.upper()) for path, item in house.document["paths"].items() for method in item
    }
    routed = {
        (re.sub(r":\w+\}", "}", route.path), route.method) for route in describe_routes(house.app)
    }
    assert written == routed


def test_every_interface_says_what_it_reads_and_answers_with(house: House) -> None:
    silent = {
        (house.name, method.lower(), route.path_format)
        for route in house.app.routes
        for method in sorted(getattr(route, "methods", ()) or ())
        if described(route.endpoint) is None and not _is_page(route.endpoint)
    }
    assert silent == set()


def _is_page(endpoint: object) -> bool:
    access = access_of(endpoint)
    return access is not None and access.form is Form.PAGE


def test_no_input_makes_a_500_and_answers_are_as_described(house: House) -> None:
    load_all_checks()
    for operation in _operations(house):
        _call(house, operation)


def _operations(house: House) -> list[Any]:
    schema = schemathesis.openapi.from_dict(_of_one_municipality(house.document))
    return [found.ok() for found in schema.get_all_operations()]


def _of_one_municipality(document: dict[str, Any]) -> dict[str, Any]:
    """Let most calls be of a municipality that there is: others end at the door."""
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "tenant":
                    parameter["schema"] = {"type": "string", "enum": [TENANT]}
    return document


def _call(house: House, operation: Any) -> None:
    # What is sent is drawn anew in every run but with CI=true, as everywhere.
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy())
    def each(case: schemathesis.Case) -> None:
        request = house.authorized(case)
        answer = house.send(request)
        assert answer.status_code != 500, (request.method, str(request.url), request.content)
        case.validate_response(answer, checks=CHECKS)

    each()
