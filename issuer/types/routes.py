"""Type metadata for wallets and verifiers, and the list of types for the counter."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from issuer.office import Office
from issuer.types.model import NoSuchType
from madang.access.marks import public, service
from madang.core.catalog import metadata
from madang.core.catalog.certificate_type import TypeId
from madang.infra.web.errors import NO_STORE
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, describe


def router(office: Office) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/{tenant}/issuer")
    headers = {"cache-control": f"public, max-age={office.settings.document_seconds}"}

    @routes.get("/vct/{type_id}/{version}")
    @public("what a certificate type is called and holds", Form.PROBLEM)
    @describe(gives={200: OBJECT})
    async def type_metadata(tenant: str, type_id: str, version: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = office.catalogue.types.get(TypeId(type_id))
        leads = tenant == office.catalogue.federation.lead
        if found is None or not leads or version != str(found.version):
            raise NoSuchType
        document = metadata.encode(found, office.vct(found.id))
        return Response(document, media_type="application/json", headers=headers)

    @routes.get("/api/types")
    @service("clerk")
    @describe(gives={200: OBJECT})
    async def types(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        office.clerk(request, tenant)
        listed = [
            {
                "id": each.id,
                "names": dict(each.names),
                "requires_digital_id": each.requires_digital_id,
            }
            for each in office.types(tenant).values()
        ]
        return JSONResponse({"types": listed}, headers=NO_STORE)

    return routes
