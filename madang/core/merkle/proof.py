"""Verification of inclusion and consistency proofs, and of those of subtrees.

Each function answers yes or no, touches nothing but its arguments, and does work bounded
by the size of the proof. Proofs are lists of hashes of 32 bytes, the lowest first.
"""

from collections.abc import Sequence

from madang.core.merkle.tree import EMPTY_ROOT, HASH_SIZE, bit_ceiling, node_hash


def verify_inclusion(
    index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether the leaf stands at `index` of the tree of `size` leaves under `root`.

    Source: RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size or not _well_formed([leaf_hash, *proof]):
        return False
    position, last, node = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            shift = _trailing_zeros(position)
            position, last = position >> shift, last >> shift
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether the tree of `size1` leaves under `root1` is a prefix of the other.

    A proof from the empty tree says nothing and is refused (RFC 9162 section 2.1.4.2).
    Mind that a proof fixes the order of the contents, while the sizes themselves are only
    claims: the same hashes may also fit another pair of sizes.
    """
    return size1 > 0 and verify_subtree_consistency(0, size1, size2, root1, root2, proof)


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether the leaf stands at `index` of the log inside the subtree [start, end).

    Source: draft-ietf-plants-merkle-tree-certs section 4.3.
    """
    if not is_subtree(start, end):
        return False
    return verify_inclusion(index - start, end - start, leaf_hash, proof, root)


def verify_subtree_consistency(
    start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether the subtree [start, end) is part of the tree of `size` under `root`.

    An empty subtree is part of every tree; its root is that of the empty tree.
    Source: draft-ietf-plants-merkle-tree-certs section 4.4.3; with start 0 the steps are
    those of RFC 9162 section 2.1.4.2.
    """
    if not is_subtree(start, end) or end > size or not _well_formed(proof):
        return False
    if start == end:
        return subtree_root == EMPTY_ROOT and not proof
    first, last, end_of_tree = start, end - 1, size - 1
    shift = _common_levels(first, last, end_of_tree)
    first, last, end_of_tree = first >> shift, last >> shift, end_of_tree >> shift
    rest = proof
    old = new = subtree_root
    if first != last:
        if not proof:
            return False
        old = new = proof[0]
        rest = proof[1:]
    return _join(first, last, end_of_tree, (old, new), rest) == (subtree_root, root)


def is_subtree(start: int, end: int) -> bool:
    """Return whether [start, end) is a subtree (draft-ietf-plants-merkle-tree-certs 4.1)."""
    if start == end:
        return start >= 0
    return 0 <= start < end and start % bit_ceiling(end - start) == 0


def _join(
    first: int, last: int, end_of_tree: int, nodes: tuple[bytes, bytes], proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Return the roots of the subtree and of the tree, or None if the proof does not fit."""
    old, new = nodes
    for sibling in proof:
        if end_of_tree == 0:
            return None
        if last & 1 or last == end_of_tree:
            if first < last:
                old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            shift = _trailing_zeros(last)
            first, last, end_of_tree = first >> shift, last >> shift, end_of_tree >> shift
        else:
            new = node_hash(new, sibling)
        first, last, end_of_tree = first >> 1, last >> 1, end_of_tree >> 1
    return (old, new) if end_of_tree == 0 else None


def _common_levels(first: int, last: int, end_of_tree: int) -> int:
    """Return how many levels lie inside the subtree on its right edge."""
    if last == end_of_tree:
        return (first ^ last).bit_length()
    return min((first ^ last).bit_length(), _trailing_ones(last))


def _trailing_zeros(number: int) -> int:
    """Return the number of zero bits below the lowest one; 0 has none to pass."""
    return (number & -number).bit_length() - 1 if number else 0


def _trailing_ones(number: int) -> int:
    return _trailing_zeros(~number)


def _well_formed(hashes: Sequence[bytes]) -> bool:
    return all(len(each) == HASH_SIZE for each in hashes)
