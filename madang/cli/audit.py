"""`madang audit log`: an auditor's check, with nothing but a log, files and a node."""

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Iterable
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts import addresses
from contracts.addresses import DeploymentError
from ledger_node.audit import inspection
from ledger_node.audit.fetching import MAX_BUNDLE_BYTES, fetch_log
from ledger_node.audit.inspection import ChainPoint, DecisionEvidence, GivenLog, Inspection
from ledger_node.audit.reading import AuditInputError
from ledger_node.audit.row_file import RowFile
from madang.cli import audit_report
from madang.cli.plain import plain
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.evidence.receipt import Receipt, ReceiptError
from madang.core.evidence.rows import RowError
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import (
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    NoteError,
    VerifierKey,
)
from madang.infra.anchors import AnchorsError, load_anchors
from madang.infra.chain import Anchor, Block
from madang.infra.http import HttpxClient
from madang.infra.rpc import RpcError
from madang.infra.settings import CommonSettings

UNREADABLE = 2
_ERRORS = (
    AnchorsError,
    AuditInputError,
    BrokenProcessPool,
    DeploymentError,
    NoteError,
    OSError,
    RowError,
    RpcError,
)

_BLOCK = re.compile(r"(\d{1,15}):(0x[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Given:
    """What an auditor named on the command line, read where it is small.

    Attributes:
        log: folder or address of the log.
        known: the log's keys and checkpoints; its folder is not set yet.
        cache: where what is fetched is kept; None for a folder that is removed afterwards.
        processes: how many work; None for one for each core.
    """

    log: str
    known: GivenLog
    point: ChainPoint
    receipts: tuple[Path, ...] = ()
    decision: Path | None = None
    database: Path | None = None
    cache: Path | None = None
    processes: int | None = None


def audit(
    log: Annotated[str, typer.Option(help="Folder or address of the log: checkpoint, tiles.")],
    key: Annotated[Path, typer.Option(help="File with the log's verifier key.")],
    contract: Annotated[Path, typer.Option(help="File that says where the contracts are.")],
    owner: Annotated[Path, typer.Option(help="File with the address that opened the log.")],
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of a node of the chain.")],
    *,
    receipt: Annotated[list[Path] | None, typer.Option(help="A holder's receipt.")] = None,
    decision: Annotated[Path | None, typer.Option(help="A decision with its evidence.")] = None,
    database: Annotated[Path | None, typer.Option(help="An issuer's database export.")] = None,
    second_key: Annotated[
        Path | None, typer.Option(help="File with the log's second key, of ML-DSA-44.")
    ] = None,
    witness: Annotated[
        list[Path] | None, typer.Option(help="File with a witness's key; several can be given.")
    ] = None,
    quorum: Annotated[
        int | None,
        typer.Option(
            min=1, help="Witnesses that must have cosigned the newest head; most unless said."
        ),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that somebody else was given.")
    ] = None,
    known_block: Annotated[
        str, typer.Option(help="NUMBER:0xHASH of a block that was final in an earlier audit.")
    ] = "",
    cache: Annotated[
        Path | None, typer.Option(help="Folder that keeps what is fetched of a log by address.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many work; one for each core unless said.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove a log, what stands in it, and a decision; exit 1 when anything is found."""
    try:
        witnesses = [CosignerKey.parse(_text(each), ED25519_COSIGNATURE) for each in witness or ()]
        most = len(witnesses) // 2 + 1 if witnesses else 0
        known = GivenLog(
            folder=Path(log),
            key=VerifierKey.parse(_text(key)),
            second_key=None if second_key is None else _second(_text(second_key)),
            witnesses=tuple(witnesses),
            quorum=most if quorum is None else quorum,
            checkpoints=tuple((f"file {each}", each.read_bytes()) for each in checkpoint or ()),
        )
        point = ChainPoint(rpc, addresses.read(contract), _text(owner), _block(known_block))
        files = (tuple(receipt or ()), decision, database)
        found = asyncio.run(inspect(Given(log, known, point, *files, cache, processes)))
    except _ERRORS as error:
        typer.echo(f"cannot audit: {plain(str(error))}", err=True)
        raise typer.Exit(UNREADABLE) from error
    typer.echo(json.dumps(found.as_json()) if as_json else audit_report.told(found))
    raise typer.Exit(0 if found.ok else 1)


async def inspect(given: Given) -> Inspection:
    """Check everything that was given.

    Raises:
        AuditInputError, RowError, RpcError, OSError: something cannot be read.
    """
    found = Inspection()
    anchors = await inspection.read_anchors(given.point, given.known.key.name, found)
    rows = None if given.database is None else RowFile(given.database)
    async with _at_hand(given, anchors) as log:
        read = inspection.inspect_log(log, anchors, rows, found, given.processes)
        if rows is not None:
            found.proved["database_rows"] = len(rows)
        for path in given.receipts:
            inspection.inspect_receipt(path.name, _receipt(path.name, _json(path)), read, found)
        if given.decision is not None:
            inspection.inspect_decision(_decision(given.decision), read, found)
    return found


@asynccontextmanager
async def _at_hand(given: Given, anchors: Iterable[Anchor]) -> AsyncIterator[GivenLog]:
    """Give the log in a folder, fetched where an address was named."""
    if not given.log.startswith(("http://", "https://")):
        yield given.known
        return
    with tempfile.TemporaryDirectory() as passing:
        # A folder for each log: files of another would read like a history that was rewritten.
        folder = (given.cache or Path(passing)) / given.known.key.key_id.hex()
        trusted = load_anchors(CommonSettings().tls_anchors)
        http = HttpxClient(max_bytes=MAX_BUNDLE_BYTES, anchors=trusted)
        try:
            anchored = max((each.size for each in anchors), default=0)
            await fetch_log(given.log, folder, given.known.key, anchored, http)
        finally:
            await http.close()
        yield replace(given.known, folder=folder)


def _second(text: str) -> CosignerKey:
    """Return the second key; one of a curve would be no second one (ADR 0020)."""
    return CosignerKey.parse(text, ML_DSA_44_COSIGNATURE)


def _block(told: str) -> Block | None:
    if not told:
        return None
    form = _BLOCK.fullmatch(told)
    if form is None:
        raise AuditInputError(f"block {told[:100]!r}, expected NUMBER:0x and 64 hex digits")
    return Block(int(form[1]), form[2], 0)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AuditInputError(f"{path} cannot be read: {error}") from error


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return strict_json.loads(path.read_bytes())
    except (OSError, EncodingError) as error:
        raise AuditInputError(f"{path} cannot be read: {error}") from error


def _receipt(name: str, value: Any) -> Receipt:  # noqa: ANN401 - any JSON value
    try:
        return Receipt.from_json(value)
    except ReceiptError as error:
        raise AuditInputError(f"{name}: {error}") from error


def _decision(path: Path) -> DecisionEvidence:
    value = _json(path)
    try:
        return DecisionEvidence(
            document=value["document"],
            rule=value["rule"],
            receipt=_receipt("the decision's receipt", value["receipt"]),
            rule_receipt=_receipt("the rule's receipt", value["rule_receipt"]),
        )
    except (KeyError, TypeError) as error:
        raise AuditInputError(f"{path} lacks {error}") from error
