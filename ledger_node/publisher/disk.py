"""The few things that the published files ask of a disk, each with what it promises."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from madang.infra.files import flush_folder


class Disk(Protocol):
    """Files and folders; what is not said to be on the disk may be gone after a power cut."""

    def read(self, path: Path) -> bytes:
        """Return a file; FileNotFoundError if there is none."""
        ...

    def write(self, path: Path, content: bytes) -> None:
        """Write a new file and have its content on the disk, its name not yet."""
        ...

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name, that of an older file too; which one lasts is open."""
        ...

    def flush(self, folder: Path) -> None:
        """Have the names in a folder on the disk."""
        ...

    def make(self, folder: Path) -> None:
        """Make a folder and those above it, on the disk; nothing if it is there."""
        ...

    def remove(self, folder: Path) -> None:
        """Take a folder away with all that is in it, at some time; nothing if there is none."""
        ...


class SystemDisk:
    """The machine's disk."""

    def read(self, path: Path) -> bytes:
        """Return a file."""
        return path.read_bytes()

    def write(self, path: Path, content: bytes) -> None:
        """Write a new file and have its content on the disk."""
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name."""
        old.replace(new)

    def flush(self, folder: Path) -> None:
        """Have the names in a folder on the disk."""
        flush_folder(folder)

    def make(self, folder: Path) -> None:
        """Make a folder and those above it."""
        if not folder.is_dir():
            self.make(folder.parent)
            folder.mkdir(exist_ok=True)
            flush_folder(folder.parent)

    def remove(self, folder: Path) -> None:
        """Take a folder away with all that is in it."""
        shutil.rmtree(folder, ignore_errors=True)
