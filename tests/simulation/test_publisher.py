"""A log, its witnesses and the chain under a seeded schedule of work and of everything that fails.

What must hold is in `schedule.py`, in words. `--simulation-steps` and `--simulation-seed` choose a
longer run or another one; a failure says how it is replayed.
"""

import pytest

from madang.core.evidence.second_key import SecondKey
from madang.core.merkle import checkpoint
from madang.core.merkle.cosignature import cosigned
from tests.simulation.chain import ContractError
from tests.simulation.schedule import BUNDLE, HOUR, Schedule
from tests.simulation.world import NOW, QUORUM, World

ONE_IN = 60


@pytest.fixture(scope="module")
def schedule(request: pytest.FixtureRequest) -> Schedule:
    """Return a schedule after all its steps and its last recovery."""
    seed = str(request.config.getoption("--simulation-seed"))
    steps = int(request.config.getoption("--simulation-steps"))
    schedule = Schedule(World(seed, ONE_IN), seed)
    try:
        schedule.run(steps)
    except AssertionError as error:
        error.add_note(
            f"replay: pytest tests/simulation --simulation-seed {seed} --simulation-steps {steps}"
        )
        raise
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
    newest = schedule.world.publisher.newest()
    assert newest is not None
    assert schedule.world.contract.heads[-1] == (newest.size, newest.root)
    assert schedule.anchored()


def test_every_witness_has_signed_the_last_head(schedule: Schedule) -> None:
    note = schedule.world.publisher.files.checkpoint()
    assert note is not None
    signed = checkpoint.parse_note(note)
    assert all(cosigned(signed, point.key) for point in schedule.world.points)
    state = schedule.world.witnessing.state()
    assert state.final == state.cosigned == state.size == len(schedule.entries)
    assert len(state.witnesses) >= QUORUM


def test_everything_that_can_go_wrong_did(schedule: Schedule) -> None:
    """A fault that no schedule reaches proves nothing."""
    wanted = {
        "crash before a commit",
        "crash after a commit",
        "crash within a write",
        "crash before a rename to a tile",
        "crash after a rename to a tile",
        "crash before a rename to the checkpoint",
        "crash after a rename to the checkpoint",
        "crash before a flush",
        "crash before partial files are taken away",
        "crash before a request to a witness",
        "crash after the answer of a witness",
        "crash before a transaction",
        "crash after the chain took a head",
        "power cut",
        "lost write",
        "full disk",
        "locked database",
        "lost request",
        "request for later",
        "late request",
        "doubled request",
        "lost answer",
        "answer to another request",
        "witness without a database",
        "witness set back",
        "slow chain",
        "refused transaction",
        "reorganisation",
    }
    assert wanted - {*schedule.world.chance.seen} == set()
    assert schedule.restarts > 0
    assert schedule.set_backs > 0


def test_the_contract_twin_refuses_a_head_that_does_not_extend(schedule: Schedule) -> None:
    twin = schedule.world.contract
    size, root = twin.heads[-1]
    with pytest.raises(ContractError):
        twin.append(size + 1, bytes(32), [root])
    with pytest.raises(ContractError):
        twin.append(size, root, [])
