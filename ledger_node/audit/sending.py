"""Pages that take something in: a receipt, an export, two heads. Nothing of it is kept."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from ledger_node.audit import usecases
from ledger_node.audit.answers import FORMS, as_csv, as_json
from ledger_node.audit.asking import QuestionError
from ledger_node.audit.comparing import ExportError, find_number, kept_from, read_export
from ledger_node.audit.desk import Desk
from ledger_node.audit.splitting import Seen, judge, look_at
from madang.access.marks import staff
from madang.access.staff import Role
from madang.core.evidence.receipt import MAX_RECEIPT_BYTES, Receipt, ReceiptError
from madang.core.merkle.note import NoteError
from madang.infra.web.openapi import PAGE, Fields, describe

DIFFERENCES_SHOWN: Final = 500
DIFFERENCE: Final = ("code", "where", "detail")


def sending_router(desk: Desk) -> APIRouter:
    """Return the pages to which an auditor sends a file or a text."""
    router = APIRouter(prefix="/{tenant}/log")
    _find(router, desk)
    _compare(router, desk)
    _split(router, desk)
    return router


def _find(router: APIRouter, desk: Desk) -> None:
    @router.get("/find")
    @staff(Role.AUDITOR)
    def form(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        return desk.show(request, "find.html", wrong="", detail="")

    @router.post("/find/commitment")
    @staff(Role.AUDITOR)
    @describe(Fields(optional=("salt", "digest")), gives={200: PAGE, 303: None})
    def by_commitment(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        fields = desk.asked(request.state.form).fields
        salt, digest = fields.get("salt", ""), fields.get("digest", "")
        index = usecases.index_of(desk.logs[tenant], salt, digest)
        if index is None:
            return desk.show(request, "find.html", status=404, wrong="commitment", detail="")
        return RedirectResponse(f"/{tenant}/log/entries/{index}", 303)

    @router.post("/find/receipt")
    @staff(Role.AUDITOR, upload_bytes=MAX_RECEIPT_BYTES * 2)
    @describe(Fields(files=("receipt",)), gives={200: PAGE})
    def by_receipt(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        try:
            receipt = Receipt.parse(_file(request.state.form, "receipt"))
        except ReceiptError as error:
            return _refused(desk, request, "receipt", str(error))
        verdict = usecases.judge(desk.publishers[tenant], desk.logs[tenant], receipt)
        return desk.show(request, "receipt.html", receipt=receipt, verdict=verdict)

    @router.post("/find/number")
    @staff(Role.AUDITOR, upload_bytes=desk.upload_bytes)
    @describe(Fields(("number",), files=("export",)), gives={200: PAGE})
    def by_number(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return _by_number(desk, request, tenant)


def _by_number(desk: Desk, request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
    number = desk.asked(request.state.form).fields.get("number", "").strip()
    if not number:
        return _refused(desk, request, "number", "")
    try:
        with desk.comparer.turn():
            rows = read_export(_file(request.state.form, "export"))
            found = find_number(desk.logs[tenant], rows, number)
    except ExportError as error:
        return _refused(desk, request, "export", str(error))
    status = 200 if found else 404
    return desk.show(request, "number.html", status=status, number=number, found=found)


def _refused(desk: Desk, request: Request, wrong: str, detail: str) -> Any:  # noqa: ANN401 - FastAPI's response
    return desk.show(request, "find.html", status=400, wrong=wrong, detail=detail)


def _compare(router: APIRouter, desk: Desk) -> None:
    @router.get("/compare")
    @staff(Role.AUDITOR)
    def form(request: Request) -> Any:  # noqa: ANN401 - FastAPI's response
        return desk.show(request, "compare.html", found=None, wrong="", detail="")

    @router.post("/compare")
    @staff(Role.AUDITOR, upload_bytes=desk.upload_bytes)
    @describe(Fields(optional=("kept", "format"), files=("export",)), gives=FORMS)
    def compare(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        asked = desk.asked(request.state.form)
        try:
            since = kept_from(asked.day("kept"), desk.utc_offset_hours)
            content = _file(request.state.form, "export")
            found = desk.comparer.compare(
                desk.publishers[tenant], desk.logs[tenant], content, since
            )
        except (QuestionError, ExportError) as error:
            wrong = error.field if isinstance(error, QuestionError) else "export"
            page = {"found": None, "wrong": wrong, "detail": str(error)}
            return desk.show(request, "compare.html", status=400, **page)
        wanted = asked.fields.get("format", "")
        if wanted == "csv":
            rows = ((each.code.value, each.where, each.detail) for each in found.findings)
            return as_csv("differences", DIFFERENCE, rows)
        if wanted == "json":
            return as_json(found.as_json())
        shown = found.findings[:DIFFERENCES_SHOWN]
        return desk.show(request, "compare.html", found=found, shown=shown, wrong="", detail="")


def _split(router: APIRouter, desk: Desk) -> None:
    @router.get("/split")
    @staff(Role.AUDITOR)
    async def form(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        conflicts = await desk.conflicts(tenant)

        def page() -> Any:  # noqa: ANN401 - FastAPI's response
            kept = [_side_by_side(desk, tenant, pair) for pair in conflicts]
            return desk.show(request, "split.html", pairs=kept, asked=False, fields={}, wrong="")

        return await run_in_threadpool(page)

    @router.post("/split")
    @staff(Role.AUDITOR)
    @describe(Fields(optional=("first", "second")), gives={200: PAGE})
    def split(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        fields = desk.asked(request.state.form).fields
        notes = [_note(fields.get(name, "")) for name in ("first", "second")]
        try:
            pair = _side_by_side(desk, tenant, (notes[0], notes[1]))
        except NoteError as error:
            more = {"pairs": [], "asked": True, "fields": fields, "wrong": str(error)}
            return desk.show(request, "split.html", status=400, **more)
        return desk.show(request, "split.html", pairs=[pair], asked=True, fields=fields, wrong="")


def _side_by_side(desk: Desk, tenant: str, pair: tuple[str, str]) -> tuple[str, tuple[Seen, Seen]]:
    keys = desk.keys(tenant)
    first, second = (look_at(desk.publishers[tenant], keys, note) for note in pair)
    return judge(first, second).value, (first, second)


def _note(text: str) -> str:
    """Return a checkpoint as it was before it went through a form's text field."""
    return text.replace("\r\n", "\n").strip("\n") + "\n"


def _file(form: Mapping[str, str | bytes], name: str) -> bytes:
    value = form.get(name, b"")
    return value if isinstance(value, bytes) else value.encode()
