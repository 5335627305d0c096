from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.mobile_stub.world import World, stop_clock


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    stop_clock(monkeypatch)
    world = World(tmp_path)
    yield world
    world.vault.close()
