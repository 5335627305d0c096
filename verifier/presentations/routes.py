"""Routes of presentations: for the counter, and for wallets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlmodel import Session

from madang.access.errors import WrongRole
from madang.access.marks import protocol, service
from madang.access.service_token import ServiceIdentity
from madang.core.protocol.limits import Limits
from madang.core.protocol.message import Message, read_json
from madang.core.protocol.oid4vp.errors import VpCode, VpError
from madang.core.protocol.oid4vp.request import REQUEST_TYP
from madang.core.protocol.oid4vp.request_link import parse_wallet_post
from madang.core.protocol.oid4vp.response import PostedError
from madang.core.trust.registry import Basis
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.web.errors import NO_STORE
from verifier.presentations import answering
from verifier.presentations.answering import AnswerRefusedError, Conclusion, Examiner
from verifier.presentations.model import (
    Answered,
    Checked,
    Open,
    Presentation,
    Refused,
    Terms,
    Use,
    refusal,
)
from verifier.presentations.opening import (
    Opener,
    Presentations,
    UnknownPresentationError,
    present_open,
)

_MEDIA_TYPE = f"application/{REQUEST_TYP}"


class BodyError(ValueError):
    """The body of an API call is not as it should be; the message names the member."""


class NewPresentation(Message):
    """What the counter sends."""

    purpose: Annotated[str, Field(max_length=100)]
    audience: Annotated[str, Field(max_length=1000)]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes need.

    Attributes:
        presentations: gives a transaction's store.
        conclusions: what an accepted answer of each use leads to, in a transaction.
        tries: refused answers after which a presentation is closed.
    """

    database: Database
    clock: Clock
    presentations: Callable[[Session], Presentations]
    opener: Opener
    examiner: Examiner
    conclusions: Mapping[Use, Callable[[Session], Conclusion]]
    limits: Limits
    tries: int

    def waiting(self, tenant: str, presentation: str) -> Open:
        """Return a presentation that waits for an answer; errors as of `present_open`."""
        with self.database.reading() as session:
            store = self.presentations(session)
            return present_open(store, tenant, presentation, self.clock.now())

    async def answer(self, tenant: str, presentation: str, body: bytes) -> None:
        """Verify what was posted, and only then answer.

        Raises:
            AnswerRefusedError: it was refused and counted.
        """
        waiting = self.waiting(tenant, presentation)
        terms, posted = waiting.terms, answering.read_posted(body, self.limits)
        if isinstance(posted, VpError):
            raise self._refused(terms, refusal(posted.reason), wire=posted.code)
        if isinstance(posted, PostedError):
            self._declined(terms, posted)
            return
        try:
            checked = await self.examiner.check(waiting, posted, now=self.clock.now())
        except VpError as error:
            raise self._refused(terms, refusal(error.reason), wire=error.code) from None
        if checked.failures:
            raise self._refused(terms, checked)
        with self.database.transaction() as session:
            store, then = self.presentations(session), self.conclusions[terms.use](session)
            answering.accept(store, terms, checked, then, now=self.clock.now())

    def _refused(
        self, terms: Terms, checked: Checked, *, wire: str = VpCode.INVALID_REQUEST
    ) -> AnswerRefusedError:
        with self.database.transaction() as session:
            store, now = self.presentations(session), self.clock.now()
            answering.refuse(store, terms, checked, most=self.tries, now=now)
        return AnswerRefusedError(wire)

    def _declined(self, terms: Terms, posted: PostedError) -> None:
        with self.database.transaction() as session:
            store, now = self.presentations(session), self.clock.now()
            closed = answering.decline(store, terms, posted, now=now)
        if not closed:
            raise self._refused(terms, refusal("state"))


def wallet_router(desk: Desk) -> APIRouter:
    """Return the routes that wallets use (OpenID4VP 1.0 sections 5.10 and 8.2)."""
    router = APIRouter(prefix="/{tenant}/verifier")

    @router.get("/request/{presentation}")
    @protocol("a wallet fetches the request that its link names; it is signed and holds no secret")
    async def request_object(tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _signed(desk, tenant, presentation, None)

    @router.post("/request/{presentation}")
    @protocol("the same with a nonce of the wallet")
    async def request_object_by_post(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        nonce = parse_wallet_post(await request.body(), limits=desk.limits)
        return _signed(desk, tenant, presentation, nonce)

    @router.post("/response/{presentation}")
    @protocol("a wallet's answer proves itself: encrypted to this request and signed by its holder")
    async def response(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        await desk.answer(tenant, presentation, await request.body())
        return JSONResponse({}, headers=NO_STORE)

    return router


def counter_router(desk: Desk) -> APIRouter:
    """Return the routes that the counter uses."""
    router = APIRouter(prefix="/{tenant}/verifier/api/presentations")

    @router.post("", status_code=201)
    @service("clerk")
    async def open_presentation(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        caller = _counter(desk, request, tenant)
        wish = read_json(NewPresentation, await request.body(), desk.limits, BodyError)
        opener = desk.opener
        now = desk.clock.now()
        wanted = opener.identification(tenant, wish.purpose, wish.audience, caller.actor, now=now)
        with desk.database.transaction() as session:
            opened = opener.open(desk.presentations(session), wanted, now=now)
        return JSONResponse(opened_body(opener, opened), 201, NO_STORE)

    @router.get("/{presentation}")
    @service("clerk")
    async def state(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        _counter(desk, request, tenant)
        with desk.database.reading() as session:
            now = desk.clock.now()
            found = desk.presentations(session).find(tenant, presentation, now=now)
        if found is None or found.terms.use is not Use.IDENTIFICATION:
            raise UnknownPresentationError(presentation)
        return JSONResponse(state_body(found), headers=NO_STORE)

    return router


def _counter(desk: Desk, request: Request, tenant: str) -> ServiceIdentity:
    """Return who calls; the result of an identification is for the counter alone."""
    caller: ServiceIdentity = request.state.actor
    if caller.issuer != desk.opener.addresses.identifier(tenant, "counter"):
        raise WrongRole
    return caller


def opened_body(opener: Opener, opened: Open) -> dict[str, object]:
    """Return what whoever opened a presentation is told."""
    return {
        "presentation_id": opened.terms.id,
        "request_uri": opener.link(opened.terms),
        "expires_at": opened.terms.expires_at,
    }


def state_body(presentation: Presentation) -> dict[str, object]:
    """Return a presentation's state with every failure's code, and what it was judged by."""
    failures = () if isinstance(presentation, Answered) else presentation.failures
    result = presentation.result if isinstance(presentation, Answered) else None
    basis = presentation.basis
    return {
        "state": state_of(presentation),
        "failures": list(failures),
        "result": result,
        "status_as_of": presentation.status_as_of,
        "accreditations": None if basis is None else _basis_body(basis),
    }


def _basis_body(basis: Basis) -> dict[str, object]:
    return {"version": basis.version, "block": basis.block, "as_of": basis.time}


def state_of(presentation: Presentation) -> str:
    """Return the word for a state."""
    if isinstance(presentation, Open):
        return "open"
    if isinstance(presentation, Answered):
        return "answered"
    return "refused" if isinstance(presentation, Refused) else "expired"


def _signed(desk: Desk, tenant: str, presentation: str, nonce: str | None) -> Response:
    waiting, now = desk.waiting(tenant, presentation), desk.clock.now()
    compact = desk.opener.request(waiting, wallet_nonce=nonce, now=now)
    return Response(compact, media_type=_MEDIA_TYPE, headers=NO_STORE)
