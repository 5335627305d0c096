"""Audit of a whole log from its entries, pure and in one pass.

Nothing that the log's operator says is believed: the root is recomputed from the entries,
every head that was ever published must be the root of a prefix of them, every entry must
stand where it says, and the rows of the office's database must be what was entered. Memory
holds the heads, one chunk of hashes and the findings that are kept, never the entries.
"""

from collections.abc import Iterable

from madang.core.evidence.findings import MAX_FINDINGS, Finding, FindingCode, Findings, Report
from madang.core.evidence.heads import Head, HeadCheck
from madang.core.evidence.rows import Row, RowCheck, RowPolicy
from madang.core.merkle.entry import Entry, EntryError
from madang.core.merkle.tree import leaf_hash


def audit(
    entries: Iterable[bytes],
    heads: Iterable[Head],
    rows: Iterable[Row] | None = None,
    *,
    policy: RowPolicy | None = None,
    prior: Iterable[Finding] = (),
    keep: int = MAX_FINDINGS,
) -> Report:
    """Audit a log.

    Args:
        entries: the bytes of every entry, from the first on.
        heads: every head known from anywhere: the chain's events, checkpoints (see
            `heads.heads_of_checkpoints`), receipts, witnesses.
        rows: the office's rows in order of their index, or None to audit the log alone.
        policy: which entries must have a row (default: all).
        prior: findings made on the way here, to stand in the same report.
        keep: how many findings of each code the report lists; all are counted.

    Raises:
        ValueError: when the rows do not come in order of their index.
    """
    findings = Findings(keep)
    findings.extend(prior)
    head_check = HeadCheck(heads, findings)
    row_check = None if rows is None else RowCheck(rows, policy or RowPolicy(), findings)
    for index, data in enumerate(entries):
        head_check.add(leaf_hash(data))
        entry = _read(index, data, findings)
        if row_check is not None:
            row_check.compare(index, entry)
    tree = head_check.finish()
    if row_check is not None:
        row_check.finish(tree.size)
    return findings.report(tree.size, tree.root(), head_check.published)


def _read(index: int, data: bytes, findings: Findings) -> Entry | None:
    where = f"entry {index}"
    try:
        entry = Entry.parse(data)
    except EntryError as error:
        findings.add(FindingCode.ENTRY_MALFORMED, where, str(error))
        return None
    if entry.sequence != index:
        findings.add(FindingCode.ENTRY_SEQUENCE, where, f"it says that it is {entry.sequence}")
    return entry
