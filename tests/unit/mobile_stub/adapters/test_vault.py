"""The vault keeps all or nothing, opens with one passphrase, and holds no claim in clear."""

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from mobile_stub.adapters.vault import Vault
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy, Scan


def copy_of(digest: str, number: int = 0, **changes: str) -> HeldCopy:
    names = {"en": "Lease"}
    members = {
        "issuer": "https://i",
        "format": "dc+sd-jwt",
        "type": "https://v",
        "credential": "secret-claim",
        **changes,
    }
    return HeldCopy(digest=digest, number=number, names=names, **members)  # type: ignore[arg-type]


def test_keys_copies_scans_and_history_are_there_after_a_restart(tmp_path: Path) -> None:
    first = Vault(tmp_path, "right")
    keys = [signer.public_key for signer in first.signers(2)]
    first.keep([copy_of("a"), copy_of("b", 1)])
    first.keep_receipt("a", {"index": 3})
    first.keep_scan(Scan("s", "offer", "link", {"issuer": "i"}, {"access_token": "t"}))
    first.note(5, {"verifier": ["v"]})
    first.close()
    second = Vault(tmp_path, "right")
    assert [signer.public_key for signer in second.signers(3)][:2] == keys
    assert [(copy.digest, copy.receipt) for copy in second.copies()] == [
        ("a", {"index": 3}),
        ("b", None),
    ]
    assert second.scan("s").progress == {"access_token": "t"}
    assert second.history() == [{"at": 5, "verifier": ["v"]}]
    second.close()


def test_another_passphrase_does_not_open_it(tmp_path: Path) -> None:
    first = Vault(tmp_path, "right")
    first.signers(1)
    first.close()
    with pytest.raises(WalletError) as refused:
        Vault(tmp_path, "wrong")
    assert refused.value.code == "wrong_passphrase"


def test_nothing_that_is_secret_stands_in_the_file(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    vault.keep([copy_of("a")])
    vault.keep_scan(Scan("s", "offer", "secret-link", {}, {"access_token": "secret-token"}))
    vault.note(1, {"shown": "secret-history"})
    vault.keep_receipt("a", {"salt": "secret-salt"})
    vault.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"secret" not in stored


def test_copies_are_kept_all_or_none(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    vault.keep([copy_of("old")])
    with pytest.raises(Exception, match="UNIQUE"):
        vault.keep([copy_of("new"), copy_of("new", 1)])
    assert [copy.digest for copy in vault.copies()] == ["old"]
    vault.close()


def test_an_older_copy_of_the_same_type_issuer_and_set_goes(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    vault.keep([copy_of("old"), copy_of("other set", 1), copy_of("other type", type="https://w")])
    vault.keep([copy_of("new")])
    assert {copy.digest for copy in vault.copies()} == {"new", "other set", "other type"}
    vault.close()


def test_the_formats_of_one_type_stand_side_by_side(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    vault.keep([copy_of("sd-jwt"), copy_of("mdoc", format="mso_mdoc")])
    assert [copy.format for copy in vault.copies()] == ["dc+sd-jwt", "mso_mdoc"]
    vault.close()


def test_a_deleted_copy_is_gone_and_no_other(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    vault.keep([copy_of("a"), copy_of("b", 1)])
    vault.delete("a")
    assert [copy.digest for copy in vault.copies()] == ["b"]
    with pytest.raises(WalletError) as refused:
        vault.delete("a")
    assert refused.value.code == "unknown_copy"
    vault.close()


def test_a_verifier_keeps_its_set_and_another_gets_the_next(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    assert vault.presentation_set("one", 2, keep=False) == 0
    assert vault.presentation_set("two", 2, keep=True) == 0
    assert vault.presentation_set("one", 2, keep=True) == 1
    assert vault.presentation_set("two", 2, keep=False) == 0
    with pytest.raises(WalletError) as refused:
        vault.presentation_set("three", 2, keep=False)
    assert refused.value.code == "no_fresh_copies"
    vault.close()


def test_an_unknown_scan_is_told(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    with pytest.raises(WalletError) as refused:
        vault.scan("x")
    assert refused.value.code == "unknown_scan"
    vault.close()


def test_the_folder_is_the_persons_alone(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "wallet", "right")
    assert (tmp_path / "wallet").stat().st_mode & 0o077 == 0
    vault.close()


def test_named_keys_stay_the_same_and_are_nobody_elses(tmp_path: Path) -> None:
    first = Vault(tmp_path, "right")
    one, other = first.named_signer("dpop https://a"), first.named_signer("dpop https://b")
    assert len({one.public_key, other.public_key, first.signers(1)[0].public_key}) == 3
    first.close()
    second = Vault(tmp_path, "right")
    assert second.named_signer("dpop https://a").public_key == one.public_key
    second.close()


def test_papers_are_kept_replaced_and_thrown_away_and_stand_sealed(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    vault.keep_paper("grant", "a", {"token": "secret-1"})
    vault.keep_paper("grant", "b", {"token": "secret-2"})
    vault.keep_paper("grant", "a", {"token": "secret-3"})
    assert vault.paper("grant", "a") == {"token": "secret-3"}
    assert set(vault.papers("grant")) == {"a", "b"}
    assert vault.papers("other") == {}
    vault.drop_paper("grant", "a")
    vault.drop_paper("grant", "a")
    assert vault.paper("grant", "a") is None
    vault.close()
    assert b"secret" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_what_is_kept_together_is_kept_all_or_none(tmp_path: Path) -> None:
    vault = Vault(tmp_path, "right")
    vault.keep_paper("waiting", "t", {})

    def cut_off() -> None:
        with vault.together():
            vault.keep([copy_of("a")])
            vault.drop_paper("waiting", "t")
            raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        cut_off()
    assert vault.copies() == []
    assert vault.paper("waiting", "t") == {}
    with vault.together():
        vault.keep([copy_of("a")])
        vault.drop_paper("waiting", "t")
    assert [copy.digest for copy in vault.copies()] == ["a"]
    assert vault.paper("waiting", "t") is None
    vault.close()


def test_a_file_from_before_identifiers_opens_with_all_its_copies(tmp_path: Path) -> None:
    first = Vault(tmp_path, "right")
    first.keep([copy_of("a")])
    first.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "wallet.sqlite")) as file:
        file.execute("ALTER TABLE copy DROP COLUMN identifier")
        file.commit()
    second = Vault(tmp_path, "right")
    second.keep([copy_of("b", identifier="other")])
    assert [(copy.digest, copy.identifier) for copy in second.copies()] == [
        ("a", ""),
        ("b", "other"),
    ]
    second.close()


@pytest.mark.parametrize("old", [False, True])
def test_several_that_open_a_wallet_at_once_all_find_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, old: bool
) -> None:
    monkeypatch.setattr("mobile_stub.adapters.vault.SCRYPT_N", 2)  # or that keeps them apart

    def opened(folder: Path) -> list[str]:
        together.wait(10)
        one = Vault(folder, "right")
        try:
            return [str(signer.public_key) for signer in one.signers(3)]
        finally:
            one.close()

    together = Barrier(4)
    with ThreadPoolExecutor(4) as pool:
        for number in range(10):
            folder = tmp_path / str(number)
            if old:
                Vault(folder, "right").close()
                with contextlib.closing(sqlite3.connect(folder / "wallet.sqlite")) as file:
                    file.execute("PRAGMA journal_mode=DELETE")
                    file.execute("ALTER TABLE copy DROP COLUMN identifier")
                    file.commit()
            first, *others = pool.map(opened, [folder] * 4)
            assert others == [first] * 3
