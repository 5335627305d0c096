"""What an audit found, each finding named, in bounded memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MAX_FINDINGS = 1000


class FindingCode(StrEnum):
    """The kinds of findings; each is a reason not to trust the log or the records."""

    ENTRY_MALFORMED = "entry_malformed"
    ENTRY_SEQUENCE = "entry_sequence"
    CHECKPOINT_MALFORMED = "checkpoint_malformed"
    CHECKPOINT_SIGNATURE = "checkpoint_signature"
    COSIGNATURE_MISSING = "cosignature_missing"
    COSIGNATURE_FALSE = "cosignature_false"
    KEY_NOT_INTRODUCED = "key_not_introduced"
    HEAD_MISMATCH = "head_mismatch"
    HEAD_BEYOND = "head_beyond"
    ROW_MISSING = "row_missing"
    ROW_ADDED = "row_added"
    ROW_ALTERED = "row_altered"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be.

    Attributes:
        code: what kind of thing.
        where: its name: "entry 7", a head's source, or a row's reference.
        detail: what came and what was expected.
    """

    code: FindingCode
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of an audit.

    Attributes:
        size: entries that were read.
        root: Merkle tree hash over them, 32 bytes.
        published: size of the largest head that fits them.
        counts: number of findings by code, also of those that `findings` leaves out.
        findings: the first of each code, at most as many as the audit was told to keep.
    """

    size: int
    root: bytes
    published: int
    counts: dict[FindingCode, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.counts


class Findings:
    """Collects findings: counts all, keeps the first of each code."""

    def __init__(self, keep: int = MAX_FINDINGS) -> None:
        self._keep = keep
        self._kept: list[Finding] = []
        self._counts: Counter[FindingCode] = Counter()

    def add(self, code: FindingCode, where: str, detail: str) -> None:
        """Count one finding, and keep it while there is room for its code."""
        self._counts[code] += 1
        if self._counts[code] <= self._keep:
            self._kept.append(Finding(code, where, detail))

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take over findings that were made elsewhere."""
        for each in findings:
            self.add(each.code, each.where, each.detail)

    def report(self, size: int, root: bytes, published: int) -> Report:
        """Close the audit."""
        return Report(size, root, published, dict(self._counts), tuple(self._kept))
