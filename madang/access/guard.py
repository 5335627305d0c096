"""The door of every service: closed unless the route's mark opens it for this caller."""

import hmac
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from fastapi import HTTPException, Request
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from madang.access.authorization.model import browser_cookie
from madang.access.errors import (
    Closed,
    ForeignTenant,
    ForgedForm,
    SignInNeeded,
    WrongRole,
)
from madang.access.service_token import Call, ServiceKeys, ServiceTokenError, UsedTokens, verify
from madang.access.staff import Actor, Staff
from madang.access.used_tokens import SharedTokens
from madang.infra.clock import Clock
from madang.infra.tenancy import Addresses, Tenants
from madang.infra.web.limits import ALLOWANCE
from madang.infra.web.marks import Access, Caller, access_of

CSRF_FIELD: Final = "csrf"
MAX_FILES: Final = 2
CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Visiting(Protocol):
    """A resident's log-in, as far as the door looks at it."""

    @property
    def csrf(self) -> str:
        """Return the token that its forms carry."""
        ...


class Residents(Protocol):
    """Knows the log-ins of residents."""

    def see(self, tenant: str, authorization: str, browser: str) -> Visiting:
        """Return the log-in for a request that waits, if this is the browser that brought it.

        Raises:
            AuthorizationRefused: it is not, or nothing waits.
        """
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets a request through or raises why not.

    Attributes:
        service: name of the service, as in its path.
        tenants: the municipalities.
        addresses: identifiers, the audience of service tokens.
        clock: tells the time.
        staff: accounts and sessions; None for a service without pages for staff.
        keys: public keys of the services that may call.
        residents: their log-ins; None for a service without pages for them.
        used: tokens of services that were used already, in this process.
        shared: the same in all processes, for calls that change something; None where that does
            not pay.
    """

    service: str
    tenants: Tenants
    addresses: Addresses
    clock: Clock
    staff: Staff | None
    keys: ServiceKeys
    residents: Residents | None = None
    used: UsedTokens = field(default_factory=UsedTokens)
    shared: SharedTokens | None = None

    async def __call__(self, request: Request) -> None:
        """Check one request.

        Raises:
            AccessError, ServiceTokenError, AuthorizationRefused, UnknownTenant: why it is not let
                through.
        """
        access = access_of(request.scope.get("endpoint"))
        if access is None:
            raise Closed
        tenant = request.path_params.get("tenant")
        if tenant is not None:
            self.tenants.get(tenant)
        if access.caller is Caller.STAFF:
            await self._staff(request, access, str(tenant))
        elif access.caller is Caller.RESIDENT:
            await self._resident(request, str(tenant))
        elif access.caller is Caller.SERVICE:
            await self._service(request, access, str(tenant))

    async def _staff(self, request: Request, access: Access, tenant: str) -> None:
        actor = self._signed_in(request, tenant)
        if actor.tenant != tenant:
            raise ForeignTenant
        if not access.names & actor.roles:
            raise WrongRole
        if request.method in CHANGING:
            form = await _form(request, access.upload_bytes)
            _check_form(form, actor.csrf)
            request.state.form = form
        request.state.actor = actor
        request.state.csrf = actor.csrf

    def _signed_in(self, request: Request, tenant: str) -> Actor:
        sign_in = f"/{tenant}/{self.service}/sign-in"
        token = request.cookies.get(cookie_name(self.service))
        if self.staff is None or token is None:
            raise SignInNeeded(sign_in)
        actor = self.staff.actor(token, now=self.clock.now())
        if actor is None:
            raise SignInNeeded(sign_in)
        return actor

    async def _resident(self, request: Request, tenant: str) -> None:
        if self.residents is None:
            raise Closed
        authorization = str(request.path_params.get("authorization", ""))
        cookie = browser_cookie(self.addresses.identifier(tenant, self.service))
        visit = self.residents.see(tenant, authorization, request.cookies.get(cookie, ""))
        if request.method in CHANGING:
            form = await _form(request, 0)
            _check_form(form, visit.csrf)
            request.state.form = form
        request.state.visit = visit
        request.state.csrf = visit.csrf

    async def _service(self, request: Request, access: Access, tenant: str) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ServiceTokenError("token_missing")
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        call = Call(
            audience=self.addresses.identifier(tenant, self.service),
            method=request.method,
            path=f"{path}?{query}" if query else path,
            body=await request.body(),
        )
        identity = verify(token, call, self.keys, now=self.clock.now())
        self.used.use(identity, now=self.clock.now())
        if self.shared is not None and request.method in CHANGING:
            self.shared.use(identity, now=self.clock.now())
        if identity.issuer.rsplit("/", 2)[-2:-1] != [tenant]:
            raise ForeignTenant
        if access.names and not access.names & identity.roles:
            raise WrongRole
        request.state.actor = identity


async def _form(request: Request, upload_bytes: int) -> dict[str, str | bytes]:
    """Read a form; files in it are bytes in memory, gone with the request."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not upload_bytes or kind != "multipart/form-data":
        return await _read(await request.form(max_files=0))
    getattr(request.state, ALLOWANCE).most = upload_bytes
    parser = _InMemory(
        request.headers, request.stream(), max_files=MAX_FILES, max_part_size=upload_bytes
    )
    try:
        return await _read(await parser.parse())
    except MultiPartException as error:
        raise HTTPException(400) from error


async def _read(form: FormData) -> dict[str, str | bytes]:
    read = {k: v if isinstance(v, str) else await v.read() for k, v in form.items()}
    await form.close()
    return read


class _InMemory(MultiPartParser):
    spool_max_size = sys.maxsize  # the body as a whole is bounded


def _check_form(form: Mapping[str, str | bytes], csrf: str) -> None:
    """Refuse a change that did not come from a page of this session."""
    sent = form.get(CSRF_FIELD)
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), csrf.encode()):
        raise ForgedForm


def cookie_name(service: str) -> str:
    """Return the name of a service's session cookie; ports share a browser's cookies."""
    return f"madang_{service}"
