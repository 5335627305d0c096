"""The auditor's check of one log from outside: files, chain, receipts, decision, database.

Nothing of the operator's software is asked: the files are read, the root is recomputed, the
contract's events are read from a node that is held against the known chain, and what is given
beside (receipts, a rule, a decision, a database export) is held against all of that.
"""

import contextlib
import hashlib
import re
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
from madang.core.evidence.second_key import SecondKey
from madang.core.merkle.checkpoint import parse_note
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tiles import (
    TILE_WIDTH,
    TileError,
    split_bundle,
    tile_of,
    tiles_between,
)
from madang.core.rules import document as decisions
from madang.infra.chain import Anchor, AnchorLog, Block, RpcChain
from madang.infra.rpc import Rpc, WrongNodeError

CONTRACT = "AnchorLog"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class AuditInputError(ValueError):
    """Something that the auditor gave cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """Where the heads of a log are on the chain, as known out of band.

    Attributes:
        rpc_url: a node.
        deployment: chain id, genesis, addresses and code hashes.
        owner: address that opened the log.
        known: a block that an earlier audit found to be final; the node has to have it.

    Raises:
        AuditInputError: the owner is no address.
    """

    rpc_url: str
    deployment: Deployment
    owner: str
    known: Block | None = None

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.owner):
            raise AuditInputError(f"owner {self.owner[:80]!r}, expected 0x and 40 hex digits")


@dataclass(frozen=True, slots=True)
class ReadLog:
    """A log whose entries have been read.

    Attributes:
        folder: checkpoint and tiles.
        key: the log's; its name is the origin.
        size: entries that were read.
        anchored: how many of them the chain covers.
        second: the log's second key, where it is known.
    """

    folder: Path
    key: VerifierKey
    size: int
    anchored: int
    second: SecondKey | None = None


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
        address = point.deployment[CONTRACT].address
        contract = AnchorLog(rpc, artifacts.load(CONTRACT).abi, address)
        wrong = await RpcChain(rpc).mismatches(point.deployment)
        for name, wanted, came in wrong:
            found.find("other_chain", name, f"the node says {came}, expected {wanted}")
        final = None if wrong else await _final(RpcChain(rpc), point, found)
        if final is None:
            return []
        label = hashlib.sha256(origin.encode()).digest()
        log_id = await contract.log_id(point.owner, label)
        return await contract.anchors(log_id, final.number)
    finally:
        await rpc.close()


async def _final(chain: RpcChain, point: ChainPoint, found: Inspection) -> Block | None:
    """Return the node's newest final block; None with a finding if it has none that counts."""
    try:
        if point.known is not None:
            await chain.follow(point.known)
    except WrongNodeError as error:
        found.find(error.kind, "chain", str(error))
        return None
    final = await chain.final_block(point.deployment.final_depth)
    if final is None:
        found.find("not_final", "chain", "the node tells of no block that is final")
        return None
    found.proved["final_block"] = {"number": final.number, "hash": final.hash}
    return final


def inspect_log(
    folder: Path,
    key: VerifierKey,
    anchors: Iterable[Anchor],
    rows: Iterable[Row] | None,
    found: Inspection,
    second_key: CosignerKey | None = None,
) -> ReadLog:
    """Recompute the log and hold heads and rows against it; return what was read.

    Where the checkpoint is not the log's own, as many entries are read as the chain covers. Where
    the second key is known, the checkpoint has to be cosigned by it.

    Raises:
        AuditInputError: the log's files cannot be read, or the second key is of another log.
    """
    if second_key is not None and second_key.name != key.name:
        raise AuditInputError(f"the second key is of {second_key.name!r}, the log is {key.name!r}")
    try:
        note = (folder / "checkpoint").read_bytes()
    except OSError as error:
        raise AuditInputError(f"the log's checkpoint cannot be read: {error}") from error
    signed, prior = heads_of_checkpoints([note], key)
    on_chain = [Head(a.size, a.root, f"block {a.block}") for a in anchors]
    anchored = max((head.size for head in on_chain), default=0)
    size = signed[0].size if signed else anchored
    policy = RowPolicy(kinds=frozenset({EntryKind.CREDENTIAL, EntryKind.STATUS_LIST}))
    entries = read_entries(folder, size)
    second = None if second_key is None else SecondKey(second_key)
    if second is not None:
        entries = second.watch(entries)
    report = audit(entries, [*signed, *on_chain], rows, policy=policy, prior=prior)
    _tell(report, len(on_chain), found)
    if second is not None and signed:
        _inspect_newest(note, signed[0].source, second, found)
    found.proved["anchored_entries"] = anchored
    if not on_chain:
        found.find("no_anchor", "chain", "the contract has accepted no head of this log")
    return ReadLog(folder, key, size, anchored, second)


