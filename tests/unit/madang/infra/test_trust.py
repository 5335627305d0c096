"""Keys and roots that are known beforehand, as they lie on disk."""

from pathlib import Path

import pytest

from madang.core.keys.software import generate_ed25519
from madang.core.merkle.note import VerifierKey
from madang.infra.trust import load_anchors, load_log_key


def test_a_logs_key_is_read_from_its_municipalitys_file(tmp_path: Path) -> None:
    key = VerifierKey.of("id.hanbit.example/hanbit/log", generate_ed25519("log"))
    (tmp_path / "hanbit.vkey").write_text(f"{key.encode()}\n", "utf-8")
    assert load_log_key(tmp_path, "hanbit") == key


def test_an_absent_or_broken_log_key_is_an_error_and_never_no_check(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_log_key(tmp_path, "hanbit")
    (tmp_path / "hanbit.vkey").write_text("no key", "utf-8")
    with pytest.raises(ValueError, match="key"):
        load_log_key(tmp_path, "hanbit")


def test_without_a_folder_there_are_no_anchors(tmp_path: Path) -> None:
    assert load_anchors(tmp_path, "hanbit") == ()
    folder = tmp_path / "hanbit"
    folder.mkdir()
    (folder / "2.der").write_bytes(b"second")
    (folder / "1.der").write_bytes(b"first")
    (folder / "notes.txt").write_bytes(b"no root")
    assert load_anchors(tmp_path, "hanbit") == (b"first", b"second")
