"""Walks all routes of a service and tells which door is not as its mark says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from madang.access.guard import CHANGING, cookie_name
from madang.access.staff import Role, Staff
from madang.infra.web.marks import Access, Caller, Form, access_of

UNKNOWN_TENANT: Final = "nowhere"
_PLACE = re.compile(r"\{[^}]+\}")
_PASSPHRASE: Final = "walks through all doors"  # noqa: S105 - of accounts made for the walk only
_NOBODY: Final = {"accept": "text/html"}


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """One route and its mark.

    Attributes:
        method: HTTP method.
        path: with its places in braces.
        access: the mark; None where there is none.
    """

    method: str
    path: str
    access: Access | None

    def address(self, tenant: str) -> str:
        """Return an address of this route in a municipality."""
        return _PLACE.sub("x", self.path.replace("{tenant}", tenant))


@dataclass(frozen=True, slots=True)
class Finding:
    """A door that is not as its mark says.

    Attributes:
        visitor: who came.
        expected: the status that should have been answered; 0 for a mistake of the mark.
    """

    route: RouteAccess
    visitor: str
    expected: int
    got: int


@dataclass(frozen=True, slots=True)
class House:
    """The service to walk through.

    Attributes:
        app: the application.
        service: name of the service.
        tenant: a municipality.
        foreign: another one.
        staff: its accounts, None for a service without pages for staff; accounts are added.
        now: epoch seconds, as the application's clock says.
    """

    app: FastAPI
    service: str
    tenant: str
    foreign: str
    staff: Staff | None
    now: int

    def session(self, tenant: str, *roles: str) -> dict[str, str]:
        """Return the headers of somebody who is signed in with these roles."""
        if self.staff is None:
            return _NOBODY
        name = "-".join(("review", *sorted(roles)))
        self.staff.add(tenant, name, _PASSPHRASE, [Role(role) for role in roles], now=self.now)
        token = self.staff.sign_in(tenant, name, _PASSPHRASE, now=self.now)
        return {**_NOBODY, "cookie": f"{cookie_name(self.service)}={token}"}


@dataclass(frozen=True, slots=True)
class _Visit:
    visitor: str
    tenant: str
    headers: dict[str, str]
    expected: int


def describe_routes(app: FastAPI) -> tuple[RouteAccess, ...]:
    """Return every route of an application; one without methods has the method "*"."""
    return tuple(
        RouteAccess(method, route.path or "", access_of(route.endpoint))
        for route in iter_route_contexts(app.routes)
        for method in sorted(route.methods or {"*"})
    )


async def review(house: House) -> tuple[Finding, ...]:
    """Visit every route as somebody who must not come in; an empty answer is a good one.

    Nobody, somebody with no role, somebody of another municipality, a form without its token, a
    browser that began nothing, a call without a service token, and a municipality that does not
    exist.
    """
    transport = httpx.ASGITransport(app=house.app, raise_app_exceptions=False)
    findings: list[Finding] = []
    async with httpx.AsyncClient(transport=transport, base_url="http://review") as client:
        for route in describe_routes(house.app):
            if not _well_marked(route):
                findings.append(Finding(route, "reader of marks", 0, 0))
                continue
            for visit in _visits(house, route):
                address = route.address(visit.tenant)
                answer = await client.request(route.method, address, headers=visit.headers)
                if answer.status_code != visit.expected:
                    findings.append(
                        Finding(route, visit.visitor, visit.expected, answer.status_code)
                    )
    return tuple(findings)


def _well_marked(route: RouteAccess) -> bool:
    """Tell whether there is a mark, with a reason where the door is open."""
    access = route.access
    if access is None:
        return False
    if access.caller is Caller.STAFF:
        return bool(access.names) and "{tenant}" in route.path
    if access.caller is Caller.SERVICE:
        return "{tenant}" in route.path
    if access.caller is Caller.RESIDENT:
        return "{tenant}" in route.path and "{authorization}" in route.path
    return bool(access.reason)


def _visits(house: House, route: RouteAccess) -> Iterator[_Visit]:
    access = route.access
    if "{tenant}" in route.path:
        yield _Visit("anybody, in no municipality", UNKNOWN_TENANT, _NOBODY, 404)
    if access is None or access.caller in {Caller.ANYBODY, Caller.PROTOCOL}:
        return
    if access.caller is Caller.RESIDENT:
        yield _Visit("a browser that began nothing", house.tenant, _NOBODY, 404)
        return
    if access.caller is Caller.SERVICE:
        yield _Visit("a call without a token", house.tenant, _NOBODY, 401)
        return
    to_sign_in = 303 if access.form is Form.PAGE else 401
    yield _Visit("nobody", house.tenant, _NOBODY, to_sign_in)
    yield _Visit("staff without a role", house.tenant, house.session(house.tenant), 403)
    foreign = house.session(house.foreign, *access.names)
    yield _Visit("staff of another municipality", house.tenant, foreign, 404)
    if route.method in CHANGING:
        own = house.session(house.tenant, *access.names)
        yield _Visit("a form without its token", house.tenant, own, 403)
