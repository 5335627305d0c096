import os
from pathlib import Path

import pytest

from madang.core.keys.signing import checker_for
from madang.infra.key_ring import KeyRings
from madang.infra.keystore import Keystore, KeystoreError
from tests.patching import only_here


@pytest.fixture
def keys(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "keys", "right")


def test_a_key_comes_back_and_signs(keys: Keystore) -> None:
    for make in (keys.create_p256, keys.create_ed25519, keys.create_ml_dsa_44):
        made = make("a", make.__name__)
        again = Keystore(keys.folder, "right").signer("a", make.__name__)
        assert again.key_id == made.public_key.thumbprint()
        assert checker_for(made.public_key).check(again.sign(b"x"), b"x")


def test_a_chain_account_comes_back(keys: Keystore) -> None:
    secret = keys.create_secp256k1("a", "chain")
    assert len(secret) == 32
    assert Keystore(keys.folder, "right").secret("a", "chain") == secret


def test_nothing_on_the_disk_is_the_key(keys: Keystore) -> None:
    secret = keys.create_secp256k1("a", "chain")
    for path in keys.folder.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0


def test_another_passphrase_does_not_open_it(keys: Keystore) -> None:
    keys.create_p256("a", "issuer")
    with pytest.raises(KeystoreError, match="MADANG_KEY_PASSPHRASE"):
        Keystore(keys.folder, "wrong").signer("a", "issuer")


def test_a_damaged_or_exchanged_file_does_not_open(keys: Keystore) -> None:
    keys.create_p256("a", "issuer")
    keys.create_p256("a", "verifier")
    issuer, verifier = (keys.folder / "a" / f"{n}.key" for n in ("issuer", "verifier"))
    issuer.write_bytes(verifier.read_bytes())
    reopened = Keystore(keys.folder, "right")
    with pytest.raises(KeystoreError):
        reopened.signer("a", "issuer")
    whole = verifier.read_bytes()
    for size in (len(whole) - 1, 20, 12, 5, 0):
        verifier.write_bytes(whole[:size])
        with pytest.raises(KeystoreError, match=r"verifier\.key does not open"):
            reopened.signer("a", "verifier")


def test_a_lost_salt_is_told_and_not_replaced(keys: Keystore) -> None:
    keys.create_p256("a", "issuer")
    (keys.folder / "salt").unlink()
    reopened = Keystore(keys.folder, "right")
    with pytest.raises(KeystoreError, match="no salt at"):
        reopened.signer("a", "issuer")
    with pytest.raises(KeystoreError, match="no salt at"):
        reopened.create_p256("a", "verifier")
    assert not (keys.folder / "salt").exists()
    assert not keys.exists("a", "verifier")


def test_a_missing_key_names_the_command(keys: Keystore) -> None:
    assert not keys.exists("a", "issuer")
    with pytest.raises(KeystoreError, match="madang prepare"):
        keys.signer("a", "issuer")


def test_a_key_is_never_overwritten(keys: Keystore) -> None:
    keys.create_p256("a", "issuer")
    with pytest.raises(KeystoreError, match="never overwritten"):
        keys.create_p256("a", "issuer")


def test_certificates_stay_in_their_order(keys: Keystore) -> None:
    keys.create_p256("a", "issuer")
    assert keys.signer("a", "issuer").certificate_chain == ()
    keys.keep_chain("a", "issuer", (b"leaf", b"intermediate"))
    assert keys.signer("a", "issuer").certificate_chain == (b"leaf", b"intermediate")


@pytest.mark.parametrize("before", [(), (b"old leaf", b"old intermediate")])
@pytest.mark.parametrize("written", [0, 1])
def test_an_interrupted_chain_counts_as_none(
    keys: Keystore, monkeypatch: pytest.MonkeyPatch, before: tuple[bytes, ...], written: int
) -> None:
    """A leaf without its intermediate would be refused for ever, and so would a mixed chain."""
    keys.create_p256("a", "issuer")
    keys.keep_chain("a", "issuer", before)
    real, left = os.fsync, iter(range(written))

    def full(descriptor: int) -> None:
        if next(left, None) is None:
            raise OSError("the disk is full")
        real(descriptor)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", only_here(full, real))
        with pytest.raises(OSError, match="full"):
            keys.keep_chain("a", "issuer", (b"leaf", b"intermediate"))
    assert Keystore(keys.folder, "right").chain("a", "issuer") == ()
    keys.keep_chain("a", "issuer", (b"leaf",))
    assert keys.chain("a", "issuer") == (b"leaf",)


def test_a_chain_key_is_no_signer(keys: Keystore) -> None:
    keys.create_secp256k1("a", "chain")
    with pytest.raises(KeystoreError, match="no kind that signs"):
        keys.signer("a", "chain")


def test_a_signer_is_read_once_and_anew_when_its_chain_changes(keys: Keystore) -> None:
    keys.create_p256("a", "issuer")
    assert keys.signer("a", "issuer") is keys.signer("a", "issuer")
    keys.keep_chain("a", "issuer", (b"leaf",))
    assert keys.signer("a", "issuer").certificate_chain == (b"leaf",)


def test_the_passphrase_is_in_no_text(tmp_path: Path) -> None:
    """Neither in that of the keys, nor in that of whatever holds them."""
    keys = Keystore(tmp_path, "correct horse")
    keys.create_p256("a", "issuer")
    assert "correct horse" not in repr(keys)
    assert "correct horse" not in repr(KeyRings(keys))


def test_another_passphrase_makes_no_key_beside_those_that_it_does_not_open(
    keys: Keystore,
) -> None:
    """Such a key would be announced, and then open for nobody who has the right one."""
    keys.create_p256("a", "issuer")
    keys.create_ml_dsa_44("b", "second.2")
    before = sorted(keys.folder.rglob("*.key"))
    for make in (Keystore.create_p256, Keystore.create_ml_dsa_44, Keystore.create_secp256k1):
        with pytest.raises(KeystoreError, match="MADANG_KEY_PASSPHRASE"):
            make(Keystore(keys.folder, "wrong"), "b", "second.3")
    assert sorted(keys.folder.rglob("*.key")) == before
