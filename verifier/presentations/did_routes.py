"""The municipality's did:web, for requests that name it (OpenID4VP 1.0 section 5.9.3)."""

from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from madang.access.marks import public
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, describe
from verifier.presentations.clients import Clients

_HEADERS: Final = {"access-control-allow-origin": "*", "cache-control": "public, max-age=300"}


def did_router(clients: Clients) -> APIRouter:
    """Return the route of the document, which stands below the identifier."""
    router = APIRouter(prefix="/{tenant}/verifier")

    @router.get("/did.json")
    @public("everybody may read the key that requests are signed with", Form.PROBLEM)
    @describe(gives={200: OBJECT})
    async def document(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return JSONResponse(clients.did_document(tenant), headers=_HEADERS)

    return router
