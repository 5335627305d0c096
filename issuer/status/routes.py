"""Published status lists, and the officer's call to change a status."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlmodel import Session

from issuer.calls import read_call, read_digest
from issuer.office import Office
from issuer.settings import Settings
from issuer.status.model import NoSuchList, Reason, Status
from issuer.status.usecases import (
    Change,
    ListPolicy,
    Lists,
    Press,
    Records,
    change_status,
    is_fresh,
    publish,
)
from madang.access.marks import public, service
from madang.core.keys.signing import Signer
from madang.core.protocol.message import Message
from madang.core.status.token_status_list import MEDIA_TYPE
from madang.infra import outbox
from madang.infra.web.errors import NO_STORE
from madang.infra.web.marks import Form


class StatusCall(Message):
    """What an officer decided about one certificate."""

    credential_digest: str
    status: Annotated[Status, Field(strict=False)]
    reason_code: Annotated[Reason, Field(strict=False)]


@dataclass(frozen=True, slots=True)
class Stores:
    """What gives a transaction's stores: of copies' records, of status lists."""

    records: Callable[[Session], Records]
    lists: Callable[[Session], Lists]


def list_policy(settings: Settings) -> ListPolicy:
    """Return sizes and lives of lists from the settings."""
    return ListPolicy(
        size=settings.status_list_size,
        fill_percent=settings.status_list_fill_percent,
        ttl=settings.status_list_ttl_seconds,
        life=settings.status_list_seconds,
    )


def router(office: Office, signer: Callable[[str], Signer], stores: Stores) -> APIRouter:
    """Return the routes.

    Args:
        office: what all features share.
        signer: a municipality's key as an issuer.
        stores: what gives a transaction's stores.
    """
    routes = APIRouter(prefix="/{tenant}/issuer")
    policy = list_policy(office.settings)
    served = _Served(office, policy, signer, stores.lists)

    @routes.get("/statuslists/{number}")
    @public("anybody who was shown a certificate checks its status", Form.PROBLEM)
    async def status_list(tenant: str, number: str) -> Any:  # noqa: ANN401 - FastAPI's response
        token = served.list(tenant, _number(number))
        headers = {"cache-control": f"public, max-age={policy.ttl // 2}"}
        return Response(token, media_type=MEDIA_TYPE, headers=headers)

    @routes.post("/api/credentials/status")
    @service("officer")
    async def change(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        officer = office.clerk(request, tenant)
        call = read_call(StatusCall, await request.body())
        decided = Change(read_digest(call.credential_digest), call.status, call.reason_code)
        with office.database.transaction() as session:
            work = office.work(session, tenant, officer)
            copies = change_status(work, stores.records(session), decided)
        return JSONResponse({"status": decided.status.value, "copies": copies}, headers=NO_STORE)

    return routes


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > 9:  # noqa: PLR2004 - nine digits
        raise NoSuchList
    return int(text)


@dataclass(frozen=True, slots=True)
class _Served:
    office: Office
    policy: ListPolicy
    signer: Callable[[str], Signer]
    lists: Callable[[Session], Lists]

    def list(self, tenant: str, number: int) -> str:
        """Return the list as published, anew when it changed or is half as old as its ttl."""
        office = self.office
        with office.database.reading() as session:
            published = self.lists(session).published(tenant, number)
        if published is not None and is_fresh(published, office.clock.now(), self.policy):
            return published.token
        with office.database.transaction() as session:
            work = office.work(session, tenant)
            registering = _registering(session, tenant, work.now)
            press = Press(self.signer(tenant), registering, self.policy)
            return publish(work, self.lists(session), number, press)


def _registering(session: Session, tenant: str, now: int) -> Callable[[outbox.Registered], None]:
    return partial(outbox.enqueue, session, tenant, now=now)
