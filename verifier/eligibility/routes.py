"""Routes of eligibility: the API, and the pages of the agency."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import Field
from sqlmodel import Session

from madang.access.marks import service, staff
from madang.access.staff import Role
from madang.core.encoding import base64url
from madang.core.encoding.strict_json import Json
from madang.core.evidence.receipt import Receipt
from madang.core.merkle.note import VerifierKey
from madang.core.protocol.message import Message, read_json
from madang.infra.log_client import LogClient
from madang.infra.web.errors import NO_STORE
from madang.infra.web.i18n import language_of
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, PICTURE, Fields, describe
from madang.infra.web.pages import Pages
from madang.infra.web.qr import png
from madang.infra.web.times import day_and_minute
from verifier.eligibility.checking import (
    Checker,
    Checks,
    UnknownCheckError,
    UnknownProgrammeError,
    decision_key,
    rule_key,
)
from verifier.eligibility.model import Check, Decided, Entered
from verifier.eligibility.receipts import receipt_for
from verifier.presentations.desk import Desk
from verifier.presentations.model import Open, Presentation
from verifier.presentations.opening import ClosedPresentationError
from verifier.presentations.routes import BodyError, opened_body
from verifier.presentations.sending import Channel
from verifier.presentations.telling import state_body, state_of


class NewCheck(Message):
    """What begins a check."""

    programme: Annotated[str, Field(max_length=100)]


@dataclass(frozen=True, slots=True)
class Found:
    """A check with all that is known of it."""

    check: Check
    decided: Decided | None
    presentation: Presentation
    entered: Entered | None


@dataclass(frozen=True, slots=True)
class Agency:
    """What the routes need.

    Attributes:
        desk: where presentations are opened and answered.
        checks: gives a transaction's store of checks.
        log_keys: keys of the municipalities' logs.
        refresh: seconds between two looks of a page that waits.
        utc_offset_hours: of the office's clock.
    """

    desk: Desk
    checks: Callable[[Session], Checks]
    checker: Checker
    pages: Pages
    log: LogClient
    log_keys: Mapping[str, VerifierKey]
    refresh: int
    utc_offset_hours: int

    def begin(self, tenant: str, programme: str, actor: str) -> Open:
        """Begin a check."""
        with self.desk.database.transaction() as session:
            checks, presentations = self.checks(session), self.desk.presentations(session)
            now = self.desk.clock.now()
            return self.checker.begin(
                checks, presentations, tenant, programme, actor=actor, now=now
            )

    def find(self, tenant: str, check: str) -> Found:
        """Return a check; UnknownCheckError if the tenant has none of this id."""
        with self.desk.database.reading() as session:
            checks, now = self.checks(session), self.desk.clock.now()
            found = checks.find(tenant, check)
            presentation = self.desk.presentations(session).find(tenant, check, now=now)
            if found is None or presentation is None:
                raise UnknownCheckError(check)
            return Found(*found, presentation, checks.entered(tenant, decision_key(check)))

    async def evidence(self, tenant: str, check: str) -> dict[str, Json]:
        """Return what an auditor needs to decide again and to see that nothing was changed."""
        found = self.find(tenant, check)
        if found.decided is None or found.entered is None:
            raise UnknownCheckError(check)
        digest = found.check.rule_digest
        with self.desk.database.reading() as session:
            checks = self.checks(session)
            rule = checks.rule(tenant, digest)
            rule_entered = checks.entered(tenant, rule_key(tenant, digest))
        key = self.log_keys.get(tenant)
        return {
            "document": found.decided.document,
            "salt": base64url.encode(found.entered.salt),
            "receipt": _json(await receipt_for(self.log, tenant, found.entered, key)),
            "rule": rule,
            "rule_receipt": _json(await receipt_for(self.log, tenant, rule_entered, key)),
        }


def api_router(agency: Agency) -> APIRouter:
    """Return the API for other services, on behalf of an agency's staff."""
    router = APIRouter(prefix="/{tenant}/verifier/api/eligibility")

    @router.post("", status_code=201)
    @service(Role.AGENCY)
    @describe(NewCheck, gives={201: OBJECT})
    async def begin(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        wish = read_json(NewCheck, await request.body(), agency.desk.limits, BodyError)
        opened = agency.begin(tenant, wish.programme, request.state.actor.actor)
        return JSONResponse(opened_body(agency.desk, opened), 201, NO_STORE)

    @router.get("/{check}")
    @service(Role.AGENCY)
    @describe(gives={200: OBJECT})
    async def state(request: Request, tenant: str, check: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = agency.find(tenant, check)
        told = {} if found.decided is None else found.decided.told[language_of(request)]
        body = {
            **state_body(found.presentation),
            "outcome": found.decided and found.decided.outcome,
            "summary": told.get("summary"),
            "rows": told.get("rows", []),
            "log_index": found.entered and found.entered.index,
        }
        return JSONResponse(body, headers=NO_STORE)

    return router


def page_router(agency: Agency) -> APIRouter:
    """Return the pages of the agency."""
    router = APIRouter(prefix="/{tenant}/verifier")

    @router.get("/")
    @staff(Role.AGENCY)
    async def programmes(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        listed = [(each.id, each.texts) for each in agency.checker.programmes(tenant)]
        return agency.pages.render(request, "programmes.html", programmes=listed)

    @router.post("/eligibility")
    @staff(Role.AGENCY)
    @describe(Fields(optional=("programme",)), gives={303: None})
    async def begin(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        programme = (await request.form()).get("programme")
        if not isinstance(programme, str):
            raise UnknownProgrammeError(tenant)
        opened = agency.begin(tenant, programme, request.state.actor.pseudonym)
        return RedirectResponse(f"/{tenant}/verifier/eligibility/{opened.terms.id}", 303, NO_STORE)

    @router.get("/eligibility/{check}")
    @staff(Role.AGENCY)
    async def page(request: Request, tenant: str, check: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _page(agency, request, agency.find(tenant, check))

    @router.get("/eligibility/{check}/qr.png")
    @staff(Role.AGENCY)
    @describe(gives={200: PICTURE})
    async def picture(tenant: str, check: str) -> Any:  # noqa: ANN401 - FastAPI's response
        presentation = agency.find(tenant, check).presentation
        if not isinstance(presentation, Open):
            raise ClosedPresentationError(state_of(presentation))
        desk = agency.desk
        link = desk.sender.link(presentation, Channel.LINK, now=desk.clock.now())
        return Response(png(link), media_type="image/png", headers=NO_STORE)

    @router.get("/eligibility/{check}/document.json")
    @staff(Role.AGENCY, form=Form.PROBLEM)
    @describe(gives={200: OBJECT})
    async def document(tenant: str, check: str) -> Any:  # noqa: ANN401 - FastAPI's response
        headers = {**NO_STORE, "content-disposition": 'attachment; filename="decision.json"'}
        return JSONResponse(await agency.evidence(tenant, check), headers=headers)

    return router


def _page(agency: Agency, request: Request, found: Found) -> Response:
    language, decided = language_of(request), found.decided
    checker = agency.checker
    texts = checker.catalogue.programmes[found.check.programme].texts
    issuers = {
        checker.addresses.identifier(tenant.id, "issuer"): tenant.names[language]
        for tenant in checker.catalogue.tenants
    }
    return agency.pages.render(
        request,
        "check.html",
        check=found.check,
        title=texts.title[language],
        state=state_of(found.presentation),
        failures=state_body(found.presentation)["failures"],
        refresh=agency.refresh,
        outcome=decided and decided.outcome,
        told=decided and decided.told[language],
        rule_digest=base64url.encode(found.check.rule_digest),
        issuers=issuers,
        status_as_of=found.presentation.judged.status_as_of,
        moment=partial(day_and_minute, utc_offset_hours=agency.utc_offset_hours),
        log_index=found.entered and found.entered.index,
    )


def _json(receipt: Receipt | None) -> Json:
    return None if receipt is None else receipt.to_json()
