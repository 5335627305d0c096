"""What the tests along the whole path share."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

_FIRST, _RANGES, _WIDTH = 20_000, 700, 16


@pytest.fixture(scope="session")
def free_ports() -> Iterator[Callable[[int], int]]:
    """Return a function that finds neighbouring loopback ports and keeps others off them.

    Ranges never overlap, and the first port of one, which no service uses, stays bound until the
    session ends: that tells another session on this machine that the range is taken.
    """
    with ExitStack() as held:

        def first_of(count: int) -> int:
            assert count <= _WIDTH
            for at in range(_RANGES):
                first = _FIRST + (os.getpid() + at) % _RANGES * _WIDTH
                guard = _bound(first)
                if guard is None:
                    continue
                held.enter_context(guard)
                if all(_is_free(port) for port in range(first + 1, first + _WIDTH)):
                    return first
            raise AssertionError(f"no {count} free neighbouring ports from {_FIRST}")

        yield first_of


def _bound(port: int) -> socket.socket | None:
    guard = socket.socket()
    try:
        guard.bind(("127.0.0.1", port))
    except OSError:
        guard.close()
        return None
    return guard


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
