"""The well-known documents, each at its address inserted before the identifier's path."""

from functools import cache
from typing import Any

from fastapi import APIRouter, Response

from issuer.issuance.documents import Documents
from issuer.key_steps import TurningKeys
from issuer.office import Office
from madang.access.marks import public
from madang.core.encoding import strict_json
from madang.core.protocol.urls import WellKnown
from madang.infra.key_ring import TURNING
from madang.infra.web.marks import Form

_REASON = "wallets and verifiers find their way by it"


def router(office: Office, keys: TurningKeys) -> APIRouter:
    """Return the routes; what does not change with the keys is made once."""
    routes = APIRouter(prefix="/.well-known")
    documents = Documents(office)
    headers = {"cache-control": f"public, max-age={office.settings.document_seconds}"}

    @cache
    def made(name: WellKnown, tenant: str) -> bytes:
        if name is WellKnown.CREDENTIAL_ISSUER:
            value = documents.issuer_metadata(tenant)
        else:
            value = documents.server_metadata(tenant)
        return strict_json.dumps(value).encode()

    def answer(content: bytes) -> Response:
        return Response(content, media_type="application/json", headers=headers)

    @routes.get(f"/{WellKnown.CREDENTIAL_ISSUER}/{{tenant}}/issuer")
    @public(_REASON, Form.PROBLEM)
    async def issuer_metadata(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return answer(made(WellKnown.CREDENTIAL_ISSUER, tenant))

    @routes.get(f"/{WellKnown.AUTHORIZATION_SERVER}/{{tenant}}/issuer")
    @public(_REASON, Form.PROBLEM)
    async def server_metadata(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return answer(made(WellKnown.AUTHORIZATION_SERVER, tenant))

    @routes.get(f"/{WellKnown.JWT_VC_ISSUER}/{{tenant}}/issuer")
    @public(_REASON, Form.PROBLEM)
    async def issuer_keys(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        now = office.clock.now()
        found = [key for each in TURNING for key in keys.published(tenant, each, now=now)]
        return answer(strict_json.dumps(documents.issuer_keys(tenant, found)).encode())

    return routes
