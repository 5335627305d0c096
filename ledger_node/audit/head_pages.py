"""Heads, who signed them, and how one extends another."""

from typing import Any, Final

from fastapi import Request

from ledger_node.audit import figures, usecases
from ledger_node.audit.answers import as_csv, as_json
from ledger_node.audit.desk import Desk, wanted_format
from ledger_node.audit.drawing import draw_path

ON_A_PAGE: Final = 25
IN_A_FILE: Final = 1_000


def heads(desk: Desk, request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return the heads, newest first; QuestionError for a size that cannot be read."""
    wanted = wanted_format(request)
    below = desk.asked(request.query_params).number("below")
    limit = IN_A_FILE if wanted else ON_A_PAGE
    with desk.logs[tenant]() as state:
        found, count = state.heads_below(below, limit + 1), state.head_count()
        newest = state.on_chain()
    shown, rest = found[:limit], found[limit:]
    signed = [(head, desk.lines(tenant, head)) for head in shown]
    states = [desk.standing(tenant, head, lines) for head, lines in signed]
    further = shown[-1].size if rest else None
    more = figures.link_to(request, "below", further)
    if wanted == "csv":
        return as_csv("heads", figures.HEAD, figures.head_rows(signed), more)
    if wanted == "json":
        values = [figures.head_value(head, lines) for head, lines in signed]
        return as_json({"count": count, "heads": values, "next": further}, headers=more)
    return desk.show(
        request,
        "heads.html",
        heads=[(*each, state) for each, state in zip(signed, states, strict=True)],
        count=count,
        next=further,
        first=below is None,
        chain_size=newest.size if newest else 0,
    )


def head(desk: Desk, request: Request, tenant: str, size: int) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return one head."""
    with desk.logs[tenant]() as state:
        found, cover = state.head(size), state.covering(size)
        earlier = state.heads_below(size, 1)
    lines = desk.lines(tenant, found) if found else []
    status = 200 if found else 404
    if wanted_format(request):
        value = figures.head_value(found, lines) if found else figures.NOT_FOUND
        return as_json(value, status)
    standing = desk.standing(tenant, found, lines) if found else ""
    values = {"head": found, "state": standing, "cover": cover, "lines": lines, "earlier": earlier}
    return desk.show(request, "head.html", status=status, **values)


def consistency(desk: Desk, request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
    """Return how one head extends another; QuestionError for a size that cannot be read."""
    asked = desk.asked(request.query_params)
    old, new = asked.number("old"), asked.number("new")
    publisher, found = desk.publishers[tenant], None
    if old is not None and new is not None:
        found = usecases.grown(publisher, desk.logs[tenant], old, new)
    if wanted_format(request):
        value = figures.grown_value(publisher.origin, found) if found else figures.NOT_FOUND
        return as_json(value, 200 if found else 404)
    missing = found is None and (old is not None or new is not None)
    return desk.show(
        request,
        "consistency.html",
        status=404 if missing else 200,
        found=found,
        missing=missing,
        fields=asked.fields,
        picture=draw_path(found.steps) if found else None,
        key=desk.keys(tenant).log.encode(),
    )
