"""Pages where a resident logs in and agrees; every form works without scripts."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse

from issuer.authorization.desk import Desk, Seen
from issuer.authorization.model import Device, NoSuchWay, Presenting
from issuer.authorization.view import View, here
from madang.access.authorization.model import browser_cookie
from madang.access.guard import CSRF_FIELD
from madang.access.marks import protocol, public, resident
from madang.core.protocol.openid.code_flow import parse_callback
from madang.infra.web.errors import NO_STORE
from madang.infra.web.i18n import language_of
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, PICTURE, Answers, Content, Fields, describe
from madang.infra.web.qr import png

STATIC: Final = Path(__file__).parent / "static"
PREFIX: Final = "/{tenant}/issuer/sign-in/{authorization}"
_DAY_SECONDS = 86_400
_CONFIRMED: Final = Fields((CSRF_FIELD,))
_ONWARD: Final[Answers] = {303: None}
"""A form or a way back is answered by the address of the page that comes next."""


def pages_router(view: View) -> APIRouter:
    """Return the page of one log-in, and what belongs to it."""
    routes, desk = APIRouter(prefix=PREFIX), view.desk

    @routes.get("")
    @resident()
    async def page(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        seen = _seen(request)
        return view.show(request, tenant, seen, await desk.look(tenant, seen))

    @routes.get("/state")
    @resident(Form.PROBLEM)
    @describe(gives={200: OBJECT})
    async def state(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = await desk.look(tenant, _seen(request))
        return JSONResponse({"waiting": isinstance(found, Presenting)}, headers=NO_STORE)

    @routes.get("/qr.png")
    @resident()
    @describe(gives={200: PICTURE})
    async def picture(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        found = _seen(request).sign_in
        if not isinstance(found, Presenting):
            raise NoSuchWay
        return Response(png(found.link), media_type="image/png", headers=NO_STORE)

    return routes


def ways_router(desk: Desk) -> APIRouter:
    """Return the ways of logging in, and the way back from a wallet on the same device."""
    routes = APIRouter(prefix=PREFIX)

    @routes.post("/wallet")
    @resident()
    @describe(Fields((CSRF_FIELD, "device")), gives=_ONWARD)
    async def wallet(request: Request, tenant: str, authorization: str) -> Any:  # noqa: ANN401 - FastAPI's response
        try:
            device = Device(request.state.form.get("device"))
        except ValueError:
            raise NoSuchWay from None
        path = here(tenant, authorization)
        back = f"{desk.office.addresses.origin(tenant, 'issuer')}{path}/return"
        await desk.ask_wallet(tenant, _seen(request), device, back)
        return RedirectResponse(path, 303, NO_STORE)

    @routes.get("/return")
    @resident()
    @describe(gives=_ONWARD, query=("response_code",))
    async def came_back(request: Request, tenant: str, authorization: str) -> Any:  # noqa: ANN401 - FastAPI's response
        code = request.query_params.get("response_code", "")
        await desk.look(tenant, _seen(request), code)
        return RedirectResponse(here(tenant, authorization), 303, NO_STORE)

    @routes.post("/choose")
    @resident()
    @describe(_CONFIRMED, gives=_ONWARD)
    async def choose(request: Request, tenant: str, authorization: str) -> Any:  # noqa: ANN401 - FastAPI's response
        desk.leave(tenant, _seen(request))
        return RedirectResponse(here(tenant, authorization), 303, NO_STORE)

    @routes.get("/provider")
    @resident()
    @describe(gives=_ONWARD)
    async def provider(request: Request, tenant: str, authorization: str) -> Any:  # noqa: ANN401 - FastAPI's response
        address = await desk.ask_provider(tenant, _seen(request), language_of(request))
        return RedirectResponse(address or here(tenant, authorization), 303, NO_STORE)

    return routes


def ends_router(desk: Desk) -> APIRouter:
    """Return how a log-in ends."""
    routes = APIRouter(prefix=PREFIX)

    @routes.post("/agree")
    @resident()
    @describe(_CONFIRMED, gives=_ONWARD)
    async def agree(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return RedirectResponse(desk.agree(tenant, _seen(request)), 303, NO_STORE)

    @routes.post("/refuse")
    @resident()
    @describe(_CONFIRMED, gives=_ONWARD)
    async def refuse(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return RedirectResponse(desk.refuse(tenant, _seen(request)), 303, NO_STORE)

    return routes


def way_back_router(desk: Desk) -> APIRouter:
    """Return where browsers come back from an OpenID provider, and the pages' script."""
    routes = APIRouter(prefix="/{tenant}/issuer")

    @routes.get("/upstream")
    @protocol("the state that the provider sends back, and the browser's cookie", Form.PAGE)
    @describe(gives=_ONWARD, query=("state", "code", "error", "iss"))
    async def upstream(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        callback = parse_callback(request.url.query)
        browser = request.cookies.get(browser_cookie(desk.office.identifier(tenant)), "")
        authorization = await desk.came_back(tenant, callback, browser)
        return RedirectResponse(here(tenant, authorization), 303, NO_STORE)

    @routes.get("/sign-in.js")
    @public("the pages' script")
    @describe(gives={200: Content("text/javascript")})
    async def script() -> Any:  # noqa: ANN401 - FastAPI's response
        headers = {"cache-control": f"public, max-age={_DAY_SECONDS}"}
        return FileResponse(STATIC / "sign-in.js", media_type="text/javascript", headers=headers)

    return routes


def _seen(request: Request) -> Seen:
    seen: Seen = request.state.visit
    return seen
