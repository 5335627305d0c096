"""The pages where staff sign in and out."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from madang.access.guard import cookie_name
from madang.access.marks import public, staff
from madang.access.staff import Role, SignInError, Staff
from madang.infra.clock import Clock
from madang.infra.web.openapi import Fields, describe
from madang.infra.web.pages import Pages


def sign_in_router(service: str, accounts: Staff, clock: Clock, pages: Pages) -> APIRouter:
    """Return the routes `/{tenant}/<service>/sign-in` and `…/sign-out`."""
    router = APIRouter(prefix=f"/{{tenant}}/{service}")

    @router.get("/sign-in")
    @public("where a session begins")
    async def form(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        return pages.render(request, "sign_in.html", failed=False)

    @router.post("/sign-in")
    @public("where a session begins")
    @describe(Fields(optional=("name", "passphrase")), gives={303: None})
    async def sign_in(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        sent = await request.form(max_files=0)
        name, passphrase = str(sent.get("name", "")), str(sent.get("passphrase", ""))
        try:
            token = accounts.sign_in(tenant, name, passphrase, now=clock.now())
        except SignInError:
            return pages.render(request, "sign_in.html", status=403, failed=True)
        answer = RedirectResponse(f"/{tenant}/{service}/", 303)
        answer.set_cookie(
            cookie_name(service),
            token,
            path=f"/{tenant}/{service}",
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    @router.post("/sign-out")
    @staff(*Role)
    @describe(Fields(), gives={303: None})
    async def sign_out(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        accounts.sign_out(request.cookies.get(cookie_name(service), ""))
        answer = RedirectResponse(f"/{tenant}/{service}/sign-in", 303)
        answer.delete_cookie(cookie_name(service), path=f"/{tenant}/{service}")
        return answer

    return router
