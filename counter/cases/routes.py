"""Pages for the clerk: the cases of the municipality, and one case step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from counter.cases.model import Asked, Document, Evidence, Offered, Opened, PresentationState
from counter.cases.offices import Clerk, OfficeRefused, OfficeUnreachable
from counter.cases.usecases import Counter, NoSuchCase
from counter.settings import Settings
from madang.access.marks import staff
from madang.access.staff import Actor, Role
from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import PAGE, PICTURE, Fields, describe
from madang.infra.web.pages import Pages
from madang.infra.web.qr import png
from madang.infra.web.times import day_and_minute

# Failures of a presentation that have words of their own; the others share one sentence.
_TOLD = {"access_denied", "expired", "status_revoked", "status_suspended", "issuer_not_accredited"}


class FormIncomplete(ValueError):  # noqa: N818 - a state of the form
    """A field is missing, too long or not of its kind; values are not repeated."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages need.

    Attributes:
        counter: the use cases.
        pages: renders.
        settings: limits and times.
        names: names of the certificate types, per language.
    """

    counter: Counter
    pages: Pages
    settings: Settings
    names: Mapping[str, Mapping[str, str]]

    async def show(
        self, request: Request, case_id: str, refused: OfficeRefused | None = None
    ) -> Response:
        """Return the page of a case as it stands now."""
        clerk = _clerk(request)
        seen = await self.counter.look(clerk, case_id)
        stage, trouble, choices = seen.case.stage, seen.trouble, None
        if isinstance(stage, Asked) and stage.state is PresentationState.ANSWERED:
            try:
                choices = await self.counter.offerable(clerk)
            except (OfficeRefused, OfficeUnreachable) as error:
                trouble = error
        return self.pages.render(
            request,
            "case.html",
            status=409 if refused else 200,
            case=seen.case,
            stage=stage,
            kind=_kind(stage),
            link=seen.link,
            renewable=seen.renewable,
            events={type_id: event.value for type_id, event in seen.events.items()},
            trouble=_code(trouble),
            refused=refused,
            failures=_failures(stage),
            choices=choices,
            names=self.names,
            evidence=[each.value for each in Evidence],
            refresh=self.settings.refresh_seconds,
            opened=self.clock_time(seen.case.opened_at),
            until=self.clock_time(seen.link.expires_at) if seen.link else "",
            status_as_of=self.status_time(stage),
        )

    def clock_time(self, seconds: int) -> str:
        """Return hour and minute in the office."""
        offset = timedelta(hours=self.settings.utc_offset_hours)
        return f"{datetime.fromtimestamp(seconds, UTC) + offset:%H:%M}"

    def status_time(self, stage: Opened | Offered | Asked) -> str:
        """Return from when the status of what was shown is; empty where it was in its time."""
        as_of = stage.status_as_of if isinstance(stage, Asked) else None
        offset = self.settings.utc_offset_hours
        return "" if as_of is None else day_and_minute(as_of, utc_offset_hours=offset)

    def picture(self, request: Request, case_id: str, thing: str | None) -> Response:
        """Return the QR picture that a wallet can scan now; NoSuchCase if there is none."""
        clerk = _clerk(request)
        link = self.counter.link(clerk, self.counter.case(clerk, case_id))
        if link is None or (thing is not None and link.thing != thing):
            raise NoSuchCase
        return Response(png(link.uri), media_type="image/png", headers=NO_STORE)

    async def document(self, request: Request) -> Document:
        """Return what the clerk typed; FormIncomplete if it cannot be right."""
        form = await request.form()
        most = self.settings.field_characters
        try:
            birthdate = date.fromisoformat(_field(form, "birthdate", most)).isoformat()
            evidence = Evidence(_field(form, "evidence", most))
        except ValueError:
            raise FormIncomplete from None
        number = _field(form, "document_number", most)
        return Document(_field(form, "name", most), birthdate, number, evidence)


def _field(form: FormData, name: str, most: int) -> str:
    value = form.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= most:
        raise FormIncomplete
    return text


_DOCUMENT = Fields(("birthdate", "evidence", "document_number", "name"))


def cases_router(desk: Desk) -> APIRouter:
    """Return the routes by which a clerk sees cases and opens one."""
    router = APIRouter(prefix="/{tenant}/counter")
    counter, pages = desk.counter, desk.pages

    @router.get("/")
    @staff(Role.CLERK)
    async def overview(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        cases = counter.cases(_clerk(request), desk.settings.cases_shown)
        rows = [(each, _kind(each.stage), desk.clock_time(each.opened_at)) for each in cases]
        return pages.render(request, "cases.html", rows=rows)

    @router.post("/cases")
    @staff(Role.CLERK)
    @describe(Fields(), gives={303: None})
    async def open_case(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _to(tenant, counter.open(_clerk(request)).id)

    @router.get("/cases/{case}")
    @staff(Role.CLERK)
    async def show(request: Request, case: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return await desk.show(request, case)

    @router.get("/cases/{case}/offers/{offer}/qr.png")
    @staff(Role.CLERK)
    @describe(gives={200: PICTURE})
    async def offer_qr(request: Request, case: str, offer: str) -> Any:  # noqa: ANN401 - FastAPI's
        return desk.picture(request, case, offer)

    @router.get("/cases/{case}/presentation/qr.png")
    @staff(Role.CLERK)
    @describe(gives={200: PICTURE})
    async def presentation_qr(request: Request, case: str) -> Any:  # noqa: ANN401 - FastAPI's
        return desk.picture(request, case, None)

    return router


def steps_router(desk: Desk) -> APIRouter:
    """Return the routes by which a clerk moves a case on."""
    router = APIRouter(prefix="/{tenant}/counter/cases/{case}")
    counter = desk.counter

    @router.post("/identity")
    @staff(Role.CLERK)
    @describe(_DOCUMENT, gives={303: None})
    async def identity(request: Request, tenant: str, case: str) -> Any:  # noqa: ANN401 - FastAPI's
        await counter.prove_identity(_clerk(request), case, await desk.document(request))
        return _to(tenant, case)

    @router.post("/presentation")
    @staff(Role.CLERK)
    @describe(Fields(), gives={303: None})
    async def ask(request: Request, tenant: str, case: str) -> Any:  # noqa: ANN401 - FastAPI's
        await counter.ask(_clerk(request), case)
        return _to(tenant, case)

    @router.post("/certificates")
    @staff(Role.CLERK)
    @describe(Fields(optional=("type",)), gives={200: PAGE, 303: None})
    async def offer(request: Request, tenant: str, case: str) -> Any:  # noqa: ANN401 - FastAPI's
        chosen = (await request.form()).getlist("type")
        clerk = _clerk(request)
        try:
            await counter.offer(clerk, case, tuple(map(str, chosen)))
        except OfficeRefused as error:
            if error.certificate_type is None:
                raise
            counter.refused(clerk, case, error)
            return await desk.show(request, case, refused=error)
        return _to(tenant, case)

    @router.post("/offers/{offer}/renew")
    @staff(Role.CLERK)
    @describe(Fields(), gives={303: None})
    async def renew(request: Request, tenant: str, case: str, offer: str) -> Any:  # noqa: ANN401 - FastAPI's
        await counter.renew(_clerk(request), case, offer)
        return _to(tenant, case)

    return router


def _clerk(request: Request) -> Clerk:
    actor: Actor = request.state.actor
    return Clerk(actor.tenant, actor.pseudonym, actor.roles)


def _to(tenant: str, case: str) -> RedirectResponse:
    return RedirectResponse(f"/{tenant}/counter/cases/{case}", 303)


def _kind(stage: Opened | Offered | Asked) -> str:
    """Return the stage's name in texts and templates."""
    if isinstance(stage, Opened):
        return "opened"
    return "offer" if isinstance(stage, Offered) else "presentation"


def _failures(stage: Opened | Offered | Asked) -> list[str]:
    codes = stage.failures if isinstance(stage, Asked) else ()
    return list(dict.fromkeys(code if code in _TOLD else "other" for code in codes))


def _code(trouble: OfficeRefused | OfficeUnreachable | None) -> str:
    if isinstance(trouble, OfficeUnreachable):
        return f"{trouble.office.value}_unreachable"
    return trouble.code.value if trouble else ""
