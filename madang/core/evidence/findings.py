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
    SPLIT_VIEW = "split_view"
    QUORUM_MISSING = "quorum_missing"
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
        unfit: size and root of heads that no prefix of the entries has, bounded likewise.
    """

    size: int
    root: bytes
    published: int
    counts: dict[FindingCode, int]
    findings: tuple[Finding, ...]
    unfit: frozenset[tuple[int, bytes]] = frozenset()

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found."""
        return not self.counts


class Findings:
    """Collects findings: counts all, keeps the first of each code.

    Attributes:
        counts: number of findings by code.
        kept: those that are kept, in the order in which they came.
    """

    def __init__(self, keep: int = MAX_FINDINGS) -> None:
        self.counts: Counter[FindingCode] = Counter()
        self.kept: list[Finding] = []
        self._keep = keep

    def add(self, code: FindingCode, where: str, detail: str) -> bool:
        """Count one finding, and keep it while there is room for its code; tell whether."""
        self.counts[code] += 1
        room = self.counts[code] <= self._keep
        if room:
            self.kept.append(Finding(code, where, detail))
        return room

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take over findings that were made elsewhere."""
        for each in findings:
            self.add(each.code, each.where, each.detail)

    def join(self, later: "Findings") -> None:
        """Take over what was collected, and counted, behind these, with the same bound."""
        self.extend(later.kept)
        # Where `later` counted more than it kept, there is no room for its code here either.
        self.counts.update(later.counts)
        self.counts.subtract(each.code for each in later.kept)
