"""What was found, in the columns of a table and the members of a JSON object."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi import Request

from ledger_node.audit.cosigners import Line
from ledger_node.audit.growing import Growth, Step
from ledger_node.audit.model import Grown, Included
from ledger_node.audit.usecases import Page
from ledger_node.publisher.model import LogHead
from madang.core.encoding import base64url
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.tree import leaf_hash

NOT_FOUND: Final = {"error": "not_found"}
ENTRY: Final = ("index", "kind", "hour", "issuer", "commitment")
HEAD: Final = (
    "size",
    "root",
    "state",
    "transaction",
    "block",
    "block_hash",
    "block_time",
    "signer",
    "key_id",
    "algorithm",
    "cosigned",
    "signature",
)
PERIOD: Final = ("period", *(kind.value for kind in EntryKind), "total", "size")


def link_to(request: Request, name: str, value: int | None) -> dict[str, str]:
    """Return the header that leads to the next page (RFC 8288); none on the last one."""
    if value is None:
        return {}
    url = request.url.include_query_params(**{name: value})
    return {"link": f'<{url.path}?{url.query}>; rel="next"'}


def entry_row(entry: Entry) -> tuple[object, ...]:
    """Return an entry in the columns of ENTRY; the commitment is hex."""
    kind, commitment = entry.kind.value, entry.commitment.hex()
    return entry.sequence, kind, entry.hour, entry.issuer, commitment


def page_value(page: Page) -> dict[str, Any]:
    """Return a page of entries."""
    return {
        "count": page.tally.count,
        "more_than_count": page.tally.more,
        "entries": [dict(zip(ENTRY, entry_row(each), strict=True)) for each in page.entries],
        "next": page.next,
    }


def head_value(head: LogHead, lines: Iterable[Line]) -> dict[str, Any]:
    """Return a head, its note and who signed it."""
    return {
        "size": head.size,
        "root": head.root.hex(),
        "state": head.state.value,
        "transaction": head.transaction,
        "block": head.block,
        "block_hash": head.block_hash,
        "block_time": head.block_time,
        "checkpoint": head.note,
        "signatures": [
            {
                "name": line.name,
                "key_id": line.key_id,
                "algorithm": line.algorithm,
                "time": line.time,
                "state": line.state.value,
            }
            for line in lines
        ],
    }


def head_rows(heads: Iterable[tuple[LogHead, Sequence[Line]]]) -> Iterator[tuple[object, ...]]:
    """Return one row for each signature of each head, in the columns of HEAD."""
    for head, lines in heads:
        own = (head.size, head.root.hex(), head.state.value, head.transaction, head.block)
        for line in lines:
            signature = (line.name, line.key_id, line.algorithm, line.time, line.state.value)
            yield (*own, head.block_hash, head.block_time, *signature)


def proof_value(origin: str, found: Included) -> dict[str, Any]:
    """Return an entry and the proof that it is included; hashes are base64url, as in receipts."""
    data = found.entry.encode()
    return {
        "log_origin": origin,
        "index": found.entry.sequence,
        "entry": dict(zip(ENTRY, entry_row(found.entry), strict=True)),
        "entry_bytes": base64url.encode(data),
        "leaf_hash": base64url.encode(leaf_hash(data)),
        "size": found.head.size,
        "root": base64url.encode(found.head.root),
        "inclusion_proof": [base64url.encode(each) for each in found.proof],
        "checkpoint": found.head.note,
        "holds": found.holds,
        "anchor": None if found.anchor is None else _anchor(found.anchor),
    }


def _anchor(head: LogHead) -> dict[str, Any]:
    return {
        "size": head.size,
        "root": base64url.encode(head.root),
        "state": head.state.value,
        "transaction": head.transaction,
        "block": head.block,
        "block_hash": head.block_hash,
        "block_time": head.block_time,
    }


def grown_value(origin: str, found: Grown) -> dict[str, Any]:
    """Return two heads and the proof that one extends the other; hashes are base64url."""
    return {
        "log_origin": origin,
        "old": {"size": found.old.size, "root": base64url.encode(found.old.root)},
        "new": {"size": found.new.size, "root": base64url.encode(found.new.root)},
        "consistency_proof": [base64url.encode(each) for each in found.proof],
        "checkpoints": [found.old.note, found.new.note],
        "holds": found.holds,
    }


def period_rows(found: Growth | None) -> Iterator[tuple[object, ...]]:
    """Return one row for each period, in the columns of PERIOD."""
    if found is None:
        return
    day = f"{found.day} " if found.step is Step.HOUR else ""
    for period in found.periods:
        counts = (period.counts.get(kind.value, 0) for kind in EntryKind)
        yield (f"{day}{period.name}", *counts, period.total, period.size)


def growth_value(found: Growth | None) -> dict[str, Any]:
    """Return the growth; without periods while the log is empty."""
    rows = [dict(zip(PERIOD, row, strict=True)) for row in period_rows(found)]
    return {"by": found.step.value if found else None, "periods": rows}
