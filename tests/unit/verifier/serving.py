"""A verifier on a loopback port, for browsers and for software written by others."""

from contextlib import AbstractContextManager

from tests.serving import serving
from tests.unit.verifier.world import City
from verifier.app import build


def running(city: City, port: int) -> AbstractContextManager[str]:
    """Serve a city's verifier while the block lasts."""
    return serving(build(city.settings, city.deps), port)
