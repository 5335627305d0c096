"""Does a log tell two stories? Only what the log signed counts against it."""

from pathlib import Path

import pytest

from ledger_node.audit.cosigners import KnownKeys
from ledger_node.audit.splitting import Place, Verdict, judge, look_at
from madang.core.keys.software import generate_ed25519
from madang.core.merkle import checkpoint
from madang.core.merkle.checkpoint import Checkpoint
from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import NoteError, VerifierKey
from tests.unit.ledger_node.audit.world import World


@pytest.fixture
def keys(world: World) -> KnownKeys:
    publisher = world.publisher
    return KnownKeys(
        VerifierKey.of(publisher.origin, publisher.signer),
        (CosignerKey.of(publisher.origin, publisher.cosigner.signer),),
    )


def own_note(world: World, size: int) -> str:
    with world.publisher.stores() as store:
        head = next(each for each in store.heads(100) if each.size == size)  # type: ignore[attr-defined]
    return str(head.note)


def told(world: World, size: int, root: bytes, *, stranger: bool = False) -> str:
    """Return a head that the log, or a stranger, signs beside its own."""
    signer = generate_ed25519("x") if stranger else world.publisher.signer
    return checkpoint.sign(Checkpoint(world.publisher.origin, size, root), signer)


def verdict(world: World, keys: KnownKeys, *notes: str) -> Verdict:
    first, second = (look_at(world.publisher, keys, note) for note in notes)
    assert judge(first, second) is judge(second, first)
    return judge(first, second)


def test_the_same_head_twice(world: World, keys: KnownKeys) -> None:
    note = own_note(world, 25)
    assert verdict(world, keys, note, note) is Verdict.SAME


def test_two_heads_of_one_log(world: World, keys: KnownKeys) -> None:
    assert verdict(world, keys, own_note(world, 25), own_note(world, 300)) is Verdict.ONE_LOG


@pytest.mark.parametrize("size", [25, 300, 26])
def test_a_second_story_of_any_size(world: World, keys: KnownKeys, size: int) -> None:
    other = told(world, size, bytes(32))
    assert verdict(world, keys, own_note(world, 300), other) is Verdict.SPLIT


def test_a_second_story_that_two_people_were_told(world: World, keys: KnownKeys) -> None:
    other = told(world, 25, bytes(32))
    assert verdict(world, keys, other, other) is Verdict.SPLIT


def test_a_second_story_beyond_this_node_s_log(world: World, keys: KnownKeys) -> None:
    one, other = told(world, 1_000, bytes(32)), told(world, 1_000, bytes([1]) * 32)
    assert verdict(world, keys, one, other) is Verdict.SPLIT


def test_a_later_head_is_left_open(world: World, keys: KnownKeys) -> None:
    other = told(world, 1_000, bytes(32))
    assert verdict(world, keys, own_note(world, 300), other) is Verdict.OPEN


def test_what_the_log_did_not_sign_proves_nothing(world: World, keys: KnownKeys) -> None:
    other = told(world, 300, bytes(32), stranger=True)
    assert verdict(world, keys, own_note(world, 300), other) is Verdict.NOT_SIGNED


def test_where_a_head_stands(world: World, keys: KnownKeys) -> None:
    part = look_at(world.publisher, keys, own_note(world, 50))
    other = look_at(world.publisher, keys, told(world, 50, bytes(32)))
    beyond = look_at(world.publisher, keys, told(world, 301, bytes(32)))
    assert [each.place for each in (part, other, beyond)] == [
        Place.PART,
        Place.OTHER,
        Place.BEYOND,
    ]
    assert [len(each.lines) for each in (part, other)] == [2, 1]


def test_what_is_no_checkpoint(world: World, keys: KnownKeys) -> None:
    with pytest.raises(NoteError):
        look_at(world.publisher, keys, "x")


def test_an_empty_log_has_no_head_yet(tmp_path: Path) -> None:
    world = World.made(tmp_path)
    keys = KnownKeys(VerifierKey.of(world.publisher.origin, world.publisher.signer))
    assert look_at(world.publisher, keys, told(world, 1, bytes(32))).place is Place.BEYOND
