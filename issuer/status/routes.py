"""Published status lists, and the officer's call to change a status."""

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlmodel import Session

from issuer.calls import read_call, read_digest
from issuer.office import Office
from issuer.settings import Settings
from issuer.status.model import NoHistory, NoSuchForm, NoSuchList, Reason, Status
from issuer.status.publishing import (
    FORMS,
    Press,
    Published,
    PublishedLists,
    is_current,
    publish,
    second_of,
)
from issuer.status.signers import Signers
from issuer.status.usecases import Change, Flips, ListPolicy, Records, change_status, list_uri
from madang.access.marks import public, service
from madang.core.envelope import second_signature
from madang.core.protocol.message import Message
from madang.core.status import aggregation, token_cwt, token_jwt
from madang.infra import outbox
from madang.infra.key_ring import NoActiveKey
from madang.infra.web.errors import NO_STORE
from madang.infra.web.marks import Form
from madang.infra.web.negotiation import preferred, takes
from madang.infra.web.openapi import OBJECT, PROBLEM, Answers, Content, describe

_GZIP: Final = 31
_LISTS: Final[Answers] = {200: tuple(Content(form) for form in FORMS), 304: None, 501: PROBLEM}
_NOT_MODIFIED: Final = 304
_ANYBODY: Final = {"access-control-allow-origin": "*"}
"""Wallets and verifiers in a browser read the lists too (section 8.1)."""


class StatusCall(Message):
    """What an officer decided about one certificate."""

    credential_digest: str
    status: Annotated[Status, Field(strict=False)]
    reason_code: Annotated[Reason, Field(strict=False)]
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores: of copies' records, of lists as they are published."""

    records: Callable[[Session], Records]
    lists: Callable[[Session], PublishedLists]
    flips: Callable[[Session], Flips]


def list_policy(settings: Settings) -> ListPolicy:
    """Return sizes and lives of lists from the settings.

    Between two moments of change lie two sweeps: one at least falls between.
    """
    return ListPolicy(
        size=settings.status_list_size,
        fill_percent=settings.status_list_fill_percent,
        ttl=settings.status_list_ttl_seconds,
        life=settings.status_list_seconds,
        stagger=settings.status_stagger_seconds,
        pitch=max(1, round(2 * settings.sweep_seconds)),
    )


