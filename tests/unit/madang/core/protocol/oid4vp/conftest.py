import pytest

from tests.unit.madang.core.protocol.oid4vp.city import City, found_city


@pytest.fixture(scope="session")
def city() -> City:
    return found_city()
