"""The agency's pages: questions that are composed without code, and requests that wait."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from madang.access.marks import staff
from madang.access.staff import Role
from madang.core.encoding import strict_json
from madang.core.protocol.dcql.model import parse_query
from madang.infra.web.errors import NO_STORE
from madang.infra.web.i18n import language_of
from madang.infra.web.marks import Form
from madang.infra.web.openapi import PICTURE, Fields, describe
from madang.infra.web.pages import Pages
from madang.infra.web.qr import png
from madang.infra.web.times import day_and_minute
from verifier.presentations.desk import Desk
from verifier.presentations.events import EVENTS, changes, event_stream
from verifier.presentations.explaining import Explainer
from verifier.presentations.manner import only_by_api
from verifier.presentations.model import Open, Presentation
from verifier.presentations.opening import ClosedPresentationError, query_of
from verifier.presentations.present_routes import QR_CHARS
from verifier.presentations.scripts import LIVE
from verifier.presentations.sending import Channel
from verifier.presentations.telling import state_of
from verifier.requests.asking import STAFF, Asking, told
from verifier.requests.callers import Asker
from verifier.requests.composing import (
    Composer,
    TypeOffered,
    added,
    begun,
    offered_for,
    read_form,
)
from verifier.requests.draft import (
    FORMATS,
    NEEDS,
    Draft,
    DraftError,
    Part,
    write_lines,
    write_values,
)
from verifier.requests.model import Question, Wish
from verifier.requests.usecases import Questions, known

_NAME_CHARS: Final = 120
_MODES: Final = ("direct_post.jwt", "direct_post", "dc_api.jwt", "dc_api")


@dataclass(frozen=True, slots=True)
class Study:
    """What the routes need.

    Attributes:
        questions: gives a transaction's questions.
        refresh: seconds between two looks of a page without scripts.
        utc_offset_hours: of the office's clock.
    """

    asking: Asking
    composer: Composer
    explainer: Explainer
    questions: Callable[[Session], Questions]
    pages: Pages
    refresh: int
    utc_offset_hours: int

    @property
    def desk(self) -> Desk:
        """Where requests are opened."""
        return self.asking.desk

    def find(self, tenant: str, question: str) -> Question:
        """Return a question; UnknownQuestionError if the tenant has none of this id."""
        with self.desk.database.reading() as session:
            return known(self.questions(session), tenant, question)

    def keep(self, question: Question, draft: Draft, name: str) -> None:
        """Keep what was composed."""
        now = self.desk.clock.now()
        changed = replace(
            question, draft=draft.to_json(), name=name[:_NAME_CHARS] or "-", changed_at=now
        )
        with self.desk.database.transaction() as session:
            self.questions(session).keep(changed)


def page_router(study: Study) -> APIRouter:
    """Return the routes `…/questions` and `…/requests`."""
    router = APIRouter(prefix="/{tenant}/verifier")
    _questions(router, study)
    _requests(router, study)
    return router


def _questions(router: APIRouter, study: Study) -> None:
    desk = study.desk

    @router.get("/questions")
    @staff(Role.AGENCY)
    async def questions(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _list(study, request, tenant)

    @router.post("/questions")
    @staff(Role.AGENCY)
    @describe(Fields(optional=("name", "purpose")), gives={303: None})
    async def begin(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        form = request.state.form
        purpose, name = str(form.get("purpose", "")), str(form.get("name", "")).strip()
        types = study.composer.types(tenant, purpose, now=desk.clock.now())
        fresh = Question(desk.ids.token(), tenant, name, {}, 0)
        study.keep(fresh, begun(purpose, types), name)
        return _to(tenant, f"questions/{fresh.id}")

    @router.get("/questions/{question}")
    @staff(Role.AGENCY)
    async def composer(request: Request, tenant: str, question: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = study.find(tenant, question)
        return _editor(study, request, found, Draft.from_json(found.draft))

    @router.post("/questions/{question}")
    @staff(Role.AGENCY)
    @describe(Fields(optional=("name", "action")), gives={303: None})
    async def change(request: Request, tenant: str, question: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = study.find(tenant, question)
        return _changed(study, request, found)

    @router.post("/questions/{question}/remove")
    @staff(Role.AGENCY)
    @describe(Fields(), gives={303: None})
    async def remove(tenant: str, question: str) -> Any:  # noqa: ANN401 - FastAPI's response
        with desk.database.transaction() as session:
            study.questions(session).remove(tenant, question)
        return _to(tenant, "questions")


def _requests(router: APIRouter, study: Study) -> None:
    desk = study.desk

    @router.get("/requests/{presentation}")
    @staff(Role.AGENCY)
    async def page(request: Request, tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _waiting(study, request, study.asking.find(tenant, presentation, STAFF))

    @router.get("/requests/{presentation}/qr.png")
    @staff(Role.AGENCY)
    @describe(gives={200: PICTURE})
    async def picture(tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        found = study.asking.find(tenant, presentation, STAFF)
        if not isinstance(found, Open):
            raise ClosedPresentationError(state_of(found))
        return Response(png(_shown_link(desk, found)), media_type="image/png", headers=NO_STORE)

    @router.get("/requests/{presentation}/events")
    @staff(Role.AGENCY, form=Form.PROBLEM)
    @describe(gives={200: EVENTS})
    async def events(tenant: str, presentation: str) -> Any:  # noqa: ANN401 - FastAPI's response
        study.asking.find(tenant, presentation, STAFF)
        return event_stream(changes(desk, tenant, presentation))


def _to(tenant: str, place: str) -> Response:
    return RedirectResponse(f"/{tenant}/verifier/{place}", 303, NO_STORE)


def _list(study: Study, request: Request, tenant: str) -> Response:
    with study.desk.database.reading() as session:
        questions = study.questions(session).all(tenant)
    return study.pages.render(
        request,
        "questions.html",
        questions=questions,
        purposes=study.composer.purposes(tenant, now=study.desk.clock.now()),
        outside=study.composer.may_ask_outside(tenant),
        moment=partial(day_and_minute, utc_offset_hours=study.utc_offset_hours),
    )


def _changed(study: Study, request: Request, question: Question) -> Response:
    """Keep what the page says, then do what its button says."""
    form, tenant = request.state.form, question.tenant
    draft, action = Draft.from_json(question.draft), str(form.get("action", ""))
    types = study.composer.types(tenant, draft.purpose, now=study.desk.clock.now())
    if action.startswith("remove-"):
        draft = draft.without(action.removeprefix("remove-"))
    draft, problem = read_form(form, draft, types)
    try:
        if action == "add":
            draft = added(form, draft, types)
    except DraftError as error:
        problem = problem or error.code
    if action == "ask" and not draft.parts:
        problem = "draft_empty"
    # With a slip too: the next page sent is read by the certificates that this one shows.
    study.keep(question, draft, str(form.get("name", "")).strip())
    if problem:
        return _editor(study, request, question, draft, problem=problem)
    if action != "ask":
        saved = "?saved" if action == "save" else ""
        return _to(tenant, f"questions/{question.id}{saved}")
    asker = Asker(STAFF, request.state.actor.pseudonym)
    mode = str(form.get("mode", ""))
    wish = Wish(
        purpose=draft.purpose,
        dcql_query=study.composer.query(tenant, draft, now=study.desk.clock.now()),
        response_mode=mode if mode in _MODES else _MODES[0],  # type: ignore[arg-type]  # of the list
    )
    opened = study.asking.open(tenant, wish, asker)
    return _to(tenant, f"requests/{opened.terms.id}")


def _editor(
    study: Study, request: Request, question: Question, draft: Draft, *, problem: str = ""
) -> Response:
    tenant, language = question.tenant, language_of(request)
    now, typed = study.desk.clock.now(), request.state.form if problem else {}
    types = study.composer.types(tenant, draft.purpose, now=now)
    query = study.composer.query(tenant, draft, now=now)
    return study.pages.render(
        request,
        "question.html",
        status=400 if problem else 200,
        question=question,
        name=typed.get("name", question.name),
        draft=draft,
        parts=[_shown_part(study, part, types, language, typed) for part in draft.parts],
        types=[(n, each.names[language], each.format) for n, each in enumerate(types)],
        purpose=study.explainer.purpose(draft.purpose, language),
        needs=NEEDS,
        formats=FORMATS,
        modes=_MODES,
        problem=problem,
        saved="saved" in request.query_params,
        preview=study.explainer.asked(parse_query(query), language) if draft.parts else (),
        dcql=strict_json.dumps(query),
    )


def _shown_part(
    study: Study,
    part: Part,
    types: tuple[TypeOffered, ...],
    language: str,
    typed: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a certificate for the template; where something is wrong, with the lines as typed."""
    offered, chosen = offered_for(part, types), {each.path: each.values for each in part.claims}
    label = study.explainer.label
    claims = [
        {
            "label": each.labels.get(language) or label(part.type, each.path, language),
            "path": ".".join("*" if step is None else str(step) for step in each.path),
            "checked": each.path in chosen,
            "allowed": write_values(chosen.get(each.path, ())),
        }
        for each in (offered.claims if offered else ())
    ]
    name = study.explainer.type_name(part.type, language)
    lines = typed.get(f"lines-{part.id}", write_lines(part.claims))
    return {"part": part, "name": name, "claims": claims, "lines": lines, "known": bool(offered)}