def _tell(report: Report, heads: int, found: Inspection) -> None:
    found.proved |= {"entries": report.size, "root": report.root.hex(), "heads_on_chain": heads}
    for each in report.findings:
        found.find(each.code.value, each.where, each.detail)


def _inspect_newest(note: bytes, source: str, second: SecondKey, found: Inspection) -> None:
    told = second.judge_newest(parse_note(note), source)
    if isinstance(told, int):
        found.proved["cosigned"] = told
    else:
        found.find(told.code.value, told.where, told.detail)


def inspect_receipt(name: str, receipt: Receipt, log: ReadLog, found: Inspection) -> None:
    """Hold a receipt against the log's key, the entry in its files, and the chain.

    The files count, not only the signed checkpoint inside: a log that tells two stories signs both.
    """
    before = len(found.findings)
    for failure in receipts.check(receipt, log.key).failures:
        found.find(f"receipt_{failure.code}", name, failure.detail)
    _inspect_cosignature(name, receipt, log, found)
    if _entry_at(log, receipt.index) != receipt.entry.encode():
        found.find("entry_differs", name, f"the log has another entry at {receipt.index}")
    if receipt.index >= log.anchored:
        detail = f"entry {receipt.index}, {log.anchored} are on the chain"
        found.find("not_anchored", name, detail)
    if len(found.findings) == before:
        found.proved.setdefault("receipts", {})[name] = receipt.index


def _inspect_cosignature(name: str, receipt: Receipt, log: ReadLog, found: Inspection) -> None:
    if log.second is None:
        return
    with contextlib.suppress(NoteError):  # what is no checkpoint has been named
        wrong = log.second.judge(parse_note(receipt.checkpoint), name)
        if wrong is not None:
            found.find(f"receipt_{wrong.code.value}", name, wrong.detail)


def _entry_at(log: ReadLog, index: int) -> bytes | None:
    if index >= log.size:
        return None
    number, position = divmod(index, TILE_WIDTH)
    bundle = tile_of(None, number, log.size)
    return split_bundle(bundle, (log.folder / bundle.path).read_bytes())[position]


def inspect_decision(evidence: DecisionEvidence, log: ReadLog, found: Inspection) -> None:
    """Hold a decision against its rule, and both against their entries."""
    before = len(found.findings)
    for failure in decisions.recompute(evidence.document, evidence.rule).failures:
        found.find(f"decision_{failure.code}", failure.place, failure.detail)
    things = (
        ("decision", evidence.document, evidence.receipt, EntryKind.DECISION),
        ("rule", evidence.rule, evidence.rule_receipt, EntryKind.RULE),
    )
    for name, thing, receipt, kind in things:
        inspect_receipt(name, receipt, log, found)
        if receipt.kind is not kind or receipt.digest != _digest(thing):
            found.find("receipt_digest", name, f"the receipt is not that of this {name}")
    if evidence.rule_receipt.index >= evidence.receipt.index:
        found.find("rule_later", "rule", "the rule was entered after the decision")
    if len(found.findings) == before:
        found.proved["decision"] = evidence.document["outcome"]


def _digest(thing: Any) -> bytes | None:  # noqa: ANN401 - any JSON value
    """Return what the log would hold of a thing; None for one that has no canonical form."""
    try:
        return decisions.digest(thing)
    except EncodingError:
        return None


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
