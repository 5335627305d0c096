"""A log has one writer, and its folder says so."""

from pathlib import Path

import pytest

from ledger_node.publisher.files import only_writer
from ledger_node.publisher.model import LogTakenError


def test_a_second_node_on_the_same_folder_is_turned_away(tmp_path: Path) -> None:
    with only_writer(tmp_path / "log"):
        with pytest.raises(LogTakenError, match=str(tmp_path)), only_writer(tmp_path / "log"):
            pass
        with only_writer(tmp_path / "other"):
            pass


def test_the_next_node_may_write_when_the_first_has_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with only_writer(tmp_path / "log"):
            pass
