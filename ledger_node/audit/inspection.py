"""The auditor's check of one log from outside: files, chain, receipts, decision, database.

Nothing of the operator's software is asked: the files are read, the root is recomputed, the
contract's events are read from a node that is held against the known chain, and what is given
beside (receipts, a rule, a decision, a database export) is held against all of that.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts import artifacts
from contracts.addresses import Deployment
from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.evidence import receipt as receipts
from madang.core.evidence.audit import audit
from madang.core.evidence.findings import Report
from madang.core.evidence.heads import Head, heads_of_checkpoints
from madang.core.evidence.receipt import Receipt
from madang.core.evidence.rows import Row, RowPolicy
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tiles import (
    TILE_WIDTH,
    Tile,
    TileError,
    split_bundle,
    tile_of,
    tiles_between,
)
from madang.core.rules import document as decisions
from madang.infra.chain import Anchor, AnchorLog, RpcChain
from madang.infra.rpc import Rpc

CONTRACT = "AnchorLog"


class AuditInputError(ValueError):
    """Something that the auditor gave cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """Where the heads of a log are on the chain, as known out of band.

    Attributes:
        rpc_url: a node.
        deployment: chain id, genesis, address and code hash.
        owner: address that opened the log.
    """

    rpc_url: str
    deployment: Deployment
    owner: str


@dataclass(frozen=True, slots=True)
class DecisionEvidence:
    """A decision with what it follows from.

    Attributes:
        document: the decision document, with the claims.
        rule: the rule file's value.
        receipt: of the decision's entry.
        rule_receipt: of the rule's entry.
    """

    document: Any
    rule: Any
    receipt: Receipt
    rule_receipt: Receipt


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: fixed word.
        where: its name.
        detail: what came and what was expected.
    """

    code: str
    where: str
    detail: str


@dataclass
class Inspection:
    """What was proved and what was found.

    Attributes:
        proved: sentences of fixed words with their figures.
        findings: each a reason not to trust the log or the records.
    """

    proved: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings

    def find(self, code: str, where: str, detail: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(code, where, detail))

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        findings = [{"code": f.code, "where": f.where, "detail": f.detail} for f in self.findings]
        return {"ok": self.ok, "proved": self.proved, "findings": findings}


def read_entries(folder: Path, size: int) -> Iterator[bytes]:
    """Yield the entries of a log from its bundles; AuditInputError if one cannot be read."""
    for bundle in tiles_between(None, 0, size):
        try:
            yield from split_bundle(bundle, (folder / bundle.path).read_bytes())
        except (OSError, TileError) as error:
            raise AuditInputError(f"{bundle.path} of the log cannot be read: {error}") from error


async def read_anchors(point: ChainPoint, origin: str, found: Inspection) -> list[Anchor]:
    """Return the heads that the contract accepted; a node of another chain gives none."""
    rpc = Rpc(point.rpc_url)
    try:
        contract = AnchorLog(rpc, artifacts.load(CONTRACT).abi, point.deployment.address)
        chain_id, genesis = await RpcChain(rpc).identity()
        wrong = point.deployment.mismatches(
            chain_id=chain_id, genesis_hash=genesis, code_hash=await contract.code_hash()
        )
        for name, wanted, came in wrong:
            found.find("other_chain", name, f"the node says {came}, expected {wanted}")
        if wrong:
            return []
        label = hashlib.sha256(origin.encode()).digest()
        return await contract.anchors(await contract.log_id(point.owner, label))
    finally:
        await rpc.close()


def inspect_log(
    folder: Path,
    key: VerifierKey,
    anchors: Iterable[Anchor],
    rows: Iterable[Row] | None,
    found: Inspection,
) -> int:
    """Recompute the log and hold heads and rows against it; return the anchored size.

    Raises:
        AuditInputError: the log's files cannot be read.
    """
    try:
        note = (folder / "checkpoint").read_text("utf-8")
        size = parse_note(note).checkpoint.size
    except (OSError, NoteError) as error:
        raise AuditInputError(f"the log's checkpoint cannot be read: {error}") from error
    signed, prior = heads_of_checkpoints([note], key)
    on_chain = [Head(a.size, a.root, f"block {a.block}") for a in anchors]
    policy = RowPolicy(kinds=frozenset({EntryKind.CREDENTIAL, EntryKind.STATUS_LIST}))
    report = audit(
        read_entries(folder, size), [*signed, *on_chain], rows, policy=policy, prior=prior
    )
    _tell(report, len(on_chain), found)
    anchored = max((head.size for head in on_chain), default=0)
    found.proved["anchored_entries"] = anchored
    if not on_chain:
        found.find("no_anchor", "chain", "the contract has accepted no head of this log")
    return anchored


def _tell(report: Report, heads: int, found: Inspection) -> None:
    found.proved |= {"entries": report.size, "root": report.root.hex(), "heads_on_chain": heads}
    for each in report.findings:
        found.find(each.code.value, each.where, each.detail)


def inspect_receipt(
    name: str, receipt: Receipt, key: VerifierKey, anchored: int, found: Inspection
) -> None:
    """Hold a receipt against the log's key and the chain."""
    verdict = receipts.check(receipt, key)
    for failure in verdict.failures:
        found.find(f"receipt_{failure.code}", name, failure.detail)
    if receipt.index >= anchored:
        found.find("not_anchored", name, f"entry {receipt.index}, {anchored} are on the chain")
    if verdict.ok and receipt.index < anchored:
        found.proved.setdefault("receipts", {})[name] = receipt.index


