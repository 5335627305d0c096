"""The page where an administrator makes and revokes keys."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from madang.access.marks import staff
from madang.access.staff import Role
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import PAGE, Fields, describe
from madang.infra.web.pages import Pages
from madang.infra.web.times import day_and_minute
from verifier.keys.usecases import KeyBook, Keyring, UnknownApiKeyError, revoke

_MOST_CHARS: Final = 80


@dataclass(frozen=True, slots=True)
class KeyOffice:
    """What the routes need.

    Attributes:
        book: gives a transaction's keys.
        utc_offset_hours: of the office's clock.
    """

    database: Database
    clock: Clock
    book: Callable[[Session], KeyBook]
    keyring: Keyring
    pages: Pages
    utc_offset_hours: int

    def page(self, request: Request, tenant: str, made: str = "") -> Any:  # noqa: ANN401 - FastAPI's response
        """Return the page; a key that was made now stands on it this once."""
        with self.database.reading() as session:
            keys = self.book(session).all(tenant)
        moment = partial(day_and_minute, utc_offset_hours=self.utc_offset_hours)
        return self.pages.render(request, "keys.html", keys=keys, made=made, moment=moment)


def key_router(office: KeyOffice) -> APIRouter:
    """Return the routes of the keys."""
    router = APIRouter(prefix="/{tenant}/verifier/keys")

    @router.get("")
    @staff(Role.ADMINISTRATOR)
    async def keys(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return office.page(request, tenant)

    @router.post("")
    @staff(Role.ADMINISTRATOR)
    @describe(Fields(optional=("name",)), gives={200: PAGE})
    async def make(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        name = str(request.state.form.get("name", "")).strip()[:_MOST_CHARS] or "-"
        actor, now = request.state.actor.pseudonym, office.clock.now()
        with office.database.transaction() as session:
            made = office.keyring.make(office.book(session), tenant, name, actor=actor, now=now)
        return office.page(request, tenant, made)

    @router.post("/revoke")
    @staff(Role.ADMINISTRATOR)
    @describe(Fields(("key",)), gives={303: None})
    async def end(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        key = request.state.form.get("key")
        if not isinstance(key, str):
            raise UnknownApiKeyError(tenant)
        actor, now = request.state.actor.pseudonym, office.clock.now()
        with office.database.transaction() as session:
            revoke(office.book(session), tenant, key, actor=actor, now=now)
        return RedirectResponse(f"/{tenant}/verifier/keys", 303, NO_STORE)

    return router
