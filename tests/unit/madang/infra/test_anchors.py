"""Anchors that the settings name: files and folders, PEM and DER."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from madang.infra import anchors, ca
from madang.infra.anchors import AnchorsError, load_anchors, parse_certificates

NOW = 1_800_000_000


def root(name: str) -> bytes:
    return ca.root(ec.generate_private_key(ec.SECP256R1()), name, now=NOW).der


def pem(*ders: bytes) -> bytes:
    loaded = [x509.load_der_x509_certificate(der) for der in ders]
    return b"".join(each.public_bytes(Encoding.PEM) for each in loaded)


def test_no_place_means_no_anchors() -> None:
    assert load_anchors(None) == ()


def test_a_file_of_pem_has_all_of_its_certificates_with_words_between(tmp_path: Path) -> None:
    first, second = root("first"), root("second")
    file = tmp_path / "roots"
    file.write_bytes(b"the city's\n" + pem(first) + b"\nand the other\n" + pem(second, first))
    assert load_anchors(file) == (first, second)


def test_a_file_of_der_has_one(tmp_path: Path) -> None:
    only = root("only")
    file = tmp_path / "root.bin"
    file.write_bytes(only)
    assert load_anchors(file) == (only,)


def test_a_folder_has_those_of_its_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    first, second, third, fourth = map(root, ("first", "second", "third", "fourth"))
    (tmp_path / "b.pem").write_bytes(pem(second, third))
    (tmp_path / "a.der").write_bytes(first)
    (tmp_path / "c.CRT").write_bytes(pem(first))
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "d.cer").write_bytes(fourth)
    (tmp_path / "notes.txt").write_text("no certificate")
    (tmp_path / "key.key").write_text("nor this")
    assert load_anchors(tmp_path) == (first, second, third, fourth)


def test_an_anchor_that_was_named_and_is_not_there_is_never_no_anchor(tmp_path: Path) -> None:
    with pytest.raises(AnchorsError, match=r"absent\.pem cannot be read"):
        load_anchors(tmp_path / "absent.pem")
    with pytest.raises(AnchorsError, match=r"no certificate in .*expected are files"):
        load_anchors(tmp_path)
    (tmp_path / "a.pem").write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(AnchorsError, match=r"a\.pem holds no certificate"):
        load_anchors(tmp_path)


def test_what_is_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchors, "MAX_BYTES", 10)
    (tmp_path / "a.pem").write_bytes(b"x" * 11)
    with pytest.raises(AnchorsError, match="longer than 10 bytes"):
        load_anchors(tmp_path)
    monkeypatch.setattr(anchors, "MAX_FILES", 1)
    (tmp_path / "b.pem").write_bytes(b"")
    with pytest.raises(AnchorsError, match="more than 1 files"):
        load_anchors(tmp_path)


@given(st.binary(max_size=200), st.sampled_from([b"", b"-----BEGIN CERTIFICATE-----\n"]))
def test_any_bytes_are_certificates_or_the_one_error(content: bytes, head: bytes) -> None:
    with pytest.raises(AnchorsError, match="thing holds no certificate"):
        parse_certificates(head + content, "thing")
