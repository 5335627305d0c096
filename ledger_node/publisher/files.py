"""The published log: tiles and checkpoint as files that any cache can serve (C2SP tlog-tiles)."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger_node.publisher.model import LogTakenError
from madang.core.merkle.tiles import Tile


class LogFiles:
    """Files of one log; each is written whole and never changed afterwards, the checkpoint apart.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, tile: Tile) -> bytes:
        """Return a tile or bundle; FileNotFoundError if it is not there."""
        return (self.folder / tile.path).read_bytes()

    def write(self, tile: Tile, content: bytes) -> None:
        """Write a tile or bundle."""
        _replace(self.folder / tile.path, content)

    def checkpoint(self) -> str | None:
        """Return the published checkpoint, None before the first."""
        try:
            return (self.folder / "checkpoint").read_text("utf-8")
        except FileNotFoundError:
            return None

    def publish(self, note: str) -> None:
        """Replace the checkpoint; its tiles are written before."""
        _replace(self.folder / "checkpoint", note.encode())


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the logs in a folder for this process; the system lets go of them when it ends.

    Raises:
        LogTakenError: another process holds them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogTakenError(f"another ledger node writes the logs in {folder}") from error
        yield


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
