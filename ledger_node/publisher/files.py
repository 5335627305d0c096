"""The published log: tiles and checkpoint as files that any cache can serve (C2SP tlog-tiles)."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ledger_node.publisher.disk import Disk, SystemDisk
from ledger_node.publisher.model import LogTakenError
from madang.core.merkle.tiles import TILE_WIDTH, Tile, cut


class LogFiles:
    """Files of one log; each is written whole and never changed afterwards, the checkpoint apart.

    Args:
        folder: where they are.
        disk: what they are written to.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self.folder = folder
        self._disk: Disk = SystemDisk() if disk is None else disk
        self._written: dict[Path, None] = {}

    def read(self, tile: Tile) -> bytes:
        """Return a tile or bundle, a partial one out of the full one if it was taken away.

        Raises:
            FileNotFoundError: neither is there.
        """
        try:
            return self.served(tile)
        except FileNotFoundError:
            return cut(tile, self.served(replace(tile, width=TILE_WIDTH)))

    def served(self, tile: Tile) -> bytes:
        """Return a file as it is served; FileNotFoundError if it is not there."""
        return self._disk.read(self.folder / tile.path)

    def write(self, tile: Tile, content: bytes) -> None:
        """Write a tile or bundle; it is sure to stay when a checkpoint was published after it."""
        path = self.folder / tile.path
        self._replace(path, content)
        self._written[path.parent] = None

    def checkpoint(self) -> str | None:
        """Return the published checkpoint, None before the first."""
        try:
            return self._disk.read(self.folder / "checkpoint").decode()
        except FileNotFoundError:
            return None

    def publish(self, note: str) -> None:
        """Replace the checkpoint; its tiles are on the disk before."""
        for folder in self._written:
            self._disk.flush(folder)
        self._written.clear()
        self._replace(self.folder / "checkpoint", note.encode())
        self._disk.flush(self.folder)

    def forget_partials(self, full: Tile) -> None:
        """Take away the partial files of a tile or bundle whose full one is published."""
        self._disk.remove(self.folder / f"{full.path}.p")

    def _replace(self, path: Path, content: bytes) -> None:
        self._disk.make(path.parent)
        new = path.with_name(path.name + ".new")
        self._disk.write(new, content)
        self._disk.rename(new, path)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold what is in a folder for this process; the system lets go of it when it ends.

    Raises:
        LogTakenError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogTakenError(f"another process writes what is in {folder}") from error
        yield
