"""A file is there whole or not at all."""

import os
from pathlib import Path

import pytest

from madang.infra.files import EVERYBODY, write_whole
from tests.patching import only_here


def test_the_content_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a" / "file"
    write_whole(path, b"long before")
    write_whole(path, b"after")
    assert path.read_bytes() == b"after"
    assert list(path.parent.iterdir()) == [path]


def test_only_the_owner_reads_it_unless_it_is_for_everybody(tmp_path: Path) -> None:
    write_whole(tmp_path / "own", b"")
    write_whole(tmp_path / "all", b"", EVERYBODY)
    assert (tmp_path / "own").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "all").stat().st_mode & 0o044 == 0o044


def test_an_interrupted_writing_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError("the disk is full")

    write_whole(tmp_path / "old", b"before")
    monkeypatch.setattr(os, "fsync", only_here(full, os.fsync))
    for name in ("old", "new"):
        with pytest.raises(OSError, match="full"):
            write_whole(tmp_path / name, b"after")
    assert (tmp_path / "old").read_bytes() == b"before"
    assert not (tmp_path / "new").exists()
