"""What everybody does by chance, and what must hold whatever goes wrong.

In words:
1. No two heads of one size with two roots ever leave the process, to anybody.
2. Every accepted entry is in the log exactly once, under one index for ever.
3. What a witness has signed is a prefix of the log, and no witness ever sees two faces of it.
4. After a recovery the files are those of the database.
5. The head on the chain is always a prefix of the log.
6. A disk that was set back is noticed before anything is signed on it.
7. Every line that is published under a head is of that head.
8. Who has read a checkpoint never reads an older one later, unless the disk was set back.
"""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.exc import OperationalError

from ledger_node.publisher.model import HeadState, KeyConflictError, LogDamagedError, Submitted
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import SignedCheckpoint
from madang.core.merkle.cosignature import cosigned
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.tiles import TileTree, split_bundle, tile_of
from madang.core.merkle.tree import EMPTY_ROOT, Tree, leaf_hash
from madang.infra.ids import SeededIds
from tests.simulation.chance import Crash
from tests.simulation.world import NAMES, NOW, ORIGIN, Copy, World

BUNDLE = 256
HOUR = 3600
KINDS = list(EntryKind)


class Schedule:
    """What the offices submit, what they were told, and what must therefore hold."""

    def __init__(self, world: World, seed: str) -> None:
        self.world = world
        self.ids = SeededIds(f"{seed} schedule")
        self.introduction = world.cosigner.introduction()
        self.submitted: dict[str, Submitted] = {}
        self.accepted: set[str] = set()
        self.indexes: dict[str, int] = {}
        self.entries: list[Entry] = []
        self.tree = Tree()
        self.restarts = 0
        self.set_backs = 0
        self.left: dict[int, bytes] = {}
        self.newest_shown = 0
        self.copied: Copy | None = None
        self.memory: tuple[str, object] | None = None
        self._looked = (0, 0, 0)
        self._shown: object = None
        self._known = [*self.submitted.values(), self.introduction]
        self._by_commitment = {self.introduction.commitment: self.introduction}
        self.moves: list[Callable[[], object]] = [
            *[self.append] * 8,
            *[self.repeat] * 2,
            self.conflict,
            *[world.publish] * 8,
            *[self.hand_over] * 12,
            *[world.anchor] * 5,
            self.crash,
            *[world.net.deliver_late] * 2,
            world.contract.reorganise,
            self.trouble,
            self.take_copy,
            self.set_back,
        ]

    def step(self) -> None:
        """Do one thing of chance; what is cut off is followed by a restart."""
        self.world.clock.advance(self.ids.below(HOUR) - HOUR // 20)
        move = self.moves[self.ids.below(len(self.moves))]
        try:
            move()
            self.world.chance.ended()
        except Crash:
            self.restarts += 1
            self.world.ended()
            self.world.restart()
        self.check()

    def append(self) -> None:
        """An office hands over up to three new entries."""
        fresh = [self._new() for _ in range(1 + self.ids.below(3))]
        for each in fresh:
            self.submitted[each.key] = each
            self._by_commitment[each.commitment] = each
        self._accept(fresh)

    def repeat(self) -> None:
        """An office that got no answer, or no index, hands over the same again."""
        known = list(self.submitted)[-50:]
        chosen = {known[self.ids.below(len(known))] for _ in range(3)} if known else set()
        self._accept([self.submitted[key] for key in sorted(chosen)])

    def conflict(self) -> None:
        """A key that was accepted comes again with another content, beside a new entry."""
        known = [key for key in list(self.submitted)[-50:] if key in self.accepted]
        if not known:
            return
        other = self._new(known[self.ids.below(len(known))])
        beside = self._new()
        try:
            self.world.publisher.accept([beside, other])
        except KeyConflictError:
            assert beside.key not in self.world.logs.tables.entries
            assert self.world.logs.tables.entries[other.key] == self.submitted[other.key]
            return
        except OperationalError:
            return
        raise AssertionError("a key was taken for another entry")

    def hand_over(self) -> None:
        """A witness is asked to sign."""
        self.world.hand_over(self.ids.below(len(NAMES)))

    def crash(self) -> None:
        """The process is killed between two steps."""
        raise Crash("between steps")

    def trouble(self) -> None:
        """A full disk, a locked database, a slow chain, a witness that is away or set back."""
        kind, count = self.ids.below(5), 1 + self.ids.below(4)
        if kind == 0:
            self.world.disk.full = count
        elif kind == 1:
            self.world.logs.locked = count
        elif kind == 2:
            self.world.contract.slow = count
        elif kind == 3:
            urls = list(self.world.net.witnesses)
            self.world.net.down ^= {urls[self.ids.below(len(urls))]}
        else:
            self._set_a_witness_back()

    def _set_a_witness_back(self) -> None:
        """A witness gets an older copy of its memory; it then signs again what it has forgotten."""
        name = NAMES[self.ids.below(len(NAMES))]
        memories = self.world.memories[name]
        if self.memory is not None and self.memory[0] == name:
            memories.kept = self.memory[1]  # type: ignore[assignment]
            self.memory = None
            self.world.chance.happened("witness set back")
        else:
            self.memory = (name, memories.kept.copy())

    def take_copy(self) -> None:
        """Somebody keeps a copy of the disk."""
        self.copied = self.world.copy()

    def set_back(self) -> None:
        """Somebody puts an older copy of the disk, or of half of it, in its place."""
        world, copied = self.world, self.copied
        newest = world.copy()
        if copied is None or copied.size == newest.size or not world.reachable(copied.size):
            return
        self.copied, usual = None, world.chance.one_in
        half = self.ids.below(3)
        world.restore(copied, tables=half != 1, folders=half != 2)
        # A start has no time here to ask again: whom it reaches has to answer at once.
        world.chance.one_in = world.logs.locked = world.disk.full = self.newest_shown = 0
        world.restart()
        if half == 1:
            assert not world.publisher.damage, "files follow from the database"
        else:
            assert world.publisher.damage, "a disk that was set back is noticed"
            shown = world.publisher.files.checkpoint()
            assert half != 2 or shown == newest.checkpoint(), "newer files are left as they are"
            with pytest.raises(LogDamagedError):
                world.publisher.checkpoint()
            assert not any(world.hand_over(at) for at in range(len(NAMES)))
            world.anchor()
            self._leaving()
            world.restore(newest)
            world.restart()
            assert not world.publisher.damage
        world.chance.one_in = usual
        self.set_backs += 1

    def _new(self, key: str | None = None) -> Submitted:
        kind = KINDS[self.ids.below(len(KINDS))]
        return Submitted(key or self.ids.token(), kind, self.ids.bytes(32), "https://a.example", 0)

    def _accept(self, entries: list[Submitted]) -> None:
        try:
            told = self.world.publisher.accept(entries)
        except OperationalError:
            return
        assert [*told] == [each.key for each in entries]
        self.accepted |= {*told}
        for key, index in told.items():
            assert index == self.indexes.get(key), "a key keeps its index"

    def check(self) -> None:
        """Hold everything against everything that was seen before."""
        assert not self.world.publisher.damage, self.world.publisher.damage
        tables = self.world.logs.tables
        size = tables.sizes[-1] if tables.sizes else 0
        self._sequenced(size)
        assert not tables.sizes or tables.heads[size].root == self.tree.root()
        self._leaving()
        self._published()
        self._witnessed()
        for anchored, root in self.world.contract.heads[-1:]:
            assert anchored <= size
            assert root == self.tree.root(anchored), "the chain has a prefix of the log"

    def _sequenced(self, size: int) -> None:
        tables = self.world.logs.tables
        assert size == len(tables.order), "head and sequence are one"
        assert size >= len(self.entries), "the log only grows"
        for index in range(len(self.entries), size):
            origin = tables.entries[tables.order[index]]
            assert origin == self._by_commitment[origin.commitment]
            assert origin.key not in self.indexes, "an entry is in the log once"
            entry = Entry(index, origin.kind, origin.hour, origin.issuer, origin.commitment)
            self.indexes[origin.key] = index
            self.entries.append(entry)
            self.tree.append(leaf_hash(entry.encode()))

    def _leaving(self) -> None:
        """Look at every head that left since the last look."""
        world, (notes, requests, anchors) = self.world, self._looked
        for note in world.disk.published[notes:]:
            signed = checkpoint.parse_note(note)
            self._leaves(signed)
            assert signed.checkpoint.size >= self.newest_shown, "no reader sees the log shrink"
            self.newest_shown = signed.checkpoint.size
            assert cosigned(signed, world.second_key), "every head has the log's second signature"
        for request in world.net.left[requests:]:
            self._leaves(request.signed)
        for size, root in world.contract.left[anchors:]:
            self._one_face(size, root)
        self._looked = len(world.disk.published), len(world.net.left), len(world.contract.left)

    def _leaves(self, signed: SignedCheckpoint) -> None:
        assert checkpoint.verify(signed, self.world.key)
        self._one_face(signed.checkpoint.size, signed.checkpoint.root)

    def _one_face(self, size: int, root: bytes) -> None:
        assert self.left.setdefault(size, root) == root, "two heads of one size have left"

    def _published(self) -> None:
        world = self.world
        note = world.publisher.files.checkpoint()
        if note is None or note == self._shown:
            return
        self._shown = note
        signed = checkpoint.parse_note(note)
        for line in signed.note.signatures[2:]:
            key = next(point.key for point in world.points if point.key.name == line.name)
            time = key.check(line.signature, signed.checkpoint)
            assert time is not None, "a line is of the head under which it stands"
            assert time >= NOW - HOUR
        size = signed.checkpoint.size
        assert size <= len(self.entries)
        assert signed.checkpoint.root == self.tree.root(size)
        assert TileTree(size, world.publisher.files.served).root() == signed.checkpoint.root

    def _witnessed(self) -> None:
        for name in NAMES:
            memory = self.world.remembered(name)
            latest = memory.latest(ORIGIN)
            root = self.tree.root(latest.size) if latest and latest.size else EMPTY_ROOT
            assert latest is None or latest.root == root, "a witness signs prefixes of the log"
            assert not memory.conflicts(), "no witness sees two faces"

    def settle(self) -> None:
        """The last recovery: offices go on asking, and nothing goes wrong any more."""
        world = self.world
        world.chance.one_in = 0
        world.disk.full = world.logs.locked = world.contract.slow = 0
        world.net.down.clear()
        world.restart()
        for each in self.submitted.values():
            world.publisher.accept([each])
        world.anchor()
        while world.publisher.checkpoint() is not None:
            continue
        for _ in range(3):
            for at in range(len(NAMES)):
                world.hand_over(at)
        world.anchor()
        world.contract.settled = len(world.contract.heads)
        world.anchor()
        self.accepted = {*self.submitted, self.introduction.key}
        self._shown = None
        self.check()

    def bundles(self) -> Sequence[bytes]:
        """Return every entry as published."""
        size, found = len(self.entries), []
        for index in range((size + BUNDLE - 1) // BUNDLE):
            bundle = tile_of(None, index, size)
            found += split_bundle(bundle, self.world.publisher.files.served(bundle))
        return found

    def run(self, steps: int) -> None:
        """Do so many steps and settle; an error says at which step."""
        with self.world.starts:
            for number, move in enumerate([self.step] * steps + [self.settle]):
                try:
                    move()
                except Exception as error:
                    raise AssertionError(f"step {number}: {error!r}") from error

    def anchored(self) -> bool:
        """Tell whether the newest head is on the chain, and known to be."""
        newest = self.world.publisher.newest()
        return newest is not None and newest.state is HeadState.ANCHORED
