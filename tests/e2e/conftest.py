"""What the tests along the whole path share."""

import os
import socket
from collections.abc import Callable

import pytest

_FIRST, _LAST = 20_000, 31_900


@pytest.fixture(scope="session")
def free_ports() -> Callable[[int], int]:
    """Return a function that finds neighbouring loopback ports that nobody listens on."""

    def first_of(count: int) -> int:
        start = _FIRST + os.getpid() % 4_000
        for first in range(start, _LAST, count):
            if all(_is_free(port) for port in range(first, first + count)):
                return first
        raise AssertionError(f"no {count} free neighbouring ports above {start}")

    return first_of


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
