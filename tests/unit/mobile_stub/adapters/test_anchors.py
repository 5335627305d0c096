"""Anchors come from files and folders, in PEM and DER; what is none is told."""

import ssl
from pathlib import Path

import pytest

from mobile_stub.adapters.anchors import load_anchors
from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.world import ROOT, authority

OTHER = authority("other")[0]


def pem(der: bytes) -> str:
    return ssl.DER_cert_to_PEM_cert(der)


def test_no_place_gives_no_anchors() -> None:
    assert load_anchors(None) == ()


def test_a_file_may_hold_several_and_each_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "anchors.pem"
    file.write_text(pem(ROOT) + pem(OTHER) + pem(ROOT))
    assert load_anchors(file) == (ROOT, OTHER)


def test_a_folder_may_mix_both_forms_and_other_files(tmp_path: Path) -> None:
    (tmp_path / "1.der").write_bytes(ROOT)
    (tmp_path / "2.PEM").write_text(pem(OTHER))
    (tmp_path / "readme.txt").write_text("nothing")
    assert load_anchors(tmp_path) == (ROOT, OTHER)


@pytest.mark.parametrize("content", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAA"])
def test_what_is_no_certificate_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "1.pem").write_bytes(content)
    for place in (tmp_path, tmp_path / "1.pem"):
        with pytest.raises(WalletError) as refused:
            load_anchors(place)
        assert refused.value.code == "anchors_unreadable"


def test_an_empty_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing.pem"):
        with pytest.raises(WalletError):
            load_anchors(place)
