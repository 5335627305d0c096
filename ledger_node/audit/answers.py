"""What was found, as JSON and as CSV (RFC 4180) that no spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from fastapi.responses import JSONResponse, Response

from madang.infra.web.errors import NO_STORE
from madang.infra.web.openapi import OBJECT, PAGE, Answers, Content

FORMS: Final[Answers] = {
    200: (PAGE, OBJECT, Content("text/csv")),
    **dict.fromkeys((400, 404), (PAGE, OBJECT)),
}
"""What a page for auditors answers with, by the form that is asked for."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table with a line of headings; what a spreadsheet would compute gets an apostrophe.

    Numbers of ours are never negative, so that rule changes none of them.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_csv(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a table as a file to keep."""
    named = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(
        csv_text(columns, rows),
        media_type="text/csv; charset=utf-8; header=present",
        headers={**NO_STORE, **named, **(headers or {})},
    )


def as_json(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an object."""
    return JSONResponse(value, status, {**NO_STORE, **(headers or {})})
