"""The auditor's check of one log from outside: files, chain, receipts, decision, database.

Nothing of the operator's software is asked: the files are read, the root is recomputed, the
contract's events are read from a node that is held against the known chain, and what is given
beside (receipts, a rule, a decision, a database export) is held against all of that.
"""

import contextlib
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts import artifacts
from contracts.addresses import Deployment
from ledger_node.audit.parallel import LogPlan, audit_log
from ledger_node.audit.reading import AuditInputError, read_entry
from ledger_node.audit.row_file import RowFile
from madang.core.encoding.errors import EncodingError
from madang.core.evidence import receipt as receipts
from madang.core.evidence.findings import Finding as LogFinding
from madang.core.evidence.heads import Head, head_of_checkpoint
from madang.core.evidence.receipt import Receipt
from madang.core.evidence.rows import RowPolicy
from madang.core.evidence.second_key import SecondKey
from madang.core.evidence.views import Statement, quorum, split_views, statement
from madang.core.merkle.checkpoint import SignedCheckpoint, parse_note
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.entry import EntryKind
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.rules import document as decisions
from madang.infra.chain import Anchor, AnchorLog, Block, RpcChain
from madang.infra.rpc import Rpc, WrongNodeError

CONTRACT = "AnchorLog"
PUBLISHED = "checkpoint"
"""Where the head was seen that the log itself shows."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


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
class GivenLog:
    """A log with what an auditor knows of it from elsewhere.

    Attributes:
        folder: checkpoint and tiles.
        key: the log's; its name is the origin.
        second_key: the log's second key, or None.
        witnesses: keys of those who cosign its heads.
        quorum: how many of them must have cosigned the newest head.
        checkpoints: further checkpoints by the name of where each was seen.

    Raises:
        AuditInputError: the second key is of another log, the quorum cannot be reached, or a key
            has two names.
    """

    folder: Path
    key: VerifierKey
    second_key: CosignerKey | None = None
    witnesses: tuple[CosignerKey, ...] = ()
    quorum: int = 0
    checkpoints: tuple[tuple[str, bytes], ...] = ()

    def __post_init__(self) -> None:
        if self.second_key is not None and self.second_key.name != self.key.name:
            raise AuditInputError(
                f"the second key is of {self.second_key.name!r}, the log is {self.key.name!r}"
            )
        named = {(each.name, each.public_key) for each in self.cosigners}
        named.add((self.key.name, self.key.public_key))
        # A line of Ed25519 does not cover its name: under another name it would count again.
        if len({public_key for _, public_key in named}) != len(named):
            raise AuditInputError("a witness has the key of the log or of another witness")
        if not 0 <= self.quorum <= len({each.name for each in self.witnesses}):
            raise AuditInputError(
                f"a quorum of {self.quorum}, but {len(self.witnesses)} witnesses are given"
            )

    @property
    def cosigners(self) -> tuple[CosignerKey, ...]:
        """All keys but the log's first one that may have signed its heads."""
        return (*(() if self.second_key is None else (self.second_key,)), *self.witnesses)


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

    def take(self, findings: Iterable[LogFinding]) -> None:
        """Add findings that core made."""
        for each in findings:
            self.find(each.code.value, each.where, each.detail)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        findings = [{"code": f.code, "where": f.where, "detail": f.detail} for f in self.findings]
        return {"ok": self.ok, "proved": self.proved, "findings": findings}


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
    log: GivenLog,
    anchors: Iterable[Anchor],
    rows: RowFile | None,
    found: Inspection,
    processes: int | None = 1,
) -> ReadLog:
    """Recompute the log and hold heads and rows against it; return what was read.

    Where the checkpoint is not the log's own, as many entries are read as the chain covers. Where
    the second key is known, the checkpoint has to be cosigned by it.

    Args:
        log: the log.
        anchors: heads that the chain has.
        rows: an office's rows, or None.
        found: takes what is proved and found.
        processes: how many work; None for one for each core.

    Raises:
        AuditInputError: the log's files cannot be read.
        RowError: a line of the export is no row.
    """
    signed, prior = _signed(log)
    told = [statement(source, each, log.key, log.cosigners) for source, each in signed.items()]
    on_chain = [
        Statement(Head(a.size, a.root, f"block {a.block}"), (f"transaction {a.transaction}",))
        for a in anchors
    ]
    anchored = max((each.head.size for each in on_chain), default=0)
    newest = signed.get(PUBLISHED)
    size = newest.checkpoint.size if newest else anchored
    second = None if log.second_key is None else SecondKey(log.second_key)
    plan = LogPlan(
        folder=log.folder,
        size=size,
        heads=tuple(each.head for each in (*told, *on_chain)),
        rows=rows,
        policy=RowPolicy(kinds=frozenset({EntryKind.CREDENTIAL, EntryKind.STATUS_LIST})),
        second=second,
        prior=tuple(prior),
    )
    report = audit_log(plan, processes)
    found.proved |= {"entries": report.size, "root": report.root.hex()}
    found.take(report.findings)
    found.take(split_views([*told, *on_chain], report))
    _tell_heads(told, on_chain, found)
    if newest is not None:
        _inspect_newest(log, newest, second, found)
    found.proved["anchored_entries"] = anchored
    if not on_chain:
        found.find("no_anchor", "chain", "the contract has accepted no head of this log")
    return ReadLog(log.folder, log.key, size, anchored, second)


def _signed(log: GivenLog) -> tuple[dict[str, SignedCheckpoint], list[LogFinding]]:
    """Return the checkpoints that the log has signed, and what is wrong with the others."""
    try:
        published = (log.folder / "checkpoint").read_bytes()
    except OSError as error:
        raise AuditInputError(f"the log's checkpoint cannot be read: {error}") from error
    signed, wrong = {}, []
    for source, note in ((PUBLISHED, published), *log.checkpoints):
        read = head_of_checkpoint(source, note, log.key)
        if isinstance(read, LogFinding):
            wrong.append(read)
        else:
            signed[source] = read
    return signed, wrong


def _tell_heads(
    told: Sequence[Statement], on_chain: Sequence[Statement], found: Inspection
) -> None:
    found.proved["heads_on_chain"] = len(on_chain)
    found.proved["heads"] = [
        {
            "size": each.head.size,
            "root": each.head.root.hex(),
            "source": each.head.source,
            "signed_by": list(each.signers),
        }
        for each in sorted((*told, *on_chain), key=lambda each: each.head.size)
    ]


def _inspect_newest(
    log: GivenLog, newest: SignedCheckpoint, second: SecondKey | None, found: Inspection
) -> None:
    if second is not None:
        told = second.judge_newest(newest, PUBLISHED)
        if isinstance(told, int):
            found.proved["cosigned"] = told
        else:
            found.take([told])
    if log.witnesses:
        times, wrong = quorum(PUBLISHED, newest, log.witnesses, log.quorum)
        found.proved["witnesses"] = times
        found.take(wrong)


def inspect_receipt(name: str, receipt: Receipt, log: ReadLog, found: Inspection) -> None:
    """Hold a receipt against the log's key, the entry in its files, and the chain.

    The files count, not only the signed checkpoint inside: a log that tells two stories signs both.
    """
    before = len(found.findings)
    for failure in receipts.check(receipt, log.key).failures:
        found.find(f"receipt_{failure.code}", name, failure.detail)
    _inspect_cosignature(name, receipt, log, found)
    if read_entry(log.folder, receipt.index, log.size) != receipt.entry.encode():
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
