"""Appending by services, and the published log over HTTP (C2SP tlog-tiles)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ledger_node.publisher.model import AppendError, ForeignOfficeError, Submitted
from ledger_node.publisher.usecases import AnchoredLog, Publisher
from madang.access.marks import public, service
from madang.access.service_token import ServiceIdentity
from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.tiles import TileError, parse_path
from madang.infra.tenancy import UnknownTenant
from madang.infra.web.marks import Form

_KEY = re.compile(r"[A-Za-z0-9._:-]{8,128}")
FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}
NOT_LONG: Final = {"cache-control": "no-cache"}
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
    async def append(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        caller: ServiceIdentity = request.state.actor
        entries = _entries(await request.body(), append_entries)
        if any(entry.issuer != caller.issuer for entry in entries):
            raise ForeignOfficeError(caller.issuer)
        indexes = publishers[tenant].accept(entries)
        return {"entries": [{"key": key, "index": index} for key, index in indexes.items()]}

    return router


def reading_router(
    publishers: Mapping[str, Publisher], logs: Mapping[str, AnchoredLog]
) -> APIRouter:
    """Return the routes by which anybody reads the logs.

    Args:
        publishers: the one writer of each log, by tenant.
        logs: the anchored heads of each log, by tenant.
    """
    router = APIRouter(prefix="/{tenant}/log")

    @router.get("/checkpoint")
    @public(_OPEN, Form.PROBLEM)
    async def checkpoint(tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        note = publishers[tenant].files.checkpoint()
        if note is None:
            raise UnknownTenant(tenant)
        return Response(note, media_type="text/plain; charset=utf-8", headers=NOT_LONG)

    @router.get("/tile/{path:path}")
    @public(_OPEN, Form.PROBLEM)
    async def tile(tenant: str, path: str) -> Any:  # noqa: ANN401 - FastAPI's response
        try:
            content = publishers[tenant].files.read(parse_path(f"tile/{path}"))
        except (TileError, FileNotFoundError):
            raise UnknownTenant(tenant) from None
        return Response(content, media_type="application/octet-stream", headers=FOR_EVER)

    @router.get("/anchors/{size}")
    @public(_OPEN, Form.PROBLEM)
    async def anchor(tenant: str, size: int) -> Any:  # noqa: ANN401 - FastAPI's response
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
        return JSONResponse(body, headers=NOT_LONG)

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
