"""A disk in memory that forgets what was not flushed when the power is cut, tears and fills up."""

from pathlib import Path

from tests.simulation.chance import Chance, Crash

Folders = dict[Path, dict[str, bytes]]


class SimulatedDisk:
    """Twin of `SystemDisk`.

    Attributes:
        folders: what a running process reads: contents by folder and name.
        full: writes that fail because there is no room.
        published: contents that were given the name "checkpoint", in order: others may have read
            each of them.
    """

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self.folders: Folders = {}
        self._flushed: Folders = {}
        self.full = 0
        self.published: list[bytes] = []

    def read(self, path: Path) -> bytes:
        try:
            return self.folders[path.parent][path.name]
        except KeyError:
            raise FileNotFoundError(2, "No such file or directory", str(path)) from None

    def write(self, path: Path, content: bytes) -> None:
        names = self.folders[path.parent]
        if self.full:
            self.full -= 1
            self._chance.happened("full disk")
            names[path.name] = content[: self._chance.below(len(content) + 1)]
            raise OSError(28, "No space left on device")
        try:
            self._chance.point("within a write")
        except Crash:
            names[path.name] = content[: self._chance.below(len(content) + 1)]
            raise
        names[path.name] = content

    def rename(self, old: Path, new: Path) -> None:
        self._chance.point(f"before a rename to {_kind(new)}")
        content = self.folders[old.parent].pop(old.name)
        self.folders[new.parent][new.name] = content
        if new.name == "checkpoint":
            self.published.append(content)
        self._chance.point(f"after a rename to {_kind(new)}")

    def flush(self, folder: Path) -> None:
        self._chance.point("before a flush")
        self._flushed[folder] = dict(self.folders[folder])

    def make(self, folder: Path) -> None:
        self.folders.setdefault(folder, {})

    def remove(self, folder: Path) -> None:
        self._chance.point("before partial files are taken away")
        self.folders.pop(folder, None)

    def power_cut(self) -> None:
        """Keep what was flushed; of each change since then, chance decides.

        Contents were flushed before they got their names, so a file is whole or not there.
        """
        kept: Folders = {}
        for folder in sorted({*self.folders, *self._flushed}):
            now, before = self.folders.get(folder, {}), self._flushed.get(folder, {})
            kept[folder] = {}
            for name in sorted({*now, *before}):
                lost = now.get(name) != before.get(name) and self._chance.one(2, "lost write")
                content = (before if lost else now).get(name)
                if content is not None and not name.endswith(".new"):
                    kept[folder][name] = content
        self.restore(kept)

    def copy(self) -> Folders:
        """Return all that is there, for a copy of the disk."""
        return {folder: dict(names) for folder, names in self.folders.items()}

    def restore(self, folders: Folders) -> None:
        """Put a copy in the place of what is there."""
        self.folders = {folder: dict(names) for folder, names in folders.items()}
        self._flushed = {folder: dict(names) for folder, names in folders.items()}


def _kind(path: Path) -> str:
    return "the checkpoint" if path.name == "checkpoint" else "a tile"
