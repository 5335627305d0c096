from collections.abc import Iterator

import pytest

from tests.unit.counter.world import World, open_world


@pytest.fixture
def world() -> Iterator[World]:
    world = open_world()
    yield world
    world.close()
