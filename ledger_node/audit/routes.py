"""Pages for auditors: heads and their transactions, an entry and its way to the root."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request

from ledger_node.audit.model import ProofStep, walk
from ledger_node.publisher.model import LogHead
from ledger_node.publisher.store import SqlLogs
from ledger_node.publisher.usecases import Publisher
from madang.access.marks import staff
from madang.access.staff import Role
from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.entry import Entry, EntryError, commitment
from madang.core.merkle.tiles import TileTree
from madang.infra.web.pages import Pages

HEADS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Found:
    """An entry and its proof."""

    entry: Entry
    steps: tuple[ProofStep, ...]
    head: LogHead
    anchor: LogHead | None


def audit_router(
    publishers: Mapping[str, Publisher], stores: Mapping[str, SqlLogs], pages: Pages
) -> APIRouter:
    """Return the auditor's pages."""
    router = APIRouter(prefix="/{tenant}/log")

    @router.get("/")
    @staff(Role.AUDITOR)
    async def overview(request: Request, tenant: str) -> Any:  # noqa: ANN401 - FastAPI's response
        with stores[tenant]() as store:
            heads = store.heads(HEADS_SHOWN)
        origin = publishers[tenant].origin
        return pages.render(request, "overview.html", heads=heads, origin=origin)

    @router.get("/entries")
    @staff(Role.AUDITOR)
    async def entry(
        request: Request, tenant: str, index: str = "", digest: str = "", salt: str = ""
    ) -> Any:  # noqa: ANN401 - FastAPI's response
        found = _search(publishers[tenant], stores[tenant], index, digest, salt)
        status = 200 if found else 404
        return pages.render(request, "entry.html", status=status, found=found)

    return router


def _search(
    publisher: Publisher, stores: SqlLogs, index: str, digest: str, salt: str
) -> Found | None:
    with stores() as store:
        head = store.newest()
        position = int(index) if index.isdecimal() else None
        if position is None:
            wanted = _commitment(salt, digest)
            position = None if wanted is None else store.index_of(wanted)
        if head is None or position is None or position >= head.size:
            return None
        entry = store.entries(position, position + 1)[0]
        anchor = store.anchored_from(position + 1)
    tree = TileTree(head.size, publisher.files.read)
    proof = tree.inclusion_proof(position, head.size)
    return Found(entry, walk(entry, head.size, proof), head, anchor)


def _commitment(salt: str, digest: str) -> bytes | None:
    try:
        return commitment(base64url.decode(salt.strip()), base64url.decode(digest.strip()))
    except (EncodingError, EntryError):
        return None
