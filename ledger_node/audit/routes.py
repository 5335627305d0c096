"""Pages for auditors: heads and their transactions, an entry and its way to the root."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from ledger_node.audit.usecases import AuditedLog, Wanted, search
from ledger_node.publisher.usecases import Publisher
from madang.access.marks import staff
from madang.access.staff import Role
from madang.infra.web.pages import Pages

HEADS_SHOWN = 50


def audit_router(
    publishers: Mapping[str, Publisher], logs: Mapping[str, AuditedLog], pages: Pages
) -> APIRouter:
    """Return the auditor's pages.

    Args:
        publishers: the one writer of each log, by tenant.
        logs: the durable state of each log, by tenant.
        pages: renders them.
    """
    router = APIRouter(prefix="/{tenant}/log")

    @router.get("/")
    @staff(Role.AUDITOR)
    async def overview(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        with logs[tenant]() as state:
            heads = state.heads(HEADS_SHOWN)
        origin, held = publishers[tenant].origin, bool(publishers[tenant].damage)
        return pages.render(request, "overview.html", heads=heads, origin=origin, held=held)

    @router.get("/entries")
    @staff(Role.AUDITOR)
    async def entry(
        request: Request, tenant: str, index: str = "", digest: str = "", salt: str = ""
    ) -> Any:  # noqa: ANN401 - FastAPI's response
        found = search(publishers[tenant], logs[tenant], Wanted(index, digest, salt))
        status = 200 if found else 404
        return pages.render(request, "entry.html", status=status, found=found)

    return router
