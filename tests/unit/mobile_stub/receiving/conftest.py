from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.mobile_stub.receiving.page import Page
from tests.unit.mobile_stub.receiving.provider import PROVIDER, ProviderTwin
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import Issuer, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Return a wallet with a provider."""
    world = World(tmp_path)
    world.vault.close()
    world.open(provider=PROVIDER)
    yield world
    world.vault.close()


@pytest.fixture
def issuer(world: World) -> Issuer:
    return Issuer(world.net)


@pytest.fixture
def provider(world: World) -> ProviderTwin:
    return ProviderTwin(world.net)


@pytest.fixture
def office(world: World, provider: ProviderTwin) -> Office:
    return Office(world.net)


@pytest.fixture
def page(office: Office) -> Page:
    return Page(office)
