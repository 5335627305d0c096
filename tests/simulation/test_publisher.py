"""The log's one writer under a seeded schedule of appends, checkpoints, anchors and crashes."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ledger_node.publisher.model import HeadState, KeyConflictError, Submitted
from madang.core.evidence.second_key import SecondKey
from madang.core.merkle import checkpoint
from madang.core.merkle.cosignature import cosigned
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.tiles import TileTree, split_bundle, tile_of
from madang.core.merkle.tree import Tree, leaf_hash
from madang.infra.ids import SeededIds
from tests.simulation.publisher_world import NOW, Crash, World

SEED = os.environ.get("MADANG_SIMULATION_SEED", "1")
STEPS = int(os.environ.get("MADANG_SIMULATION_STEPS", "2000"))
ONE_IN = 25
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

    def step(self) -> None:
        """Do one thing of chance; what is cut off is followed by a restart."""
        self.world.clock.advance(self.ids.below(HOUR))
        moves = [self.append] * 5 + [self.repeat] * 2 + [self.conflict]
        moves += [self.world.publisher.checkpoint] * 4 + [self.world.anchor] * 3 + [self.crash]
        move: Callable[[], object] = moves[self.ids.below(len(moves))]
        try:
            move()
        except Crash:
            self.restarts += 1
            self.world.restart()
        self.check()

    def append(self) -> None:
        """An office hands over up to three new entries."""
        fresh = [self._new() for _ in range(1 + self.ids.below(3))]
        for each in fresh:
            self.submitted[each.key] = each
        self._accept(fresh)

    def repeat(self) -> None:
        """An office that got no answer, or no index, hands over the same again."""
        known = sorted(self.submitted)
        chosen = {known[self.ids.below(len(known))] for _ in range(3)} if known else set()
        self._accept([self.submitted[key] for key in sorted(chosen)])

    def conflict(self) -> None:
        """A key that was accepted comes again with another content, beside a new entry."""
        if not self.accepted:
            return
        known = sorted(self.accepted)
        other = self._new(known[self.ids.below(len(known))])
        beside = self._new()
        refused = False
        try:
            self.world.publisher.accept([beside, other])
        except KeyConflictError:
            refused = True
        assert refused, "a key was taken for another entry"
        with self.world.stores() as store:
            assert store.find(beside.key) is None
            kept = store.find(other.key)
        assert kept is not None
        assert kept[0] == self.submitted[other.key]

    def crash(self) -> None:
        """The process is killed between two steps."""
        raise Crash("between steps")

    def _new(self, key: str | None = None) -> Submitted:
        kind = KINDS[self.ids.below(len(KINDS))]
        return Submitted(key or self.ids.token(), kind, self.ids.bytes(32), "https://a.example", 0)

    def _accept(self, entries: list[Submitted]) -> None:
        told = self.world.publisher.accept(entries)
        assert [*told] == [each.key for each in entries]
        self.accepted |= {*told}
        for key, index in told.items():
            assert index == self.indexes.get(key), "a key keeps its index"

    def check(self) -> None:
        """Hold the durable state against everything that was seen before."""
        with self.world.stores() as store:
            head = store.newest()
            size = 0 if head is None else head.size
            fresh = store.entries(len(self.entries), size + 1)
            waiting = {each.key for each in store.waiting(1_000_000)}
        assert size >= len(self.entries), "the log only grows"
        self._sequenced(fresh, size, waiting)
        assert head is None or head.root == self.tree.root()
        self._published()
        for anchored, root in self.world.contract.heads[-1:]:
            assert anchored <= size
            assert root == self.tree.root(anchored), "the chain has a prefix of the log"

    def _sequenced(self, fresh: Sequence[Entry], size: int, waiting: set[str]) -> None:
        known = [*self.submitted.values(), self.introduction]
        by_commitment = {each.commitment: each for each in known}
        for entry in fresh:
            assert entry.sequence == len(self.entries)
            origin = by_commitment[entry.commitment]
            assert origin.key not in self.indexes, "an entry is in the log once"
            assert origin.key not in waiting
            assert (entry.kind, entry.hour, entry.issuer) == (
                origin.kind,
                origin.hour,
                origin.issuer,
            )
            self.indexes[origin.key] = entry.sequence
            self.entries.append(entry)
            self.tree.append(leaf_hash(entry.encode()))
        assert len(self.entries) == size

    def _published(self) -> None:
        note = self.world.files.checkpoint()
        if note is None:
            return
        signed = checkpoint.parse_note(note)
        assert checkpoint.verify(signed, self.world.key)
        time = cosigned(signed, self.world.second_key)
        assert time is not None, "every head has the log's second signature"
        assert NOW <= time <= self.world.clock.now()
        size = signed.checkpoint.size
        assert size <= len(self.entries)
        assert signed.checkpoint.root == self.tree.root(size)
        assert TileTree(size, self.world.files.read).root() == signed.checkpoint.root

    def settle(self) -> None:
        """The last recovery: offices go on asking, and nothing is cut off any more."""
        self.world.chaos.one_in = 0
        self.world.restart()
        for each in self.submitted.values():
            self.world.publisher.accept([each])
        while self.world.publisher.checkpoint() is not None:
            continue
        self.world.anchor()
        self.accepted = {*self.submitted, self.introduction.key}
        self.check()

    def bundles(self) -> list[bytes]:
        """Return every entry as published."""
        size, found = len(self.entries), []
        for index in range((size + BUNDLE - 1) // BUNDLE):
            bundle = tile_of(None, index, size)
            found += split_bundle(bundle, self.world.files.read(bundle))
        return found


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Have the seed shown beside every failure."""
    print(f"MADANG_SIMULATION_SEED={SEED} MADANG_SIMULATION_STEPS={STEPS}")  # noqa: T201 - shown


