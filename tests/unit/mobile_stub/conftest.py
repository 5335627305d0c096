from collections.abc import Iterator
from pathlib import Path

import pytest

from mobile_stub.adapters import vault
from tests.unit.mobile_stub.world import Issuer, Verifier, World, stop_clock


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock, and open vaults fast."""
    stop_clock(monkeypatch)
    monkeypatch.setattr(vault, "SCRYPT_N", 2)


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
