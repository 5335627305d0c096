from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.mobile_stub.world import Issuer, Verifier, World, stop_clock


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.vault.close()


@pytest.fixture
def verifier(world: World) -> Verifier:
    return Verifier(world.net)


@pytest.fixture
def issuer(world: World) -> Issuer:
    return Issuer(world.net)
