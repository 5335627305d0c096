"""From an error to an answer, in the form of the route, with one line in the journal."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from madang.infra import journal
from madang.infra.clock import Clock
from madang.infra.db import Database
from madang.infra.tenancy import UnknownTenant
from madang.infra.web.limits import HEADERS
from madang.infra.web.marks import Form, access_of
from madang.infra.web.pages import Pages

NO_STORE = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """How an error is told.

    Attributes:
        status: HTTP status.
        code: fixed word of the protocol, the API or the page's text `error.<code>`.
        journal: fixed code in the journal; empty for what is no refusal of ours.
        detail: a sentence for whoever builds a client; no personal data, no library's text.
        headers: further headers, such as WWW-Authenticate.
        location: where a person is sent instead, such as the sign-in page.
    """

    status: int
    code: str
    journal: str = ""
    detail: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    location: str = ""


class Problem(BaseModel):
    """Body of a refusal of an API (RFC 9457 section 3).

    Attributes:
        type: `urn:madang:problem:<code>`.
        title: the code.
        status: the HTTP status again.
        detail: a sentence for whoever builds a client.
    """

    type: str
    title: str
    status: int
    detail: str | None = None


Table: TypeAlias = Mapping[type[Exception], Callable[[Any], Refusal]]


@dataclass(frozen=True, slots=True)
class Refuser:
    """Answers errors.

    Attributes:
        database: where the journal is.
        clock: tells when.
        pages: renders the page for people.
    """

    database: Database
    clock: Clock
    pages: Pages

    def answer(self, request: Request, refusal: Refusal) -> Response:
        """Write the journal's line and return the answer."""
        if refusal.journal:
            self._note(request, refusal.journal)
        # Answers to mistakes of ours do not pass through the middleware that adds these.
        headers = {**HEADERS, **NO_STORE, **refusal.headers}
        access = access_of(request.scope.get("endpoint"))
        form = access.form if access else _form_by_accept(request)
        if form is Form.OAUTH:
            return _oauth(refusal, headers)
        if form is Form.PROBLEM:
            return _problem(refusal, headers)
        if refusal.location:
            return RedirectResponse(refusal.location, 303, headers)
        return self.pages.render(
            request, "error.html", status=refusal.status, headers=headers, code=refusal.code
        )

    def _note(self, request: Request, code: str) -> None:
        tenant = str(request.path_params.get("tenant", "-"))
        with self.database.transaction() as session:
            journal.record(session, tenant, code, at=self.clock.now())


def install(app: FastAPI, refuser: Refuser, table: Table) -> None:
    """Answer every error of the table, and whatever else may come, by `refuser`."""
    for kind, to_refusal in {**_COMMON, **table}.items():
        app.add_exception_handler(kind, _handler(refuser, to_refusal))


def _handler(
    refuser: Refuser, to_refusal: Callable[[Any], Refusal]
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        return refuser.answer(request, to_refusal(error))

    return handle


def _form_by_accept(request: Request) -> Form:
    return Form.PAGE if "text/html" in request.headers.get("accept", "") else Form.PROBLEM


def _oauth(refusal: Refusal, headers: Mapping[str, str]) -> JSONResponse:
    body = {"error": refusal.code}
    if refusal.detail:
        body["error_description"] = refusal.detail
    return JSONResponse(body, refusal.status, dict(headers))


def _problem(refusal: Refusal, headers: Mapping[str, str]) -> JSONResponse:
    problem = Problem(
        type=f"urn:madang:problem:{refusal.code}",
        title=refusal.code,
        status=refusal.status,
        detail=refusal.detail or None,
    )
    body = problem.model_dump(exclude_none=True)
    return JSONResponse(body, refusal.status, dict(headers), media_type="application/problem+json")


def _http(error: HTTPException) -> Refusal:
    names = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}
    code = names.get(error.status_code, "invalid_request")
    return Refusal(error.status_code, code, headers=error.headers or {})


_COMMON: Table = {
    HTTPException: _http,
    RequestValidationError: lambda _: Refusal(400, "invalid_request", "request.malformed"),
    # PostgreSQL takes no NUL in text, and no number beyond its columns: nothing is named like that.
    DataError: lambda _: Refusal(400, "invalid_request", "request.malformed"),
    UnknownTenant: lambda _: Refusal(404, "not_found"),
    Exception: lambda _: Refusal(500, "server_error", "server.error"),
}
