"""The published log: tiles and checkpoint as files that any cache can serve (C2SP tlog-tiles)."""

import os
from pathlib import Path

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


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
