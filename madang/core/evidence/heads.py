"""Known heads of a log, held against the entries as these are read."""

from collections.abc import Iterable
from dataclasses import dataclass

from madang.core.evidence.findings import Finding, FindingCode, Findings
from madang.core.merkle.checkpoint import parse_note, verify
from madang.core.merkle.note import NoteError, VerifierKey
from madang.core.merkle.tree import CompactRange

CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Head:
    """A head that was published somewhere.

    Attributes:
        size: number of entries that it claims.
        root: Merkle tree hash that it claims, 32 bytes.
        source: where it was seen, such as "block 12" or "checkpoint 3".
    """

    size: int
    root: bytes
    source: str


def heads_of_checkpoints(
    notes: Iterable[str | bytes], key: VerifierKey
) -> tuple[tuple[Head, ...], tuple[Finding, ...]]:
    """Return the heads of signed checkpoints, and what is wrong with the others.

    A checkpoint that is not the log's own is a finding and no head, so that nobody can
    bring a log into disrepute with a forged one.

    Args:
        notes: signed checkpoints, in any order.
        key: the log's key; its name is the origin.
    """
    heads: list[Head] = []
    findings: list[Finding] = []
    for number, note in enumerate(notes):
        source = f"checkpoint {number}"
        try:
            signed = parse_note(note)
        except NoteError as error:
            findings.append(Finding(FindingCode.CHECKPOINT_MALFORMED, source, str(error)))
            continue
        head = signed.checkpoint
        if verify(signed, key):
            heads.append(Head(head.size, head.root, source))
        else:
            detail = f"size {head.size} of {head.origin!r} is not signed by {key.name!r}"
            findings.append(Finding(FindingCode.CHECKPOINT_SIGNATURE, source, detail))
    return tuple(heads), tuple(findings)


class HeadCheck:
    """Recomputes the root while leaf hashes come in, and compares it at each known head."""

    def __init__(self, heads: Iterable[Head], findings: Findings) -> None:
        self._waiting = sorted(heads, key=lambda head: head.size, reverse=True)
        self._findings = findings
        self._range = CompactRange()
        self._leaves: list[bytes] = []
        self.published = 0
        self._compare()

    def add(self, leaf: bytes) -> None:
        """Take the next leaf hash."""
        self._leaves.append(leaf)
        size = self._range.size + len(self._leaves)
        if len(self._leaves) == CHUNK or (self._waiting and self._waiting[-1].size == size):
            self._compare()

    def finish(self) -> CompactRange:
        """Name the heads that no entries were left for, and return the tree."""
        self._compare()
        while self._waiting:
            head = self._waiting.pop()
            detail = f"size {head.size} was published, {self._range.size} entries are there"
            self._findings.add(FindingCode.HEAD_BEYOND, head.source, detail)
        return self._range

    def _compare(self) -> None:
        self._range = self._range.extend(self._leaves)
        self._leaves.clear()
        if self._waiting and self._waiting[-1].size <= self._range.size:
            root = self._range.root()
            while self._waiting and self._waiting[-1].size <= self._range.size:
                self._judge(self._waiting.pop(), root)

    def _judge(self, head: Head, root: bytes) -> None:
        if (head.size, head.root) == (self._range.size, root):
            self.published = head.size
            return
        detail = f"root {head.root.hex()} at size {head.size}, the entries give {root.hex()}"
        self._findings.add(FindingCode.HEAD_MISMATCH, head.source, detail)