def _shown_link(desk: Desk, waiting: Open) -> str:
    """Return what the picture holds: the request, or its page where only a browser can ask."""
    if only_by_api(waiting.terms.manner):
        return desk.sender.page(waiting.terms)
    return desk.sender.link(waiting, Channel.LINK, now=desk.clock.now())


def _waiting(study: Study, request: Request, found: Presentation) -> Response:
    language, desk = language_of(request), study.desk
    link = _shown_link(desk, found) if isinstance(found, Open) else ""
    body = told(found)
    result: Any = body["result"]
    return study.pages.render(
        request,
        "request.html",
        headers=LIVE,
        request_id=found.terms.id,
        state=body["state"],
        steps=body["steps"],
        reasons=body["reasons"],
        purpose=study.explainer.purpose(found.terms.purpose, language),
        asked=study.explainer.asked(query_of(found.terms.query), language),
        link=link,
        picture=bool(link) and len(link) <= QR_CHARS,
        page=desk.sender.page(found.terms),
        seen=" ".join((state_of(found), *found.judged.codes)),
        refresh=study.refresh,
        credentials=[_shown_credential(study, each, language) for each in _credentials(result)],
        dcql=found.terms.query,
    )


def _credentials(result: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON of our own
    return [] if result is None else list(result["credentials"])


def _shown_credential(study: Study, proved: dict[str, Any], language: str) -> dict[str, Any]:
    label, type_ = study.explainer.label, proved["type"]
    claims = [
        (
            label(type_, path, language),
            value if isinstance(value, str) else strict_json.dumps(value),
        )
        for path, value in _leaves(proved["claims"])
    ]
    issuers = {
        desk_name(study, tenant.id): tenant.names[language]
        for tenant in study.explainer.catalogue.tenants
    }
    return {
        "name": study.explainer.type_name(type_, language),
        "issuer": issuers.get(proved["issuer"], proved["issuer"]),
        "standing": proved["standing"],
        "claims": claims,
    }


def desk_name(study: Study, tenant: str) -> str:
    """Return the identifier of a municipality's issuer."""
    return study.explainer.addresses.identifier(tenant, "issuer")


def _leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - claims
    if not isinstance(value, dict):
        return [(path, value)]
    return [leaf for name, each in value.items() for leaf in _leaves(each, (*path, name))]
