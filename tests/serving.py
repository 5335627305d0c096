"""A service on a loopback port, in a thread of the test's own process."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, Literal

import uvicorn
from uvicorn._types import ASGIApplication

_FIRST, _RANGES, _WIDTH = 20_000, 700, 16
SECONDS = 30
"""How long a server may take to start, and to end."""


_HELD: Final[list[socket.socket]] = []


def free_port() -> int:
    """Return a port that nobody listens on, and that the machine gives to nobody else in this run.

    It stays bound here, and not listened on: a server that asks for it by name gets it all the
    same, as servers set SO_REUSEADDR.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _HELD.append(holder)
    return int(holder.getsockname()[1])


@contextmanager
def serving(
    app: ASGIApplication, port: int, *, lifespan: Literal["auto", "off"] = "off"
) -> Iterator[str]:
    """Serve while the block lasts; the thread never outlives the run, whatever became of it.

    Args:
        app: what answers.
        port: where.
        lifespan: "auto" for an app that has something to begin and to end.

    Yields:
        the origin.
    """
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan=lifespan)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    try:
        assert server.started, "the server did not start"
        yield f"http://127.0.0.1:{port}"
        assert thread.is_alive(), "the server ended before its test"
    finally:
        server.should_exit = True
        server.force_exit = lifespan == "off"  # a page that waits for events would keep it
        thread.join(SECONDS)
    assert not thread.is_alive(), "the server did not end"


@contextmanager
def neighbouring_ports() -> Iterator[Callable[[int], int]]:
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
