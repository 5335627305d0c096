"""The scripts of pages that wait or ask the browser, and the policy under which they run."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import FileResponse

from madang.access.marks import public
from madang.infra.web.limits import WITH_SCRIPT
from madang.infra.web.marks import Form
from madang.infra.web.openapi import Content, describe

_HERE: Final = Path(__file__).parent / "static"
_SCRIPT: Final = Content("text/javascript")
_POLICY: Final = "content-security-policy"
LIVE: Final = {_POLICY: f"{WITH_SCRIPT[_POLICY]}; connect-src 'self'"}
"""Headers of a page whose script speaks to this service."""


def script_router() -> APIRouter:
    """Return the routes of the two files."""
    router = APIRouter(prefix="/{tenant}/verifier")

    @router.get("/live.js")
    @public("a script of pages that wait", Form.PROBLEM)
    @describe(gives={200: _SCRIPT})
    async def live() -> Any:  # noqa: ANN401 - FastAPI's response
        return _script("live.js")

    @router.get("/present.js")
    @public("a script of the page that asks a browser", Form.PROBLEM)
    @describe(gives={200: _SCRIPT})
    async def present() -> Any:  # noqa: ANN401 - FastAPI's response
        return _script("present.js")

    return router


def _script(name: str) -> FileResponse:
    headers = {"cache-control": "no-cache"}
    return FileResponse(_HERE / name, media_type="text/javascript", headers=headers)