@pytest.fixture(scope="module")
def schedule(tmp_path_factory: pytest.TempPathFactory) -> Schedule:
    """Return a schedule after all its steps and its last recovery."""
    schedule = Schedule(World(tmp_path_factory.mktemp("log"), SEED, ONE_IN), SEED)
    moves = [schedule.step] * STEPS + [schedule.settle]
    for number, move in enumerate(moves):
        try:
            move()
        except Exception as error:
            told = f"step {number} of MADANG_SIMULATION_SEED={SEED}: {error!r}"
            raise AssertionError(told) from error
    return schedule


def test_everything_accepted_is_in_the_log_once(schedule: Schedule) -> None:
    assert {*schedule.indexes} == schedule.accepted
    assert sorted(schedule.indexes.values()) == list(range(len(schedule.entries)))


def test_the_log_introduced_its_second_key_once(schedule: Schedule) -> None:
    own = [each for each in schedule.entries if each.issuer == schedule.world.cosigner.identifier]
    assert len(own) == 1
    second = SecondKey(schedule.world.second_key)
    assert list(second.watch(schedule.bundles())) == schedule.bundles()
    assert second.introduced == own[0].sequence
    assert schedule.world.clock.now() > NOW + HOUR, "it was called for at many hours"


def test_the_published_entries_are_those_of_the_database_in_order(schedule: Schedule) -> None:
    assert schedule.bundles() == [entry.encode() for entry in schedule.entries]
    assert len(schedule.entries) > BUNDLE, "the schedule fills more than one tile"


def test_the_chain_took_heads_and_the_last_one_is_the_logs(schedule: Schedule) -> None:
    heads = schedule.world.contract.heads
    assert heads[-1] == (len(schedule.entries), schedule.tree.root())
    assert all(schedule.tree.root(size) == root for size, root in heads)
    assert [size for size, _ in heads] == sorted({size for size, _ in heads})
    newest = schedule.world.publisher.newest()
    assert newest is not None
    assert newest.state is HeadState.ANCHORED


def test_every_place_was_cut_off(schedule: Schedule) -> None:
    assert {*schedule.world.chaos.crashes} == {
        "before a commit",
        "after a commit",
        "before a tile",
        "within a tile",
        "after a tile",
        "before the checkpoint",
        "within the checkpoint",
        "after the checkpoint",
        "after the chain took a head",
    }
    assert schedule.restarts > 0


def test_the_contract_twin_refuses_a_head_that_does_not_extend(
    tmp_path: Path, schedule: Schedule
) -> None:
    twin = schedule.world.contract
    size, root = twin.heads[-1]
    with pytest.raises(ValueError, match="does not extend"):
        twin.append(size + 1, bytes(32), [root])
    with pytest.raises(ValueError, match="does not extend"):
        twin.append(size, root, [])
