"""The well-known documents, each at its address inserted before the identifier's path.

The DID document alone stands below the identifier, where did:web has it.
"""

from functools import cache, partial
from typing import Any

from fastapi import APIRouter, Response

from issuer.issuance.documents import Documents
from issuer.key_steps import TurningKeys
from issuer.office import Office
from madang.access.marks import public
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.protocol.urls import WellKnown
from madang.infra.key_ring import ISSUER, TURNING
from madang.infra.web.marks import Form

DID_MEDIA_TYPE = "application/did+ld+json"
_REASON = "wallets and verifiers find their way by it"


def router(office: Office, keys: TurningKeys) -> APIRouter:
    """Return the routes; what does not change with the keys is made once."""
    routes = APIRouter()
    documents = Documents(office)
    headers = {"cache-control": f"public, max-age={office.settings.document_seconds}"}

    @cache
    def made(tenant: str) -> bytes:
        return strict_json.dumps(documents.issuer_metadata(tenant)).encode()

    def answer(content: bytes, media_type: str = "application/json") -> Response:
        return Response(content, media_type=media_type, headers=headers)

    published = partial(_published, office, keys)

    @routes.get(f"/.well-known/{WellKnown.CREDENTIAL_ISSUER}/{{tenant}}/issuer")
    @public(_REASON, Form.PROBLEM)
    async def issuer_metadata(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return answer(made(tenant))

    @routes.get(f"/.well-known/{WellKnown.JWT_VC_ISSUER}/{{tenant}}/issuer")
    @public(_REASON, Form.PROBLEM)
    async def issuer_keys(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = documents.issuer_keys(tenant, published(tenant, *TURNING))
        return answer(strict_json.dumps(found).encode())

    @routes.get("/{tenant}/issuer/did.json")
    @public(_REASON, Form.PROBLEM)
    async def did_document(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = documents.did_document(tenant, published(tenant, ISSUER))
        return answer(strict_json.dumps(found).encode(), DID_MEDIA_TYPE)

    return routes


def _published(office: Office, keys: TurningKeys, tenant: str, *purposes: str) -> list[Signer]:
    now = office.clock.now()
    return [key for each in purposes for key in keys.published(tenant, each, now=now)]
