"""Known heads of a log, held against the entries as these are read."""

from collections.abc import Iterable
from dataclasses import dataclass

from madang.core.evidence.findings import Finding, FindingCode, Findings
from madang.core.merkle.checkpoint import SignedCheckpoint, parse_note, verify
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


def head_of_checkpoint(
    source: str, note: str | bytes, key: VerifierKey
) -> SignedCheckpoint | Finding:
    """Return a checkpoint that the log has signed, or what is wrong with it.

    A checkpoint that is not the log's own is a finding and no head, so that nobody can
    bring a log into disrepute with a forged one.

    Args:
        source: where it was seen.
        note: the signed checkpoint.
        key: the log's key; its name is the origin.
    """
    try:
        signed = parse_note(note)
    except NoteError as error:
        return Finding(FindingCode.CHECKPOINT_MALFORMED, source, str(error))
    if verify(signed, key):
        return signed
    head = signed.checkpoint
    detail = f"size {head.size} of {head.origin!r} is not signed by {key.name!r}"
    return Finding(FindingCode.CHECKPOINT_SIGNATURE, source, detail)


def heads_of_checkpoints(
    notes: Iterable[str | bytes], key: VerifierKey
) -> tuple[tuple[Head, ...], tuple[Finding, ...]]:
    """Return the heads of signed checkpoints, and what is wrong with the others.

    Args:
        notes: signed checkpoints, in any order; each is called by its number.
        key: the log's key; its name is the origin.
    """
    heads: list[Head] = []
    findings: list[Finding] = []
    for number, note in enumerate(notes):
        read = head_of_checkpoint(f"checkpoint {number}", note, key)
        if isinstance(read, Finding):
            findings.append(read)
        else:
            head = read.checkpoint
            heads.append(Head(head.size, head.root, f"checkpoint {number}"))
    return tuple(heads), tuple(findings)


class RangeRoots:
    """Takes the leaf hashes of one range of a log, and notes the tree hash at sizes within it.

    Args:
        start: leaves before the range.
        sizes: of the whole log at which the hash over the range's own leaves is wanted.

    Attributes:
        roots: that hash by size of the whole log.
    """

    def __init__(self, start: int, sizes: Iterable[int]) -> None:
        self.roots: dict[int, bytes] = {}
        self._start = start
        self._wanted = sorted({size - start for size in sizes if size > start}, reverse=True)
        self._range = CompactRange()
        self._leaves: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf hash."""
        self._leaves.append(leaf)
        size = self._range.size + len(self._leaves)
        if len(self._leaves) == CHUNK or (self._wanted and self._wanted[-1] == size):
            self.finish()

    def finish(self) -> CompactRange:
        """Return the range's own tree, as far as its leaves have come."""
        self._range = self._range.extend(self._leaves)
        self._leaves.clear()
        if self._wanted and self._wanted[-1] == self._range.size:
            self.roots[self._start + self._wanted.pop()] = self._range.root()
        return self._range


class HeadCheck:
    """Puts the ranges of a log together, and compares the root at each known head."""

    def __init__(self, heads: Iterable[Head], findings: Findings) -> None:
        self._waiting = sorted(heads, key=lambda head: head.size, reverse=True)
        self._findings = findings
        self.unfit: set[tuple[int, bytes]] = set()
        self.tree = CompactRange()
        self.published = 0
        self._judge(0, self.tree.root())

    @property
    def sizes(self) -> list[int]:
        """The sizes at which a root is needed still, the largest first."""
        return [head.size for head in self._waiting]

    def join(self, leaves: CompactRange, roots: dict[int, bytes]) -> None:
        """Take the next range: its tree, and its hashes at the sizes of heads within it.

        Raises:
            TreeError: the range does not begin where the last one ended.
        """
        for size in sorted(roots):
            self._judge(size, self.tree.root_with(roots[size]))
        self.tree = self.tree.join(leaves)

    def finish(self) -> None:
        """Name the heads that no entries were left for."""
        while self._waiting:
            head = self._waiting.pop()
            detail = f"size {head.size} was published, {self.tree.size} entries are there"
            self._findings.add(FindingCode.HEAD_BEYOND, head.source, detail)

    def _judge(self, size: int, root: bytes) -> None:
        while self._waiting and self._waiting[-1].size <= size:
            head = self._waiting.pop()
            if (head.size, head.root) == (size, root):
                self.published = size
                continue
            detail = f"root {head.root.hex()} at size {head.size}, the entries give {root.hex()}"
            if self._findings.add(FindingCode.HEAD_MISMATCH, head.source, detail):
                self.unfit.add((head.size, head.root))
