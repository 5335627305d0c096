from collections.abc import Iterator

import pytest

from tests.unit.verifier.world import City, Land, found_land, open_city


@pytest.fixture(scope="session")
def land(tmp_path_factory: pytest.TempPathFactory) -> Land:
    return found_land(tmp_path_factory.mktemp("state"))


@pytest.fixture
def city(land: Land) -> Iterator[City]:
    with open_city(land) as city:
        yield city