def inspect_entry(name: str, receipt: Receipt, folder: Path, found: Inspection) -> None:
    """Hold a receipt's entry against the entry in the log's files."""
    number, position = divmod(receipt.index, TILE_WIDTH)
    size = _size(folder)
    entries = _bundle(folder, tile_of(None, number, size)) if receipt.index < size else []
    if position >= len(entries) or entries[position] != receipt.entry.encode():
        found.find("entry_differs", name, f"the log has another entry at {receipt.index}")


def inspect_decision(
    evidence: DecisionEvidence, key: VerifierKey, anchored: int, found: Inspection
) -> None:
    """Hold a decision against its rule, and both against their entries."""
    verdict = decisions.recompute(evidence.document, evidence.rule)
    for failure in verdict.failures:
        found.find(f"decision_{failure.code}", failure.place, failure.detail)
    things = (
        ("decision", evidence.document, evidence.receipt, EntryKind.DECISION),
        ("rule", evidence.rule, evidence.rule_receipt, EntryKind.RULE),
    )
    for name, thing, receipt, kind in things:
        inspect_receipt(name, receipt, key, anchored, found)
        if receipt.kind is not kind or receipt.digest != decisions.digest(thing):
            found.find("receipt_digest", name, f"the receipt is not that of this {name}")
    if evidence.rule_receipt.index >= evidence.receipt.index:
        found.find("rule_later", "rule", "the rule was entered after the decision")
    if verdict.follows:
        found.proved["decision"] = evidence.document["outcome"]


def parse_rows(lines: Iterable[dict[str, Any]]) -> list[Row]:
    """Return the rows of a database export, in order of their index.

    Raises:
        AuditInputError: a line has another form.
    """
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            index = line["index"]
            row = Row(
                kind=EntryKind(line["kind"]),
                digest=base64url.decode(line["digest"]),
                salt=base64url.decode(line["salt"]),
                index=None if index is None else int(index),
                reference=str(line["reference"]),
            )
        except (KeyError, TypeError, ValueError, EncodingError) as error:
            raise AuditInputError(f"line {number} of the export: {error!r}") from error
        rows.append(row)
    return sorted(rows, key=lambda row: (row.index is None, row.index or 0))


def _size(folder: Path) -> int:
    return parse_note((folder / "checkpoint").read_text("utf-8")).checkpoint.size


def _bundle(folder: Path, bundle: Tile) -> list[bytes]:
    return split_bundle(bundle, (folder / bundle.path).read_bytes())
