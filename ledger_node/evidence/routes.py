"""The public half over HTTP: `GET <log>/evidence/{index}`."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Response

from ledger_node.evidence.usecases import AnchoredLog, EvidenceOffice
from madang.access.marks import public
from madang.core.merkle.entry import MAX_NUMBER
from madang.infra.web.marks import Form
from madang.infra.web.openapi import Content, describe

Number = Annotated[int, Path(ge=0, le=MAX_NUMBER)]
MEDIA_TYPE: Final = "application/cbor"
NOT_LONG: Final = {"cache-control": "no-cache"}
"""A later answer has a larger tree and a newer block; an earlier one stays good."""


def evidence_router(office: EvidenceOffice, logs: Mapping[str, AnchoredLog]) -> APIRouter:
    """Return the route.

    Args:
        office: makes the public halves.
        logs: the logs, by tenant.
    """
    router = APIRouter(prefix="/{tenant}/log")

    @router.get("/evidence/{index}")
    @public("the proof of an entry is for everybody, and says nothing of the thing", Form.PROBLEM)
    @describe(gives={200: Content(MEDIA_TYPE)})
    async def evidence(tenant: str, index: Number) -> Any:  # noqa: ANN401 - FastAPI's response
        found = await office.evidence(logs[tenant], index)
        return Response(found.encode(), media_type=MEDIA_TYPE, headers=NOT_LONG)

    return router
