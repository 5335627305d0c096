"""Routes of presentations: for the municipality's own services, and for wallets."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from madang.access.errors import WrongRole
from madang.access.marks import protocol, service
from madang.access.service_token import ServiceIdentity
from madang.access.staff import Role
from madang.core.protocol.message import Message, read_json
from madang.core.protocol.oid4vp.request import REQUEST_TYP
from madang.core.protocol.oid4vp.request_link import WalletPost, parse_wallet_post
from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import OBJECT, Content, Fields, describe
from verifier.presentations.desk import Desk
from verifier.presentations.manner import only_by_api
from verifier.presentations.model import Manner, Open, Use
from verifier.presentations.opening import UnknownPresentationError
from verifier.presentations.same_device import RESPONSE_CODE, OtherBrowserError
from verifier.presentations.sending import Channel
from verifier.presentations.telling import state_body

_MEDIA_TYPE: Final = f"application/{REQUEST_TYP}"
SIGNED: Final = Content(_MEDIA_TYPE)
_HERE: Final = {False: Channel.LINK, True: Channel.SAME_DEVICE}


class BodyError(ValueError):
    """The body of an API call is not as it should be; the message names the member."""


class NewPresentation(Message):
    """What a service of the municipality sends."""

    purpose: Annotated[str, Field(max_length=100)]
    audience: Annotated[str, Field(max_length=1000)]
    return_to: Annotated[str, Field(max_length=2000)] = ""


def wallet_router(desk: Desk) -> APIRouter:
    """Return the routes that wallets use (OpenID4VP 1.0 sections 5.10 and 8.2).

    Those that end in `here` are for a wallet on the device of the browser that waits.
    """
    router = APIRouter(prefix="/{tenant}/verifier")

    @router.get("/request/{presentation}")
    @protocol("a wallet fetches the request that its link names; it is signed and holds no secret")
    @describe(gives={200: SIGNED})
    async def request_object(tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _signed(desk, tenant, presentation, Channel.LINK, WalletPost())

    @router.get("/request/{presentation}/here")
    @protocol("the same for a wallet on the same device")
    @describe(gives={200: SIGNED})
    async def request_object_here(tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _signed(desk, tenant, presentation, Channel.SAME_DEVICE, WalletPost())

    @router.post("/request/{presentation}")
    @protocol("the same with a nonce of the wallet")
    @describe(Fields(optional=("wallet_nonce", "wallet_metadata")), gives={200: SIGNED})
    async def request_object_by_post(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        post = parse_wallet_post(await request.body(), limits=desk.limits)
        return _signed(desk, tenant, presentation, Channel.LINK, post)

    @router.post("/request/{presentation}/here")
    @protocol("the same with a nonce of a wallet on the same device")
    @describe(Fields(optional=("wallet_nonce", "wallet_metadata")), gives={200: SIGNED})
    async def request_object_by_post_here(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        post = parse_wallet_post(await request.body(), limits=desk.limits)
        return _signed(desk, tenant, presentation, Channel.SAME_DEVICE, post)

    @router.post("/response/{presentation}")
    @protocol("a wallet's answer proves itself: encrypted to this request and signed by its holder")
    @describe(Fields(optional=("response", "vp_token", "state", "error")), gives={200: OBJECT})
    async def response(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return await _answered(desk, request, tenant, presentation, Channel.LINK)

    @router.post("/response/{presentation}/here")
    @protocol("the same from a wallet on the same device; it sends the browser back")
    @describe(Fields(optional=("response", "vp_token", "state", "error")), gives={200: OBJECT})
    async def response_here(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return await _answered(desk, request, tenant, presentation, Channel.SAME_DEVICE)

    return router


def _signed(
    desk: Desk, tenant: str, presentation: str, channel: Channel, post: WalletPost
) -> Response:
    waiting = _by_link(desk, tenant, presentation, channel)
    compact = desk.sender.request(waiting, channel, wallet_nonce=post.nonce, now=desk.clock.now())
    if post.encryption is not None:
        compact = post.encryption.seal(compact)
    return Response(compact, media_type=_MEDIA_TYPE, headers=NO_STORE)


async def _answered(
    desk: Desk, request: Request, tenant: str, presentation: str, channel: Channel
) -> Response:
    address = await desk.answer(tenant, presentation, await request.body(), channel)
    return JSONResponse({} if address is None else {"redirect_uri": address}, headers=NO_STORE)


def _by_link(desk: Desk, tenant: str, presentation: str, channel: Channel) -> Open:
    """Return what waits; a request by value or by the browser's API is fetched from nowhere."""
    waiting = desk.waiting(tenant, presentation)
    manner = waiting.terms.manner
    if manner.by_value or only_by_api(manner):
        raise UnknownPresentationError(presentation)
    if channel is Channel.SAME_DEVICE and waiting.browser is None:
        raise OtherBrowserError(presentation)
    return waiting


def service_router(desk: Desk) -> APIRouter:
    """Return the routes that the counter and the issuer's log-in use."""
    router = APIRouter(prefix="/{tenant}/verifier/api/presentations")

    @router.post("", status_code=201)
    @service()
    @describe(NewPresentation, gives={201: OBJECT})
    async def open_presentation(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        caller = _office(desk, request, tenant)
        wish = read_json(NewPresentation, await request.body(), desk.limits, BodyError)
        now = desk.clock.now()
        wanted = desk.opener.identification(
            tenant,
            wish.purpose,
            wish.audience,
            caller,
            Manner(return_to=wish.return_to),
            now=now,
        )
        return JSONResponse(opened_body(desk, desk.open(wanted)), 201, NO_STORE)

    @router.get("/{presentation}")
    @service()
    @describe(gives={200: OBJECT}, query=(RESPONSE_CODE,))
    async def state(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        caller = _office(desk, request, tenant)
        found = desk.find(tenant, presentation)
        if found.terms.use is not Use.IDENTIFICATION or found.terms.asker != caller.issuer:
            raise UnknownPresentationError(presentation)
        code = request.query_params.get(RESPONSE_CODE)
        return JSONResponse(state_body(desk.result(tenant, presentation, code)), headers=NO_STORE)

    return router


def _office(desk: Desk, request: Request, tenant: str) -> ServiceIdentity:
    """Return who calls: the counter for a clerk, or the issuer, whose log-in has no clerk."""
    caller: ServiceIdentity = request.state.actor
    addresses = desk.opener.addresses
    counter = caller.issuer == addresses.identifier(tenant, "counter")
    if counter and Role.CLERK in caller.roles:
        return caller
    if caller.issuer == addresses.identifier(tenant, "issuer"):
        return caller
    raise WrongRole


def opened_body(desk: Desk, opened: Open) -> dict[str, object]:
    """Return what whoever opened a presentation is told.

    `request_uri` is for a wallet anywhere. `same_device_uri` is for the browser of the one who is
    asked: the wallet's link where the caller has a page to return to, else our page of the request.
    """
    terms, now = opened.terms, desk.clock.now()
    api = only_by_api(terms.manner)
    link = None if api else desk.sender.link(opened, Channel.LINK, now=now)
    page = desk.sender.page(terms)
    return {
        "presentation_id": terms.id,
        "request_uri": link,
        "same_device_uri": link if terms.manner.return_to else page,
        "expires_at": terms.expires_at,
    }
