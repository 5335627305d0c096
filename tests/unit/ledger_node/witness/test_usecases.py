"""A witness signs what extends, remembers it, and keeps what contradicts it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import OperationalError

from ledger_node.witness import store as stores_module
from ledger_node.witness.model import NotSignedError, NotWitnessedError, UnknownLogError
from ledger_node.witness.store import SqlWitnesses, WitnessConflictRow, WitnessHeadRow
from ledger_node.witness.usecases import Witness, WitnessStores
from madang.core.keys.software import SoftwareSigner, generate_ed25519
from madang.core.merkle.checkpoint import parse_note, verify
from madang.core.merkle.cosignature import CosignerKey, cosigned
from madang.core.merkle.witness import AddCheckpoint, Judgement, cosignatures
from madang.infra.clock import FixedClock
from madang.infra.db import Database
from tests.unit.ledger_node.witness import twins
from tests.unit.ledger_node.witness.twins import MemoryWitnesses, ShownLog

NOW = 1_800_000_000
NAME = "other.example/busan/witness"


def sql() -> SqlWitnesses:
    database = Database()
    database.create(WitnessHeadRow, WitnessConflictRow)
    return SqlWitnesses(database, NAME)


STORES: dict[str, Callable[[], WitnessStores]] = {"database": sql, "twin": MemoryWitnesses}


@dataclass
class Ground:
    """A witness and two logs that it watches."""

    stores: WitnessStores
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    signer: SoftwareSigner = field(default_factory=lambda: generate_ed25519("witness"))
    log: ShownLog = field(default_factory=ShownLog)
    other: ShownLog = field(default_factory=lambda: ShownLog("city.example/daegu/log"))

    @property
    def witness(self) -> Witness:
        """A witness that has just been started."""
        logs = {each.origin: (each.key,) for each in (self.log, self.other)}
        return Witness(NAME, self.signer, logs, self.stores, self.clock)

    def refused(self, request: AddCheckpoint) -> tuple[Judgement, int]:
        with pytest.raises(NotWitnessedError) as refusal:
            self.witness.add(request)
        return refusal.value.judgement, refusal.value.size


@pytest.fixture(params=STORES)
def ground(request: pytest.FixtureRequest) -> Ground:
    return Ground(STORES[request.param]())


def test_it_signs_head_after_head_and_remembers_the_last(ground: Ground) -> None:
    old = 0
    for count in (1, 2, 5, 300):
        ground.clock.advance(7)
        request = ground.log.grow(count).asked(old)
        line = ground.witness.add(request)
        key = CosignerKey.of(NAME, ground.signer)
        (found,) = cosignatures(request.signed, line.encode(), key)
        assert key.check(found.signature, request.signed.checkpoint) == ground.clock.now()
        latest = ground.witness.latest(ground.log.origin)
        assert latest is not None
        assert (latest.size, latest.root) == (ground.log.tree.size, ground.log.tree.root())
        shown = parse_note(latest.note + latest.line)
        assert verify(shown, ground.log.key)
        assert cosigned(shown, key) == ground.clock.now()
        old = latest.size


def test_each_log_has_a_memory_of_its_own(ground: Ground) -> None:
    ground.witness.add(ground.log.grow(3).asked(0))
    assert ground.witness.latest(ground.other.origin) is None
    ground.witness.add(ground.other.grow(2).asked(0))
    first, second = (ground.witness.latest(each.origin) for each in (ground.log, ground.other))
    assert first
    assert second
    assert (first.size, second.size) == (3, 2)


def test_each_witness_of_a_database_has_a_memory_of_its_own() -> None:
    database = Database()
    database.create(WitnessHeadRow, WitnessConflictRow)
    first, second = (Ground(SqlWitnesses(database, name)) for name in ("a/w", "b/w"))
    second.log = first.log
    first.witness.add(first.log.grow(3).asked(0))
    assert second.witness.latest(first.log.origin) is None
    second.witness.add(first.log.asked(0))


def test_the_same_head_again_is_signed_again_for_now(ground: Ground) -> None:
    ground.witness.add(ground.log.grow(3).asked(0))
    ground.clock.advance(100)
    request = ground.log.asked(3)
    key = CosignerKey.of(NAME, ground.signer)
    (line,) = cosignatures(request.signed, ground.witness.add(request).encode(), key)
    assert key.check(line.signature, request.signed.checkpoint) == NOW + 100
    latest = ground.witness.latest(ground.log.origin)
    assert latest is not None
    assert latest.time == NOW


def test_a_clock_that_was_set_back_does_not_date_a_head_before_its_forerunner(
    ground: Ground,
) -> None:
    ground.witness.add(ground.log.grow(3).asked(0))
    ground.clock.advance(-1000)
    request = ground.log.grow(1).asked(3)
    key = CosignerKey.of(NAME, ground.signer)
    (line,) = cosignatures(request.signed, ground.witness.add(request).encode(), key)
    assert key.check(line.signature, request.signed.checkpoint) == NOW


def test_who_does_not_know_the_size_is_told_it(ground: Ground) -> None:
    ground.witness.add(ground.log.grow(3).asked(0))
    ground.log.grow(4)
    for old in (0, 2, 4):
        assert ground.refused(ground.log.asked(old)) == (Judgement.STALE, 3)
    assert ground.refused(ground.log.asked(8, 7)) == (Judgement.OLD_TOO_LARGE, 3)
    ground.witness.add(ground.log.asked(3))


def test_a_smaller_head_is_never_signed_after_a_larger_one(ground: Ground) -> None:
    ground.witness.add(ground.log.grow(9).asked(0))
    for old in (0, 4, 5):
        assert ground.refused(ground.log.asked(old, 5)) == (Judgement.STALE, 9)
    assert ground.witness.conflicts() == []


def test_another_history_is_refused(ground: Ground) -> None:
    face = ShownLog(signer=ground.log.signer).grow(20, "b")
    ground.witness.add(ground.log.grow(9).asked(0))
    assert ground.refused(face.asked(9)) == (Judgement.UNPROVEN, 9)
    latest = ground.witness.latest(ground.log.origin)
    assert latest is not None
    assert latest.size == 9


@pytest.mark.parametrize("old", [0, 5, 9])
@pytest.mark.parametrize("size", [5, 9])
def test_two_heads_of_one_size_are_kept_both_whatever_was_asked(
    ground: Ground, old: int, size: int
) -> None:
    ground.witness.add(ground.log.grow(5).asked(0))
    ground.witness.add(ground.log.grow(4).asked(5))
    face = ShownLog(signer=ground.log.signer).grow(9, "b")
    expected = Judgement.OLD_TOO_LARGE if old > size else Judgement.STALE
    if (old, size) == (9, 9):
        expected = Judgement.SPLIT
    ground.clock.advance(5)
    for _ in range(2):
        assert ground.refused(face.asked(old, size)) == (expected, 9)
        ground.clock.advance(5)
    (conflict,) = ground.witness.conflicts()
    assert (conflict.origin, conflict.size, conflict.seen) == (face.origin, size, NOW + 5)
    first, second = parse_note(conflict.first), parse_note(conflict.second)
    assert verify(first, face.key)
    assert verify(second, face.key)
    assert first.checkpoint.size == second.checkpoint.size == size
    assert first.checkpoint.root == ground.log.tree.root(size)
    assert second.checkpoint.root == face.tree.root(size) == conflict.root


def test_the_proofs_against_a_log_are_bounded(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (stores_module, twins):
        monkeypatch.setattr(module, "KEPT_CONFLICTS", 2)
    ground.witness.add(ground.log.grow(3).asked(0))
    ground.witness.add(ground.other.grow(3).asked(0))
    for face in "bcde":
        shown = ShownLog(signer=ground.log.signer).grow(3, face)
        assert ground.refused(shown.asked(3)) == (Judgement.SPLIT, 3)
        ground.clock.advance(1)
    shown = ShownLog(ground.other.origin, ground.other.signer).grow(3, "b")
    assert ground.refused(shown.asked(3)) == (Judgement.SPLIT, 3)
    found = [each.origin for each in ground.witness.conflicts()]
    assert found == [ground.log.origin, ground.log.origin, ground.other.origin]


def test_the_heads_that_are_remembered_are_bounded(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (stores_module, twins):
        monkeypatch.setattr(module, "KEPT_HEADS", 3)
    ground.witness.add(ground.other.grow(1).asked(0))
    for size in range(6):
        ground.witness.add(ground.log.grow(1).asked(size))
    with ground.stores() as store:
        known = [store.at(ground.log.origin, size) is not None for size in range(1, 7)]
        assert store.at(ground.other.origin, 1) is not None
    assert known == [False, False, False, True, True, True]


def test_strangers_and_strange_logs_are_turned_away(ground: Ground) -> None:
    strange = ShownLog("strange.example/log").grow(3)
    with pytest.raises(UnknownLogError):
        ground.witness.add(strange.asked(0))
    forged = ShownLog().grow(3)
    with pytest.raises(NotSignedError):
        ground.witness.add(forged.asked(0))
    assert ground.witness.latest(forged.origin) is None


def test_what_could_not_be_kept_is_not_signed(ground: Ground) -> None:
    """The line leaves after the commit: a witness that forgets could sign two faces."""

    class FullDisk:
        def __call__(self) -> object:
            raise OperationalError("", None, Exception("disk is full"))

    ground.log.grow(3)
    kept, ground.stores = ground.stores, FullDisk()  # type: ignore[assignment]
    with pytest.raises(OperationalError):
        ground.witness.add(ground.log.asked(0))
    ground.stores = kept
    assert ground.witness.latest(ground.log.origin) is None
    ground.witness.add(ground.log.asked(0))
