"""The counter's calls about issues that a clerk has to approve."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from sqlmodel import Session

from issuer.issuance.deferral import Deferral, Deferrals, decide
from issuer.office import Office
from issuer.types.model import configurations
from madang.access.marks import service
from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import OBJECT, describe


def router(office: Office, deferrals: Callable[[Session], Deferrals]) -> APIRouter:
    """Return the routes.

    Args:
        office: what all features share.
        deferrals: gives a transaction's deferrals.
    """
    routes = APIRouter(prefix="/{tenant}/issuer/api/deferrals")

    def told(tenant: str, found: Deferral) -> dict[str, object]:
        wanted = configurations(office.types(tenant)).get(found.configuration)
        names = {} if wanted is None else {"type": wanted.type.id, "format": wanted.format}
        return {
            "id": found.id,
            "offer_id": found.offer,
            "state": found.state.value,
            "asked_at": found.asked_at,
            **names,
        }

    def decided(request: Request, tenant: str, deferral: str, *, approved: bool) -> JSONResponse:
        clerk = office.clerk(request, tenant)
        with office.database.transaction() as session:
            work = office.work(session, tenant, clerk)
            found = decide(work, deferrals(session), deferral, approved=approved)
        return JSONResponse(told(tenant, found), headers=NO_STORE)

    @routes.get("")
    @service("clerk")
    @describe(gives={200: OBJECT})
    async def waiting(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        office.clerk(request, tenant)
        with office.database.reading() as session:
            found = deferrals(session).waiting(tenant, office.settings.deferrals_shown)
        return JSONResponse({"deferrals": [told(tenant, each) for each in found]}, 200, NO_STORE)

    @routes.post("/{deferral}/approve")
    @service("clerk")
    @describe(gives={200: OBJECT})
    async def approve(request: Request, tenant: str, deferral: str) -> Any:  # noqa: ANN401 - FastAPI's
        return decided(request, tenant, deferral, approved=True)

    @routes.post("/{deferral}/refuse")
    @service("clerk")
    @describe(gives={200: OBJECT})
    async def refuse(request: Request, tenant: str, deferral: str) -> Any:  # noqa: ANN401 - FastAPI's
        return decided(request, tenant, deferral, approved=False)

    return routes
