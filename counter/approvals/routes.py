"""Pages on which a clerk approves certificates, or refuses them."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from counter.approvals.model import ApprovalOffice
from counter.cases.offices import Clerk
from counter.cases.usecases import Books
from counter.settings import Settings
from madang.access.marks import staff
from madang.access.staff import Actor, Role
from madang.infra.web.pages import Pages
from madang.infra.web.times import day_and_minute


def router(
    office: ApprovalOffice,
    books: Books,
    pages: Pages,
    settings: Settings,
    names: Mapping[str, Mapping[str, str]],
) -> APIRouter:
    """Return the routes.

    Args:
        office: the issuer.
        books: the cases, of which one may have led to what is asked for.
        pages: renders.
        settings: the office's clock.
        names: of certificate types, by language.
    """
    routes = APIRouter(prefix="/{tenant}/counter/approvals")

    @routes.get("")
    @staff(Role.CLERK)
    async def waiting(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        clerk = _clerk(request)
        found = await office.waiting(clerk)
        offset = settings.utc_offset_hours
        times = [day_and_minute(each.asked_at, utc_offset_hours=offset) for each in found]
        with books(clerk) as book:
            cases = [book.of_offer(each.offer) for each in found]
        rows = [*zip(found, times, cases, strict=True)]
        return pages.render(request, "approvals.html", rows=rows, names=names)

    @routes.post("/{approval}/approve")
    @staff(Role.CLERK)
    async def approve(request: Request, tenant: str, approval: str) -> Any:  # noqa: ANN401 - FastAPI's
        await office.decide(_clerk(request), approval, approved=True)
        return RedirectResponse(f"/{tenant}/counter/approvals", 303)

    @routes.post("/{approval}/refuse")
    @staff(Role.CLERK)
    async def refuse(request: Request, tenant: str, approval: str) -> Any:  # noqa: ANN401 - FastAPI's
        await office.decide(_clerk(request), approval, approved=False)
        return RedirectResponse(f"/{tenant}/counter/approvals", 303)

    return routes


def _clerk(request: Request) -> Clerk:
    actor: Actor = request.state.actor
    return Clerk(actor.tenant, actor.pseudonym, actor.roles)
