"""An inclusion proof as steps that a person can follow (RFC 9162 section 2.1.3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from madang.core.merkle.entry import Entry
from madang.core.merkle.tree import leaf_hash, node_hash


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One step up the tree.

    Attributes:
        left: hash on the left, hex.
        right: hash on the right, hex; both empty for the first step, the leaf itself.
        result: SHA-256(0x01 || left || right), hex.
    """

    left: str
    right: str
    result: str


def walk(entry: Entry, size: int, proof: Sequence[bytes]) -> tuple[ProofStep, ...]:
    """Return the steps from an entry's leaf hash to the root of a tree of `size` leaves."""
    node, last = entry.sequence, size - 1
    hashed = leaf_hash(entry.encode())
    steps = [ProofStep("", "", hashed.hex())]
    for sibling in proof:
        if node & 1 or node == last:
            left, right = sibling, hashed
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            left, right = hashed, sibling
        hashed = node_hash(left, right)
        steps.append(ProofStep(left.hex(), right.hex(), hashed.hex()))
        node, last = node >> 1, last >> 1
    return tuple(steps)
