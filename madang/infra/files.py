"""Files that are there whole or not at all, and changed by one process at a time."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

OWNER = 0o600
EVERYBODY = 0o644
_LOOK_SECONDS: Final = 0.005


def write_whole(path: Path, content: bytes, mode: int = OWNER) -> None:
    """Write a file so that a crash leaves the old content or the new, on the disk.

    Args:
        path: the file; its folder is made.
        content: all of it.
        mode: who may read it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Have the new name on the disk too: the file alone may come back under its old one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Keep every other process that names the same lock waiting while the block lasts.

    Args:
        lock: a file for nothing else; it and its folder are made.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, OWNER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def turn(lock: Path) -> AsyncIterator[None]:
    """Keep every other task and process waiting as `alone` does, and the event loop free.

    Args:
        lock: a file for nothing else; it and its folder are made.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, OWNER)
    try:
        while not _taken(descriptor):  # noqa: ASYNC110 - another process lets go of it
            await asyncio.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
