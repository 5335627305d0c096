"""An administrator's calls about clients (metadata by the names of RFC 7591)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from madang.access.authorization.errors import ClientRefused
from madang.access.authorization.server import AuthorizationServer
from madang.access.authorization.store import Clients, revoke
from madang.access.marks import service
from madang.core.encoding import strict_json
from madang.core.protocol.oauth.registration import ClientRegistration
from madang.infra import journal
from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import OBJECT, describe

Administrator = Callable[[Request, str], str]
"""Returns the pseudonym of the administrator on whose behalf a service calls, or refuses."""


@dataclass(frozen=True, slots=True)
class _Calls:
    server: AuthorizationServer

    def keep(self, tenant: str, body: bytes, actor: str, named: str | None) -> ClientRegistration:
        book = self.server.book
        client = book.parse(body)
        if named is not None and client.client_id != named:
            raise ClientRefused("client_id is not the one in the address")
        book.check_changeable(tenant, client.client_id)
        with self.server.ground.database.transaction() as session:
            clients = Clients(session)
            known = clients.get(tenant, client.client_id) is not None
            if known != (named is not None):
                raise _unknown() if named else _taken()
            clients.put(tenant, client.client_id, strict_json.dumps(client.to_json()))
            code = "client.entered" if named is None else "client.changed"
            journal.record(session, tenant, code, at=self.server.ground.clock.now(), actor=actor)
        return client

    def forget(self, tenant: str, client_id: str, actor: str) -> None:
        self.server.book.check_changeable(tenant, client_id)
        with self.server.ground.database.transaction() as session:
            clients, now = Clients(session), self.server.ground.clock.now()
            if clients.get(tenant, client_id) is None:
                raise _unknown()
            clients.delete(tenant, client_id)
            revoke(session, tenant, client_id=client_id)
            journal.record(session, tenant, "client.removed", at=now, actor=actor)

    def told(self, tenant: str, client_id: str) -> dict[str, Any]:
        client = self.server.book.find(tenant, client_id)
        if client is None:
            raise _unknown()
        return client.to_json()


def router(server: AuthorizationServer, administrator: Administrator) -> APIRouter:
    """Return the routes.

    Args:
        server: whose clients they are.
        administrator: tells who calls.
    """
    routes = APIRouter(prefix=f"/{{tenant}}/{server.ground.service}/api/clients")
    calls = _Calls(server)

    @routes.get("")
    @service("administrator")
    @describe(gives={200: OBJECT})
    async def every(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        administrator(request, tenant)
        told = [client.to_json() for client in server.book.all(tenant)]
        return JSONResponse({"clients": told}, headers=NO_STORE)

    @routes.post("")
    @service("administrator")
    @describe(ClientRegistration, gives={201: ClientRegistration})
    async def enter(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        actor = administrator(request, tenant)
        client = calls.keep(tenant, await request.body(), actor, None)
        return JSONResponse(client.to_json(), 201, NO_STORE)

    @routes.get("/{client_id}")
    @service("administrator")
    @describe(gives={200: ClientRegistration})
    async def one(request: Request, tenant: str, client_id: str) -> Any:  # noqa: ANN401 - FastAPI's
        administrator(request, tenant)
        return JSONResponse(calls.told(tenant, client_id), headers=NO_STORE)

    @routes.put("/{client_id}")
    @service("administrator")
    @describe(ClientRegistration, gives={200: ClientRegistration})
    async def change(request: Request, tenant: str, client_id: str) -> Any:  # noqa: ANN401 - as above
        actor = administrator(request, tenant)
        client = calls.keep(tenant, await request.body(), actor, client_id)
        return JSONResponse(client.to_json(), headers=NO_STORE)

    @routes.delete("/{client_id}")
    @service("administrator")
    @describe(gives={204: None})
    async def remove(request: Request, tenant: str, client_id: str) -> Any:  # noqa: ANN401 - as above
        calls.forget(tenant, client_id, administrator(request, tenant))
        return Response(status_code=204, headers=NO_STORE)

    return routes


def _unknown() -> ClientRefused:
    return ClientRefused("no such client is registered here", "client_unknown", 404)


def _taken() -> ClientRefused:
    return ClientRefused("a client of this client_id is registered already", "client_known", 409)
