"""What auditors ask of a log, and proofs as steps that a person and a browser can follow."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger_node.publisher.model import LogHead
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.tree import leaf_hash, node_hash


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One step up the tree.

    Attributes:
        sibling: hash that the proof gives, hex; empty for the step that begins.
        left: whether the sibling stands on the left.
        result: hash of the subtree so far, hex: SHA-256(0x01 || left || right).
        old: of a consistency proof, the same for the smaller tree, hex.
    """

    sibling: str
    left: bool
    result: str
    old: str = ""


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which entries are wanted; what is None or empty is left open.

    Attributes:
        kind: what was done.
        issuer: identifier of the office.
        since: epoch seconds of the first hour.
        until: epoch seconds before which the hour is.
        block: of the chain, in which the entry was first covered.
    """

    kind: EntryKind | None = None
    issuer: str = ""
    since: int | None = None
    until: int | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries there are of what is wanted.

    Attributes:
        count: entries that were counted.
        more: whether counting ended before all were seen.
        first: smallest index among them.
        last: largest index among them.
    """

    count: int
    more: bool = False
    first: int = 0
    last: int = -1


@dataclass(frozen=True, slots=True)
class ChainHead:
    """What the contract says of a log when it is asked.

    Attributes:
        size: entries of the newest head that it took, final or not.
        root: 32 bytes.
    """

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Included:
    """An entry, the head that covers it, and the way between.

    Attributes:
        entry: as the log holds it.
        proof: hashes of 32 bytes, the lowest first, for the head's size.
        steps: the same, walked.
        head: whose root the way leads to.
        anchor: the smallest head on the chain that covers the entry; None while there is none.
    """

    entry: Entry
    proof: tuple[bytes, ...]
    steps: tuple[ProofStep, ...]
    head: LogHead
    anchor: LogHead | None

    @property
    def holds(self) -> bool:
        """Tell whether the way ends at the head's root."""
        return self.steps[-1].result == self.head.root.hex()


@dataclass(frozen=True, slots=True)
class Grown:
    """Two heads of one log and the way by which the later extends the earlier.

    Attributes:
        proof: hashes of 32 bytes, the lowest first; none when the sizes are the same.
        steps: the same, walked.
    """

    old: LogHead
    new: LogHead
    proof: tuple[bytes, ...]
    steps: tuple[ProofStep, ...]

    @property
    def holds(self) -> bool:
        """Tell whether the way ends at both roots."""
        last = self.steps[-1]
        return (last.old, last.result) == (self.old.root.hex(), self.new.root.hex())


def inclusion_steps(entry: Entry, size: int, proof: Sequence[bytes]) -> tuple[ProofStep, ...]:
    """Return the steps from an entry's leaf hash to the root of a tree of `size` leaves.

    Source: RFC 9162 section 2.1.3.2.
    """
    node, last = entry.sequence, size - 1
    hashed = leaf_hash(entry.encode())
    steps = [ProofStep("", left=False, result=hashed.hex())]
    for sibling in proof:
        left = bool(node & 1) or node == last
        if left:
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        hashed = node_hash(sibling, hashed) if left else node_hash(hashed, sibling)
        steps.append(ProofStep(sibling.hex(), left, hashed.hex()))
        node, last = node >> 1, last >> 1
    return tuple(steps)


def consistency_steps(old: LogHead, new: LogHead, proof: Sequence[bytes]) -> tuple[ProofStep, ...]:
    """Return the steps from what two trees share to both of their roots.

    Source: RFC 9162 section 2.1.4.2. The smaller tree is what they share if its size is a power of
    two, or if both are the same.
    """
    node, last = old.size - 1, new.size - 1
    whole = not old.size & (old.size - 1) or old.size == new.size
    path = [old.root, *proof] if whole else list(proof)
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    steps = [ProofStep("", left=False, result=after.hex(), old=before.hex())]
    for sibling in path[1:]:
        left = bool(node & 1) or node == last
        if left:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        steps.append(ProofStep(sibling.hex(), left, after.hex(), before.hex()))
        node, last = node >> 1, last >> 1
    return tuple(steps)
