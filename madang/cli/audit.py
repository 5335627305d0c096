"""`madang audit log`: an auditor's check, with nothing but files and a node."""

import asyncio
import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from contracts import addresses
from contracts.addresses import DeploymentError
from ledger_node.audit import inspection
from ledger_node.audit.inspection import (
    AuditInputError,
    ChainPoint,
    DecisionEvidence,
    Inspection,
)
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.evidence.receipt import Receipt, ReceiptError
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import ML_DSA_44_COSIGNATURE, NoteError, VerifierKey
from madang.infra.chain import Block
from madang.infra.rpc import RpcError

UNREADABLE = 2
_BLOCK = re.compile(r"(\d{1,15}):(0x[0-9a-f]{64})")


def audit(
    log: Annotated[Path, typer.Option(help="Folder of the log: checkpoint and tiles.")],
    key: Annotated[Path, typer.Option(help="File with the log's verifier key.")],
    contract: Annotated[Path, typer.Option(help="File that says where the contract is.")],
    owner: Annotated[Path, typer.Option(help="File with the address that opened the log.")],
    rpc: Annotated[str, typer.Option(help="JSON-RPC address of a node of the chain.")],
    receipt: Annotated[list[Path] | None, typer.Option(help="A holder's receipt.")] = None,
    decision: Annotated[Path | None, typer.Option(help="A decision with its evidence.")] = None,
    database: Annotated[Path | None, typer.Option(help="An issuer's database export.")] = None,
    *,
    second_key: Annotated[
        Path | None, typer.Option(help="File with the log's second key, of ML-DSA-44.")
    ] = None,
    known_block: Annotated[
        str, typer.Option(help="NUMBER:0xHASH of a block that was final in an earlier audit.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove a log, what stands in it, and a decision; exit 1 when anything is found."""
    try:
        point = ChainPoint(rpc, addresses.read(contract), _text(owner), _block(known_block))
        known = VerifierKey.parse(_text(key))
        second = None if second_key is None else _second(_text(second_key))
        found = asyncio.run(inspect(log, known, point, receipt or [], decision, database, second))
    except (AuditInputError, DeploymentError, NoteError, OSError, RpcError) as error:
        typer.echo(f"cannot audit: {error}", err=True)
        raise typer.Exit(UNREADABLE) from error
    typer.echo(json.dumps(found.as_json()) if as_json else _told(found))
    raise typer.Exit(0 if found.ok else 1)


def _second(text: str) -> CosignerKey:
    """Return the second key; one of a curve would be no second one (ADR 0020)."""
    return CosignerKey.parse(text, ML_DSA_44_COSIGNATURE)


async def inspect(
    log: Path,
    key: VerifierKey,
    point: ChainPoint,
    receipts: list[Path],
    decision: Path | None,
    database: Path | None,
    second_key: CosignerKey | None = None,
) -> Inspection:
    """Check everything that was given.

    Raises:
        AuditInputError, RpcError: something cannot be read.
    """
    found = Inspection()
    anchors = await inspection.read_anchors(point, key.name, found)
    rows = None if database is None else inspection.parse_rows(_lines(database))
    read = inspection.inspect_log(log, key, anchors, rows, found, second_key)
    if rows is not None:
        found.proved["database_rows"] = len(rows)
    for path in receipts:
        inspection.inspect_receipt(path.name, _receipt(path.name, _json(path)), read, found)
    if decision is not None:
        inspection.inspect_decision(_decision(decision), read, found)
    return found


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


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        return [strict_json.loads(line) for line in path.read_bytes().splitlines() if line]
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


def _told(found: Inspection) -> str:
    proved = found.proved
    lines = [
        f"The log holds {proved.get('entries', 0)} entries; its root was recomputed from them.",
        f"{proved.get('heads_on_chain', 0)} heads are on the chain, each the root of a prefix.",
        f"{proved.get('anchored_entries', 0)} entries are anchored.",
    ]
    if "final_block" in proved:
        final = proved["final_block"]
        lines.append(
            f"The chain is final up to block {final['number']}; give"
            f" --known-block {final['number']}:{final['hash']} to the next audit."
        )
    if "cosigned" in proved:
        lines.append(
            f"The newest head is cosigned by ML-DSA-44, in epoch second {proved['cosigned']}."
        )
    lines += [f"{name} is entry {at}." for name, at in proved.get("receipts", {}).items()]
    if "decision" in proved:
        lines.append(f"The decision ({proved['decision']}) follows from the rule in force.")
    if "database_rows" in proved:
        lines.append(f"{proved['database_rows']} rows of the database were held against the log.")
    lines += [f"FOUND {each.code} at {each.where}: {each.detail}" for each in found.findings]
    lines.append("Nothing was found." if found.ok else f"{len(found.findings)} findings.")
    return "\n".join(lines)
