"""The guide's pages, for everybody."""

from typing import Any, Final

from fastapi import APIRouter, Request

from madang.access.marks import public
from madang.infra.web.pages import Pages
from wallet_api.guide.usecases import Guides

_OPEN: Final = "what a municipality offers is for everybody to read"


def guide_router(guides: Guides, pages: Pages, page_seconds: int) -> APIRouter:
    """Return the routes.

    Args:
        guides: the use cases.
        pages: renders.
        page_seconds: how long a page may be kept, by the reader's own browser.
    """
    router = APIRouter(prefix="/{tenant}/wallet")
    headers = {
        "cache-control": f"private, max-age={page_seconds}",
        "vary": "cookie, accept-language",
    }

    @router.get("/")
    @public(_OPEN)
    async def overview(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        guide = guides.guide(tenant)
        return pages.render(request, "guide.html", headers=headers, guide=guide)

    @router.get("/certificates/{type_id}")
    @public(_OPEN)
    async def certificate(request: Request, tenant: str, type_id: str) -> Any:  # noqa: ANN401 - FastAPI's
        found = guides.certificate(tenant, type_id)
        return pages.render(request, "certificate.html", headers=headers, certificate=found)

    @router.get("/programmes/{programme}")
    @public(_OPEN)
    async def programme(request: Request, tenant: str, programme: str) -> Any:  # noqa: ANN401 - FastAPI's
        found = guides.programme(tenant, programme)
        return pages.render(request, "programme.html", headers=headers, programme=found)

    return router
