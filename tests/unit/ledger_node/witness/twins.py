"""A witness's memory without a database, and logs to show it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ledger_node.witness.model import Conflict, WitnessedHead
from ledger_node.witness.store import KEPT_CONFLICTS, KEPT_HEADS
from madang.core.keys.software import SoftwareSigner, generate_ed25519
from madang.core.merkle import checkpoint as checkpoints
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.note import VerifierKey
from madang.core.merkle.tree import Tree, leaf_hash
from madang.core.merkle.witness import AddCheckpoint


class MemoryWitness:
    """Twin of `SqlWitness`."""

    def __init__(self) -> None:
        self._heads: dict[str, dict[int, WitnessedHead]] = {}
        self._conflicts: dict[tuple[str, int, bytes], Conflict] = {}

    def copy(self) -> "MemoryWitness":
        copied = MemoryWitness()
        copied._heads = {origin: dict(heads) for origin, heads in self._heads.items()}
        copied._conflicts = dict(self._conflicts)
        return copied

    def latest(self, origin: str) -> WitnessedHead | None:
        heads = self._heads.get(origin)
        return heads[max(heads)] if heads else None

    def at(self, origin: str, size: int) -> WitnessedHead | None:
        return self._heads.get(origin, {}).get(size)

    def add(self, head: WitnessedHead) -> None:
        heads = self._heads.setdefault(head.origin, {})
        heads[head.size] = head
        for size in sorted(heads)[:-KEPT_HEADS]:
            del heads[size]

    def add_conflict(self, conflict: Conflict) -> None:
        own = [key for key in self._conflicts if key[0] == conflict.origin]
        if len(own) < KEPT_CONFLICTS:
            self._conflicts.setdefault((conflict.origin, conflict.size, conflict.root), conflict)

    def conflicts(self) -> Sequence[Conflict]:
        return sorted(self._conflicts.values(), key=lambda each: (each.seen, each.size))


class MemoryWitnesses:
    """Twin of `SqlWitnesses`: what a block changes is kept when it ends well."""

    def __init__(self) -> None:
        self.kept = MemoryWitness()

    @contextmanager
    def __call__(self) -> Iterator[MemoryWitness]:
        working = self.kept.copy()
        yield working
        self.kept = working


@dataclass
class ShownLog:
    """A log whose owner can also show another face."""

    origin: str = "city.example/seoul/log"
    signer: SoftwareSigner = field(default_factory=lambda: generate_ed25519("log"))
    tree: Tree = field(default_factory=Tree)

    @property
    def key(self) -> VerifierKey:
        return VerifierKey.of(self.origin, self.signer)

    def grow(self, count: int, face: str = "a") -> "ShownLog":
        for _ in range(count):
            self.tree.append(leaf_hash(f"{face}{self.tree.size}".encode()))
        return self

    def asked(self, old: int, size: int | None = None) -> AddCheckpoint:
        """Return a request for the newest head, or that of a size."""
        size = self.tree.size if size is None else size
        head = Checkpoint(self.origin, size, self.tree.root(size))
        proof = tuple(self.tree.consistency_proof(old, size)) if 0 < old < size else ()
        return AddCheckpoint(
            old, proof, checkpoints.parse_note(checkpoints.sign(head, self.signer))
        )
