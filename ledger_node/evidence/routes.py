"""The public half over HTTP: `GET <log>/evidence/{index}`."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Response

from ledger_node.evidence.usecases import AnchoredLog, EvidenceOffice
from madang.access.marks import public
from madang.infra.web.marks import Form

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
    async def evidence(tenant: str, index: int) -> Any:  # noqa: ANN401 - FastAPI's response
        found = await office.evidence(logs[tenant], index)
        return Response(found.encode(), media_type=MEDIA_TYPE, headers=NOT_LONG)

    return router
