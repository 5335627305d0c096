"""A node with a log of 300 entries over twelve days, and its auditor."""

from pathlib import Path

import pytest

from tests.unit.ledger_node.audit.world import Auditor, World, days_before

DAYS, A_DAY = 12, 25


def _filled(state: Path) -> World:
    """Every second head is on the chain; block 101 has the first 25 entries, 102 the next 50."""
    world = World.made(state)
    for day in range(DAYS):
        first = day * A_DAY
        head = world.enter(range(first, first + A_DAY), hour=days_before(DAYS - day))
        if day % 2 == 0:
            world.anchor(head, 101 + day // 2)
    return world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a node that is only looked at."""
    return _filled(tmp_path_factory.mktemp("audit"))


@pytest.fixture(scope="session")
def auditor(world: World) -> Auditor:
    return Auditor(world)


@pytest.fixture
def own(tmp_path: Path) -> World:
    """Return a node that the test may change."""
    return _filled(tmp_path)
