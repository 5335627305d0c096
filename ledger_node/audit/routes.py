"""Pages for auditors, each also as JSON and as CSV; what takes a file is in `sending`."""

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from ledger_node.audit import entry_pages, head_pages
from ledger_node.audit.answers import FORMS, as_json
from ledger_node.audit.asking import QuestionError
from ledger_node.audit.desk import Desk, wanted_format
from madang.access.marks import public, staff
from madang.access.staff import Role
from madang.core.merkle.entry import MAX_NUMBER
from madang.infra.web.marks import Form
from madang.infra.web.openapi import Content, describe

_STATIC: Final = FilePath(__file__).parent / "static"
_REASON = "the pages' script, style sheet and sign, which tell nothing"
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="6" fill="#0b4f8a"/>'
    '<path d="M16 8v5M8 24v-5l8-6 8 6v5" fill="none" stroke="#fff" stroke-width="3"/></svg>'
)
Number = Annotated[int, Path(ge=0, le=MAX_NUMBER)]


def audit_router(desk: Desk) -> APIRouter:
    """Return the pages that an auditor reads."""
    router = APIRouter(prefix="/{tenant}/log")
    _files(router)
    pages: dict[str, Callable[[Desk, Request, str], Any]] = {
        "/": entry_pages.overview,
        "/search": entry_pages.search_page,
        "/entries": entry_pages.entries,
        "/growth": entry_pages.grows,
        "/heads": head_pages.heads,
        "/consistency": head_pages.consistency,
    }
    for path, page in pages.items():
        router.add_api_route(path, _read(desk, page), methods=["GET"])

    @router.get("/entries/{index}")
    @staff(Role.AUDITOR)
    @describe(gives=FORMS, query=("format",))
    async def entry(request: Request, tenant: str, index: Number) -> Any:  # noqa: ANN401 - FastAPI's response
        chain = await desk.chain(tenant)

        def page(desk: Desk, request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
            return entry_pages.entry(desk, request, tenant, index, chain)

        return await run_in_threadpool(_answer, desk, page, request, tenant)

    @router.get("/heads/{size}")
    @staff(Role.AUDITOR)
    @describe(gives=FORMS, query=("format",))
    def head(request: Request, tenant: str, size: Number) -> Any:  # noqa: ANN401 - FastAPI's response
        return head_pages.head(desk, request, tenant, size)

    return router


def _files(router: APIRouter) -> None:
    headers = {"cache-control": "public, max-age=3600"}

    @router.get("/audit.js")
    @public(_REASON, Form.PROBLEM)
    @describe(gives={200: Content("text/javascript")})
    def script() -> Any:  # noqa: ANN401 - FastAPI's response
        return FileResponse(_STATIC / "audit.js", media_type="text/javascript", headers=headers)

    @router.get("/audit.css")
    @public(_REASON, Form.PROBLEM)
    @describe(gives={200: Content("text/css")})
    def style() -> Any:  # noqa: ANN401 - FastAPI's response
        return FileResponse(_STATIC / "audit.css", media_type="text/css", headers=headers)

    @router.get("/audit.svg")
    @public(_REASON, Form.PROBLEM)
    @describe(gives={200: Content("image/svg+xml")})
    def icon() -> Any:  # noqa: ANN401 - FastAPI's response
        return Response(_ICON, media_type="image/svg+xml", headers=headers)


def _read(desk: Desk, page: Callable[[Desk, Request, str], Any]) -> Callable[..., Any]:
    @staff(Role.AUDITOR)
    @describe(gives=FORMS, query=("format",))
    def endpoint(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _answer(desk, page, request, tenant)

    return endpoint


def _answer(
    desk: Desk, page: Callable[[Desk, Request, str], Any], request: Request, tenant: str
) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return a page, or the search page with what was wrong about a field."""
    try:
        return page(desk, request, tenant)
    except QuestionError as error:
        if wanted_format(request):
            return as_json({"error": "wrong_field", "field": error.field}, 400)
        return entry_pages.search_page(desk, request, tenant, wrong=error.field)
