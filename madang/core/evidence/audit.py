"""Audit of a whole log from its entries, pure: in one pass, or in parts that are joined.

Nothing that the log's operator says is believed: the root is recomputed from the entries,
every head that was ever published must be the root of a prefix of them, every entry must
stand where it says, and the rows of the office's database must be what was entered. Memory
holds the heads, one chunk of hashes and the findings that are kept, never the entries.

A part is the audit of the entries of one range, which knows nothing of those before. It may be
done by another process: what comes back is small, and joining parts in their order gives what
one pass over the whole log gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from madang.core.evidence.findings import MAX_FINDINGS, Finding, FindingCode, Findings, Report
from madang.core.evidence.heads import Head, HeadCheck, RangeRoots
from madang.core.evidence.rows import Row, RowCheck, RowPolicy
from madang.core.merkle.entry import Entry, EntryError, is_entry
from madang.core.merkle.tree import CompactRange, leaf_hash


@dataclass(frozen=True, slots=True)
class Part:
    """The audit of one range of a log.

    Attributes:
        leaves: the tree over the range's own entries.
        roots: tree hash over them at the sizes of the whole log that were asked for.
        findings: about entries and their rows, in the order of the entries.
        unplaced: about rows that have no entry.
    """

    leaves: CompactRange
    roots: dict[int, bytes]
    findings: Findings
    unplaced: Findings


def audit_part(
    start: int,
    entries: Iterable[bytes],
    sizes: Iterable[int],
    rows: Iterable[Row] | None = None,
    *,
    policy: RowPolicy | None = None,
    keep: int = MAX_FINDINGS,
) -> Part:
    """Audit the entries of one range.

    Args:
        start: index of the first entry; a multiple of a power of two that is not below the number
            of entries, so that the range is a subtree.
        entries: their bytes.
        sizes: of the whole log, at which there are heads; those outside of the range say nothing.
        rows: the office's rows for these entries in order of their index, or None. Rows that have
            no entry go to the last part.
        policy: which entries must have a row (default: all).
        keep: how many findings of each code are kept.

    Raises:
        ValueError: when the rows do not come in order of their index.
    """
    findings, unplaced = Findings(keep), Findings(keep)
    roots = RangeRoots(start, sizes)
    row_check = None
    if rows is not None:
        row_check = RowCheck(rows, policy or RowPolicy(), findings, unplaced)
    end = start
    for index, data in enumerate(entries, start):
        roots.add(leaf_hash(data))
        if row_check is not None:
            row_check.compare(index, _read(index, data, findings))
        elif not is_entry(data, index):
            _read(index, data, findings)
        end = index + 1
    if row_check is not None:
        row_check.finish(end)
    return Part(roots.finish(), roots.roots, findings, unplaced)


class Audit:
    """Joins the parts of an audit.

    Args:
        heads: every head known from anywhere: the chain's events, checkpoints (see
            `heads.heads_of_checkpoints`), receipts, witnesses.
        prior: findings made on the way here, to stand in the same report.
        keep: how many findings of each code the report lists; all are counted.
    """

    def __init__(
        self, heads: Iterable[Head], prior: Iterable[Finding] = (), keep: int = MAX_FINDINGS
    ) -> None:
        self._findings, self._of_heads, self._unplaced = (Findings(keep) for _ in range(3))
        self._findings.extend(prior)
        self._heads = HeadCheck(heads, self._of_heads)

    @property
    def sizes(self) -> list[int]:
        """The sizes of heads that no part has reached yet, the largest first."""
        return self._heads.sizes

    def join(self, part: Part) -> None:
        """Take the next part.

        Raises:
            TreeError: it does not begin where the last one ended.
        """
        self._findings.join(part.findings)
        self._unplaced.join(part.unplaced)
        self._heads.join(part.leaves, part.roots)

    def report(self) -> Report:
        """Close the audit: entries and their rows, then heads, then rows that have no entry."""
        self._heads.finish()
        self._findings.join(self._of_heads)
        self._findings.join(self._unplaced)
        found, tree = self._findings, self._heads.tree
        return Report(
            size=tree.size,
            root=tree.root(),
            published=self._heads.published,
            counts=dict(found.counts),
            findings=tuple(found.kept),
            unfit=frozenset(self._heads.unfit),
        )


def audit(
    entries: Iterable[bytes],
    heads: Iterable[Head],
    rows: Iterable[Row] | None = None,
    *,
    policy: RowPolicy | None = None,
    prior: Iterable[Finding] = (),
    keep: int = MAX_FINDINGS,
) -> Report:
    """Audit a log in one pass; see `audit_part` and `Audit` for what is given.

    Raises:
        ValueError: when the rows do not come in order of their index.
    """
    whole = Audit(heads, prior, keep)
    whole.join(audit_part(0, entries, whole.sizes, rows, policy=policy, keep=keep))
    return whole.report()


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
