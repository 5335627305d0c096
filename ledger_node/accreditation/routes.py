"""The published snapshots over HTTP: always whole, so that no look-up tells what is looked for."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from ledger_node.accreditation.model import PublishedSnapshot
from ledger_node.accreditation.usecases import PATH, SnapshotStores
from madang.access.marks import public
from madang.core.envelope import second_signature
from madang.core.trust.snapshot import MEDIA_TYPE
from madang.infra.tenancy import UnknownTenant
from madang.infra.web.marks import Form
from madang.infra.web.openapi import Content, describe

_OPEN: Final = "who may issue and ask is for everybody to read"


def snapshot_router(stores: SnapshotStores, seconds: int) -> APIRouter:
    """Return the routes.

    Args:
        stores: what is published.
        seconds: how long others may keep it without asking again.
    """
    router = APIRouter(prefix="/{tenant}/log")
    kept = {"cache-control": f"public, max-age={seconds}"}

    @router.get(f"/{PATH}")
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: Content(MEDIA_TYPE), 304: None})
    async def accreditations(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = _newest(stores, tenant)
        headers = {**kept, "etag": f'"{found.version}-{found.block}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(found.compact, media_type=MEDIA_TYPE, headers=headers)

    @router.get(f"/{PATH}.second")
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: Content(second_signature.MEDIA_TYPE)})
    async def second(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = _newest(stores, tenant)
        return Response(found.second, media_type=second_signature.MEDIA_TYPE, headers=kept)

    return router


def _newest(stores: SnapshotStores, tenant: str) -> PublishedSnapshot:
    with stores() as store:
        found = store.newest(tenant)
    if found is None:
        raise UnknownTenant(tenant)
    return found
