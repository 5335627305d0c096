"""The page of a request for the one who is asked, in the browser that the answer comes back to."""

from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from madang.access.marks import protocol, public
from madang.infra.web.errors import NO_STORE
from madang.infra.web.i18n import language_of
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, PAGE, PICTURE, Fields, describe
from madang.infra.web.pages import Pages
from madang.infra.web.qr import png
from verifier.presentations.desk import Desk
from verifier.presentations.events import EVENTS, changes_for_holder, event_stream
from verifier.presentations.explaining import Explainer
from verifier.presentations.manner import only_by_api
from verifier.presentations.model import Open, Presentation
from verifier.presentations.opening import query_of
from verifier.presentations.same_device import RESPONSE_CODE
from verifier.presentations.scripts import LIVE
from verifier.presentations.sending import Channel
from verifier.presentations.telling import state_of, told_to_holder

COOKIE: Final = "madang_asked"
QR_CHARS: Final = 2_331
"""What a QR picture of error correction M holds (ISO/IEC 18004, version 40)."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What the routes need.

    Attributes:
        explainer: tells in words what a query asks.
        refresh: seconds between two looks of a page without scripts.
    """

    desk: Desk
    explainer: Explainer
    pages: Pages
    refresh: int


def present_router(reception: Reception) -> APIRouter:
    """Return the routes below `…/present/{presentation}`."""
    router = APIRouter(prefix="/{tenant}/verifier/present/{presentation}")
    _pages(router, reception)
    _browser(router, reception.desk)
    return router


def _pages(router: APIRouter, reception: Reception) -> None:
    desk = reception.desk

    @router.get("")
    @public("the one who is asked has nothing but the address; it shows nothing of anybody")
    async def page(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = desk.visit(tenant, presentation, request.cookies.get(COOKIE))
        return _page(reception, request, found)

    @router.post("")
    @public("the one who is asked goes on, in this browser and no other")
    @describe(Fields(), gives={303: None})
    async def go_on(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        token, place = desk.bind(tenant, presentation), request.url.path
        answer = RedirectResponse(place, 303, NO_STORE)
        answer.set_cookie(
            COOKIE,
            token,
            path=place,
            httponly=True,
            samesite="lax",  # a wallet sends the browser back from elsewhere
            secure=request.url.scheme == "https",
        )
        return answer

    @router.get("/qr.png")
    @public("the same request for a wallet elsewhere; only the browser that opened the page")
    @describe(gives={200: PICTURE})
    async def picture(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        waiting = desk.own(tenant, presentation, request.cookies.get(COOKIE))
        link = desk.sender.link(waiting, Channel.LINK, now=desk.clock.now())
        return Response(png(link), media_type="image/png", headers=NO_STORE)

    @router.get("/done")
    @public("where a wallet sends the browser back with a code", Form.PAGE)
    @describe(gives={200: PAGE}, query=(RESPONSE_CODE,))
    async def done(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        code, token = request.query_params.get(RESPONSE_CODE), request.cookies.get(COOKIE)
        found = desk.returned(tenant, presentation, code, token)
        if isinstance(found, Open):
            return _page(reception, request, found)
        return reception.pages.render(request, "done.html", state=state_of(found))


def _browser(router: APIRouter, desk: Desk) -> None:
    @router.get("/events")
    @public("tells the browser that opened the page that an answer came")
    @describe(gives={200: EVENTS})
    async def events(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        desk.own(tenant, presentation, request.cookies.get(COOKIE))
        return event_stream(changes_for_holder(desk, tenant, presentation))

    @router.get("/request")
    @protocol("the request for the Digital Credentials API; only the browser that opened the page")
    @describe(gives={200: OBJECT})
    async def api_request(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        waiting = desk.own(tenant, presentation, request.cookies.get(COOKIE))
        asked = desk.sender.api_request(waiting, now=desk.clock.now())
        return JSONResponse(asked._asdict(), headers=NO_STORE)

    @router.post("/answer")
    @protocol("the answer that the browser got; it proves itself, as a posted one does")
    @describe(OBJECT, gives={200: OBJECT})
    async def api_answer(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        desk.own(tenant, presentation, request.cookies.get(COOKIE))
        body = await request.body()
        address = await desk.answer(tenant, presentation, body, Channel.API)
        return JSONResponse({} if address is None else {"redirect_uri": address}, headers=NO_STORE)


def _page(reception: Reception, request: Request, found: Presentation) -> Response:
    if not isinstance(found, Open):
        return reception.pages.render(request, "done.html", state=state_of(found))
    desk, now, language = reception.desk, reception.desk.clock.now(), language_of(request)
    terms, refused = found.terms, told_to_holder(found)
    here = far = ""
    if not only_by_api(terms.manner):
        here = desk.sender.link(found, Channel.SAME_DEVICE, now=now)
        far = desk.sender.link(found, Channel.LINK, now=now)
    return reception.pages.render(
        request,
        "present.html",
        headers=LIVE,
        address=f"/{terms.tenant}/verifier/present/{terms.id}",
        purpose=reception.explainer.purpose(terms.purpose, language),
        asked=reception.explainer.asked(query_of(terms.query), language),
        transactions=reception.explainer.transactions(terms.manner),
        bound=found.browser is not None,
        here=here,
        picture=bool(far) and len(far) <= QR_CHARS,
        refused=bool(refused),
        seen=" ".join(("open", *refused)),
        refresh=reception.refresh,
    )