def router(office: Office, signers: Callable[[str], Signers], stores: Stores) -> APIRouter:
    """Return the routes.

    Args:
        office: what all features share.
        signers: a municipality's keys that sign now.
        stores: what gives a transaction's stores.
    """
    routes = APIRouter(prefix="/{tenant}/issuer")
    policy = list_policy(office.settings)
    served = _Served(office, policy, signers, stores.lists)

    @routes.get("/statuslists")
    @public("anybody fetches the lists before they are needed", Form.PROBLEM)
    @describe(gives={200: Content(aggregation.MEDIA_TYPE, {"type": "object"})})
    async def status_lists(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        document = aggregation.encode(served.uris(tenant))
        headers = {"cache-control": _kept(policy), **_ANYBODY}
        return Response(document, media_type=aggregation.MEDIA_TYPE, headers=headers)

    # The list has one address for both forms; the second signatures of the forms have two.
    @routes.get("/statuslists/{number}.cwt.second")
    @public("anybody believes a list also when the curve of its key is broken", Form.PROBLEM)
    @describe(gives={200: Content(second_signature.MEDIA_TYPE)})
    async def second_of_cwt(tenant: str, number: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _second(served.second(tenant, _number(number), token_cwt.MEDIA_TYPE), policy)

    @routes.get("/statuslists/{number}.second")
    @public("anybody believes a list also when the curve of its key is broken", Form.PROBLEM)
    @describe(gives={200: Content(second_signature.MEDIA_TYPE)})
    async def second_of_jwt(tenant: str, number: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _second(served.second(tenant, _number(number), token_jwt.MEDIA_TYPE), policy)

    @routes.get("/statuslists/{number}")
    @public("anybody who was shown a certificate checks its status", Form.PROBLEM)
    @describe(gives=_LISTS, query=("time",))
    async def status_list(request: Request, tenant: str, number: str) -> Any:  # noqa: ANN401 - FastAPI's response
        if "time" in request.query_params:
            raise NoHistory
        form = preferred(request.headers.get("accept"), [*FORMS])
        if form is None:
            raise NoSuchForm
        return _answer(request, form, served.list(tenant, _number(number), form).token, policy)

    @routes.post("/api/credentials/status")
    @service("officer")
    @describe(StatusCall, gives={200: OBJECT})
    async def change(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        officer = office.clerk(request, tenant)
        call = read_call(StatusCall, await request.body())
        decided = _decided(call)
        with office.database.transaction() as session:
            work = office.work(session, tenant, officer)
            records, flips = stores.records(session), stores.flips(session)
            copies = change_status(work, records, flips, decided, policy)
        return JSONResponse({"status": decided.status.value, "copies": copies}, headers=NO_STORE)

    return routes


def _decided(call: StatusCall) -> Change:
    replaced_by = None if call.replaced_by is None else read_digest(call.replaced_by)
    return Change(read_digest(call.credential_digest), call.status, call.reason_code, replaced_by)


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 9:  # noqa: PLR2004 - nine digits
        raise NoSuchList
    return int(text)


def _kept(policy: ListPolicy) -> str:
    """Return how long caches on the way keep an answer: a fifth of what the reader may."""
    return f"public, max-age={policy.ttl // 5}"


def _answer(request: Request, form: str, token: bytes, policy: ListPolicy) -> Response:
    """Return a list in its form (section 8.2); a JWT in gzip, a CWT is compressed already."""
    coded = form == token_jwt.MEDIA_TYPE and takes(request.headers.get("accept-encoding"), "gzip")
    tag = f'"{hashlib.sha256(token).hexdigest()[:32]}{"-gzip" if coded else ""}"'
    headers = {
        "cache-control": _kept(policy),
        "vary": "accept, accept-encoding",
        "etag": tag,
        **_ANYBODY,
    }
    known = request.headers.get("if-none-match", "")
    if tag in (each.strip().removeprefix("W/") for each in known.split(",")):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    if coded:
        # base64url of compressed data repeats nothing: Huffman codes alone win back its growth.
        packer = zlib.compressobj(9, zlib.DEFLATED, _GZIP, 9, zlib.Z_HUFFMAN_ONLY)
        token = packer.compress(token) + packer.flush()
        headers["content-encoding"] = "gzip"
    return Response(token, media_type=form, headers=headers)


def _second(signature: str, policy: ListPolicy) -> Response:
    headers = {"cache-control": _kept(policy), **_ANYBODY}
    return Response(signature, media_type=second_signature.MEDIA_TYPE, headers=headers)


@dataclass(frozen=True, slots=True)
class _Served:
    office: Office
    policy: ListPolicy
    signers: Callable[[str], Signers]
    lists: Callable[[Session], PublishedLists]

    def uris(self, tenant: str) -> list[str]:
        """Return where the lists are published."""
        issuer = self.office.identifier(tenant)
        with self.office.database.reading() as session:
            return [list_uri(issuer, each) for each in self.lists(session).numbers(tenant)]

    def list(self, tenant: str, number: int, form: str) -> Published:
        """Return the list as published; anew when it or a key changed, or its life goes on."""
        return self._list(tenant, number, form, self.signers(tenant))

    def second(self, tenant: str, number: int, form: str) -> str:
        """Return the second signature of the list as published; NoActiveKey if none can be made."""
        signers = self.signers(tenant)
        found = second_of(self._list(tenant, number, form, signers), signers)
        if found is None:
            raise NoActiveKey("no key can make second signatures now")
        return found.signature

    def _list(self, tenant: str, number: int, form: str, signers: Signers) -> Published:
        office = self.office
        with office.database.reading() as session:
            published = self.lists(session).published(tenant, number, form)
        now = office.clock.now()
        if published is not None and is_current(published, now, signers, self.policy):
            return published
        with office.database.transaction() as session:
            work = office.work(session, tenant)
            press = Press(signers, partial(outbox.enqueue, session, tenant, now=now), self.policy)
            return publish(work, self.lists(session), number, form, press)
