"""A verifier on a loopback port, for browsers and for software written by others."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from tests.unit.verifier.world import City
from verifier.app import build


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(city: City, port: int) -> Iterator[None]:
    """Serve a city's verifier while the block lasts."""
    app = build(city.settings, city.deps)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        server.force_exit = True  # a page that waits for events would keep it
        thread.join()
