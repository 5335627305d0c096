"""The overview, searching, one entry with its proof, and growth."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse

from ledger_node.audit import figures, usecases
from ledger_node.audit.answers import as_csv, as_json
from ledger_node.audit.desk import Desk, wanted_format
from ledger_node.audit.drawing import draw_growth, draw_path
from ledger_node.audit.growing import Step, growth
from ledger_node.audit.model import ChainHead

ON_A_PAGE: Final = 25
IN_A_FILE: Final = 10_000
HEADS_AT_FIRST: Final = 5


def overview(desk: Desk, request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return the first page: how far the log is, and by what it is known."""
    with desk.logs[tenant]() as state:
        newest, count = state.heads_below(None, HEADS_AT_FIRST), state.head_count()
        anchor = state.on_chain()
    return desk.show(
        request,
        "overview.html",
        origin=desk.publishers[tenant].origin,
        key=desk.keys(tenant).log.encode(),
        heads=[(head, desk.standing(tenant, head, desk.lines(tenant, head))) for head in newest],
        head_count=count,
        anchor=anchor,
        held=bool(desk.publishers[tenant].damage),
    )


def search_page(desk: Desk, request: Request, tenant: str, *, wrong: str = "") -> Any:  # noqa: ANN401 - FastAPI's response
    """Return the form, with the field that could not be read."""
    with desk.logs[tenant]() as state:
        issuers = state.issuers()
    asked = desk.asked(request.query_params).fields
    fields = {name: text for name, text in asked.items() if name != wrong}
    status = 400 if wrong else 200
    return desk.show(
        request, "search.html", status=status, issuers=issuers, fields=fields, wrong=wrong
    )


def entries(desk: Desk, request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return what was found; QuestionError for a field that cannot be read."""
    asked, wanted = desk.asked(request.query_params), wanted_format(request)
    index, before = asked.number("index"), asked.number("before")
    criteria = asked.criteria()
    if index is not None:
        return RedirectResponse(f"/{tenant}/log/entries/{index}", 303)
    limit = IN_A_FILE if wanted else ON_A_PAGE
    found = usecases.search(desk.logs[tenant], criteria, before, limit)
    if not wanted:
        return desk.show(request, "entries.html", found=found, fields=asked.fields)
    more = figures.link_to(request, "before", found.next)
    if wanted == "csv":
        return as_csv("entries", figures.ENTRY, map(figures.entry_row, found.entries), more)
    return as_json(figures.page_value(found), headers=more)


def entry(desk: Desk, request: Request, tenant: str, index: int, chain: ChainHead | None) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return an entry and its proof, to the chain's head unless another is asked for.

    Raises:
        QuestionError: the size cannot be read.
    """
    size = desk.asked(request.query_params).number("size")
    publisher, log = desk.publishers[tenant], desk.logs[tenant]
    found = usecases.look_up_on(chain, publisher, log, index, size)
    if wanted_format(request):
        value = figures.proof_value(publisher.origin, found) if found else figures.NOT_FOUND
        return as_json(value, 200 if found else 404)
    if found is None:
        return desk.show(request, "entry.html", status=404, found=None)
    anchor = found.anchor
    return desk.show(
        request,
        "entry.html",
        found=found,
        picture=draw_path(found.steps),
        lines=desk.lines(tenant, found.head),
        key=desk.keys(tenant).log.encode(),
        chain=chain,
        standing=desk.standing(tenant, anchor, desk.lines(tenant, anchor)) if anchor else "",
    )


def grows(desk: Desk, request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return how the log has grown; QuestionError for a day that cannot be read."""
    asked, wanted = desk.asked(request.query_params), wanted_format(request)
    step = Step.HOUR if asked.fields.get("by") == "hour" else Step.DAY
    found = growth(desk.logs[tenant], step, asked.day("day"), desk.utc_offset_hours)
    if wanted == "csv":
        return as_csv("growth", figures.PERIOD, figures.period_rows(found))
    if wanted == "json":
        return as_json(figures.growth_value(found))
    picture = draw_growth(found.periods) if found else None
    return desk.show(request, "growth.html", found=found, picture=picture)
