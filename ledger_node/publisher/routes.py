"""Appending by services, and the published log over HTTP (C2SP tlog-tiles)."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from ledger_node.publisher.model import AppendError, ForeignOfficeError, Submitted
from ledger_node.publisher.ports import AnchoredLog
from ledger_node.publisher.usecases import Publisher
from ledger_node.publisher.witnessing import Witnessing
from madang.access.marks import public, service
from madang.access.service_token import ServiceIdentity
from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.entry import MAX_NUMBER, Entry, EntryKind
from madang.core.merkle.tiles import TileError, parse_path
from madang.infra.tenancy import UnknownTenant
from madang.infra.web.marks import Form
from madang.infra.web.openapi import OBJECT, Content, describe
from madang.infra.web.published import READING, changing, lasting

Number = Annotated[int, Path(ge=0, le=MAX_NUMBER)]
_KEY = re.compile(r"[A-Za-z0-9._:-]{8,128}")
_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
_JSON: Final = "application/json"
_ENTRIES: Final = {
    "type": "object",
    "properties": {"entries": {"type": "array", "items": {"type": "object"}, "minItems": 1}},
    "required": ["entries"],
}
_OPEN = "the log is for everybody to read"


def append_router(publishers: Mapping[str, Publisher], append_entries: int) -> APIRouter:
    """Return the route by which services hand over entries.

    Args:
        publishers: the one writer of each log, by tenant.
        append_entries: most entries in one call.
    """
    router = APIRouter(prefix="/{tenant}/log")

    @router.post("/entries")
    @service()
    @describe(Content(_JSON, _ENTRIES), gives={200: OBJECT})
    async def append(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        caller: ServiceIdentity = request.state.actor
        entries = _entries(await request.body(), append_entries)
        if any(entry.issuer != caller.issuer for entry in entries):
            raise ForeignOfficeError(caller.issuer)
        indexes = publishers[tenant].accept(entries)
        given = [{"key": key, "index": index} for key, index in indexes.items()]
        return JSONResponse({"entries": given})

    return router


def reading_router(
    publishers: Mapping[str, Publisher],
    logs: Mapping[str, AnchoredLog],
    witnessing: Mapping[str, Witnessing],
) -> APIRouter:
    """Return the routes by which anybody reads the logs.

    Args:
        publishers: the one writer of each log, by tenant.
        logs: the anchored heads of each log, by tenant.
        witnessing: the witnesses of each log, by tenant.
    """
    router = APIRouter(prefix="/{tenant}/log")

    @router.api_route("/checkpoint", methods=[*READING])
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: Content(_TEXT), 304: None})
    async def checkpoint(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        note = publishers[tenant].files.checkpoint()
        if note is None:
            raise UnknownTenant(tenant)
        return changing(request, note, _TEXT)

    @router.api_route("/tile/{path:path}", methods=[*READING])
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: Content(_BYTES)})
    async def tile(request: Request, tenant: str, path: str) -> Any:  # noqa: ANN401 - FastAPI's response
        try:
            wanted = parse_path(f"tile/{path}")
            content = publishers[tenant].files.served(wanted)
        except (TileError, FileNotFoundError):
            raise UnknownTenant(tenant) from None
        # Hashes do not become smaller, entries do (C2SP tlog-tiles, Log entries).
        return lasting(request, content, _BYTES, packed=wanted.level is None)

    @router.api_route("/witnesses", methods=[*READING])
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: OBJECT, 304: None})
    async def witnesses(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        return changing(request, strict_json.dumps(asdict(witnessing[tenant].state())), _JSON)

    @router.api_route("/anchors/{size}", methods=[*READING])
    @public(_OPEN, Form.PROBLEM)
    @describe(gives={200: OBJECT, 304: None})
    async def anchor(request: Request, tenant: str, size: Number) -> Any:  # noqa: ANN401 - FastAPI's response
        with logs[tenant]() as heads:
            head = heads.anchored_from(size)
        if head is None:
            raise UnknownTenant(tenant)
        body = {
            "size": head.size,
            "root": base64url.encode(head.root),
            "transaction": head.transaction,
            "block": head.block,
            "block_hash": head.block_hash,
            "block_time": head.block_time,
            "state": head.state.value,
        }
        return changing(request, strict_json.dumps(body), _JSON)

    return router


def _entries(body: bytes, limit: int) -> list[Submitted]:
    try:
        value = strict_json.loads(body)
    except EncodingError as error:
        raise AppendError(str(error)) from error
    listed = value.get("entries") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= limit:
        raise AppendError(f"entries: an array of 1 to {limit} objects was expected")
    return [_entry(item) for item in listed]


def _entry(item: object) -> Submitted:
    match item:
        case {
            "key": str(key),
            "kind": str(kind),
            "commitment": str(commitment),
            "issuer": str(issuer),
            "hour": int(hour),
        } if _KEY.fullmatch(key):
            try:
                decoded = base64url.decode(commitment)
                known = EntryKind(kind)
            except ValueError as error:
                raise AppendError(f"an entry: {error}") from error
            # What cannot stand in the log is refused here: later it would hold up all others.
            Entry(0, known, hour, issuer, decoded)
            return Submitted(key, known, decoded, issuer, hour)
    raise AppendError("an entry has key, kind, commitment of 32 bytes, issuer and a full hour")
