"""The well-known documents, each at its address inserted before the identifier's path.

The DID document alone stands below the identifier, where did:web has it.
"""

from functools import cache, lru_cache, partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from issuer.issuance.documents import Documents
from issuer.key_steps import TurningKeys
from issuer.office import Office
from madang.access.marks import public
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.metadata import IssuerMetadata
from madang.core.protocol.oid4vci.names import JSON_MEDIA_TYPE, JWT_MEDIA_TYPE
from madang.core.protocol.oid4vci.signed_metadata import sign_metadata
from madang.core.protocol.urls import WellKnown
from madang.infra.key_ring import ISSUER, TURNING
from madang.infra.web.marks import Form
from madang.infra.web.negotiation import preferred
from madang.infra.web.openapi import OBJECT, Content, describe

DID_MEDIA_TYPE = "application/did+ld+json"
SIGNED_KEPT: Final = 64
_REASON = "wallets and verifiers find their way by it"


def router(office: Office, keys: TurningKeys, documents: Documents) -> APIRouter:
    """Return the routes; what does not change with the keys is made once."""
    routes = APIRouter()
    seconds = office.settings.document_seconds
    headers = {"cache-control": f"public, max-age={seconds}"}

    def answer(content: bytes, media_type: str = JSON_MEDIA_TYPE) -> Response:
        return Response(content, media_type=media_type, headers=headers)

    published = partial(_published, office, keys)

    @routes.get(f"/.well-known/{WellKnown.JWT_VC_ISSUER}/{{tenant}}/issuer")
    @public(_REASON, Form.PROBLEM)
    @describe(gives={200: OBJECT})
    async def issuer_keys(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = documents.issuer_keys(tenant, published(tenant, *TURNING))
        return answer(strict_json.dumps(found).encode())

    @routes.get("/{tenant}/issuer/did.json")
    @public(_REASON, Form.PROBLEM)
    @describe(gives={200: Content(DID_MEDIA_TYPE, {"type": "object"})})
    async def did_document(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = documents.did_document(tenant, published(tenant, ISSUER))
        return answer(strict_json.dumps(found).encode(), DID_MEDIA_TYPE)

    return routes


def metadata_router(office: Office, keys: TurningKeys, documents: Documents) -> APIRouter:
    """Return the route of the credential issuer metadata, unsigned or signed by `Accept`."""
    routes = APIRouter()
    seconds = office.settings.document_seconds
    headers = {"cache-control": f"public, max-age={seconds}", "vary": "accept"}

    @cache
    def plain(tenant: str) -> bytes:
        return strict_json.dumps(documents.issuer_metadata(tenant)).encode()

    @lru_cache(maxsize=SIGNED_KEPT)
    def signed(tenant: str, since: int) -> bytes:
        """Return metadata as signed in one span of time: readers cannot have it signed anew."""
        signer, until = keys.signer(tenant, ISSUER, now=office.clock.now()), since + 2 * seconds
        told = documents.issuer_metadata(tenant)
        return sign_metadata(told, signer, issued_at=since, expires_at=until).encode()

    @routes.get(f"/.well-known/{WellKnown.CREDENTIAL_ISSUER}/{{tenant}}/issuer")
    @public(_REASON, Form.PROBLEM)
    @describe(gives={200: (IssuerMetadata, Content(JWT_MEDIA_TYPE))})
    async def issuer_metadata(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's
        kind = preferred(request.headers.get("accept"), (JSON_MEDIA_TYPE, JWT_MEDIA_TYPE))
        if kind != JWT_MEDIA_TYPE:
            return Response(plain(tenant), media_type=JSON_MEDIA_TYPE, headers=headers)
        now = office.clock.now()
        content = signed(tenant, now - now % seconds)
        return Response(content, media_type=JWT_MEDIA_TYPE, headers=headers)

    return routes


def _published(office: Office, keys: TurningKeys, tenant: str, *purposes: str) -> list[Signer]:
    now = office.clock.now()
    return [key for each in purposes for key in keys.published(tenant, each, now=now)]
