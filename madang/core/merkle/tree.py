"""Hash trees of RFC 6962 section 2.1 (unchanged in RFC 9162 section 2.1) over SHA-256.

Three views of one tree: `CompactRange` holds just enough to append and to give the root,
`Tree` holds everything in memory, and the `prove_*` functions build proofs for any tree
whose perfect subtrees can be read one at a time (see `tiles.TileTree`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""Gives the hash of the perfect subtree number `index` with 2**level leaves."""

Span = tuple[int, int]
"""Leaves [start, end) whose tree hash stands in a proof."""


class TreeError(ValueError):
    """A position or size that the tree does not have."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of one entry (RFC 6962 section 2.1: prefix 0x00)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees (RFC 6962 section 2.1: prefix 0x01)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes, in order; memory grows with log n only."""
    return CompactRange().extend(leaf_hashes).root()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The roots of the perfect subtrees that make up a tree of `size` leaves.

    Attributes:
        size: number of leaves.
        hashes: one hash of 32 bytes per bit set in `size`, the largest subtree first.

    Raises:
        TreeError: when the number of hashes does not belong to the size.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise TreeError(
                f"{len(self.hashes)} subtree hashes given for {self.size} leaves, "
                f"expected {self.size.bit_count()}"
            )
        if any(len(each) != HASH_SIZE for each in self.hashes):
            raise TreeError(f"a subtree hash is not {HASH_SIZE} bytes long")

    def extend(self, leaf_hashes: Iterable[bytes]) -> "CompactRange":
        """Return the range after appending leaf hashes."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaf_hashes:
            node, carry = leaf, size
            while carry & 1:
                node = sha256(b"\x01" + hashes.pop() + node).digest()
                carry >>= 1
            hashes.append(node)
            size += 1
        return CompactRange(size, tuple(hashes))

    def join(self, other: "CompactRange") -> "CompactRange":
        """Return the range of these leaves and those of `other` behind them.

        Raises:
            TreeError: when `other` does not begin at a place where its subtrees are perfect in the
                whole: the size here is no multiple of the power of two that holds it.
        """
        if other.size and self.size % bit_ceiling(other.size):
            raise TreeError(f"{other.size} leaves cannot be joined to {self.size}")
        size, hashes = self.size, list(self.hashes)
        for (level, _), node in zip(perfect_subtrees(0, other.size), other.hashes, strict=True):
            joined, carry = node, size >> level
            while carry & 1:
                joined = node_hash(hashes.pop(), joined)
                carry >>= 1
            hashes.append(joined)
            size += 1 << level
        return CompactRange(size, tuple(hashes))

    def root(self) -> bytes:
        """Return the Merkle tree hash; of no leaves it is SHA-256 of nothing."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT

    def root_with(self, tail: bytes) -> bytes:
        """Return the root of the tree in which leaves follow whose own tree hash is `tail`.

        They have to begin where `join` would let them.
        """
        return _fold((*self.hashes, tail))


def _fold(hashes: Iterable[bytes]) -> bytes:
    """Join subtrees of falling size from the right."""
    return reduce(lambda right, left: node_hash(left, right), reversed(tuple(hashes)))


def perfect_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (level, index) of the perfect subtrees that cover [start, end), left to right.

    The span must be aligned as the spans of proofs are: start is a multiple of the
    smallest power of two that is not below its length.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def span_hash(node: NodeReader, start: int, end: int) -> bytes:
    """Return the tree hash over the leaves [start, end) of an aligned span."""
    return _fold([node(level, index) for level, index in perfect_subtrees(start, end)])


def _split(low: int, high: int) -> int:
    """Return where RFC 6962 cuts [low, high): after the largest power of two below its length."""
    return low + (1 << ((high - low - 1).bit_length() - 1))


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Return the spans of the proof PATH(index, D[size]) of RFC 6962 section 2.1.1, leaf first.

    Raises:
        TreeError: when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise TreeError(f"there is no leaf {index} in a tree of {size}")
    spans: list[Span] = []
    low, high = 0, size
    while high - low > 1:
        middle = _split(low, high)
        if index < middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            low = middle
    return spans[::-1]


def subtree_spans(start: int, end: int, size: int) -> list[Span]:
    """Return the spans that prove the subtree [start, end) to be part of a tree of `size`.

    With start 0 this is PROOF(end, D[size]) of RFC 6962 section 2.1.2; otherwise
    SUBTREE_PROOF of draft-ietf-plants-merkle-tree-certs section 4.4.1.

    Raises:
        TreeError: when the span is empty, not aligned, or not inside the tree.
    """
    if not (0 <= start < end <= size) or start % bit_ceiling(end - start):
        raise TreeError(f"[{start}, {end}) is no subtree of a tree of {size}")
    spans: list[Span] = []
    low, high, known = 0, size, True
    while (low, high) != (start, end) and (known or high != end):
        middle = _split(low, high)
        if end <= middle:
            spans.append((middle, high))
            high = middle
        else:
            spans.append((low, middle))
            known = known and start >= middle
            low = middle
    if not known:
        spans.append((low, high))
    return spans[::-1]


def bit_ceiling(number: int) -> int:
    """Return the smallest power of two that is not below a positive number."""
    return 1 << (number - 1).bit_length()


def prove_inclusion(node: NodeReader, index: int, size: int) -> list[bytes]:
    """Return the inclusion proof of leaf `index` in the tree of the first `size` leaves."""
    return [span_hash(node, *span) for span in inclusion_spans(index, size)]


def prove_consistency(node: NodeReader, old: int, new: int) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of the tree of `new`."""
    return [span_hash(node, *span) for span in subtree_spans(0, old, new)]


def prove_subtree(node: NodeReader, start: int, end: int, size: int) -> list[bytes]:
    """Return the proof that the subtree [start, end) stands in the tree of `size` leaves."""
    return [span_hash(node, *span) for span in subtree_spans(start, end, size)]


class Tree:
    """A whole tree in memory, for small logs, tests and tools (about 64 bytes a leaf)."""

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaf_hashes:
            self.append(leaf)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> int:
        """Append one leaf hash and return its index."""
        self._levels[0].append(leaf)
        level = 0
        while not len(self._levels[level]) & 1:
            left, right = self._levels[level][-2:]
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(node_hash(left, right))
        return self.size - 1

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a perfect subtree (a `NodeReader`)."""
        return self._levels[level][index]

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` leaves (default: all)."""
        size = self._checked(self.size if size is None else size)
        return span_hash(self.node, 0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return the proof that leaf `index` is in the tree of the first `size` leaves."""
        return prove_inclusion(self.node, index, self._checked(size))

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the first `old` leaves are a prefix of the first `new`."""
        return prove_consistency(self.node, old, self._checked(new))

    def _checked(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise TreeError(f"the tree has {self.size} leaves, {size} were asked for")
        return size
