"""Where a root's key is: it signs, opens for its own municipality, and leaves no token."""

import copy
import unicodedata
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from madang.core.keys.jwk import PublicKey
from madang.core.keys.split import Passphrases, SplitError
from madang.infra import ca, root
from madang.infra.hsm import HsmError
from madang.infra.ids import SeededIds
from madang.infra.root import RootFile, RootToken, TokenKey, public_key
from tests.softhsm import SoftHsm

NOW = 1_800_000_000
BOTH = Passphrases("correct horse battery", "staple of the other")
SWAPPED = Passphrases(BOTH.second, BOTH.first)


@pytest.fixture
def in_file(monkeypatch: pytest.MonkeyPatch) -> RootFile:
    monkeypatch.setattr(root, "SCRYPT_N", 2)
    return RootFile("hanbit", SeededIds("root"))


def test_a_root_in_a_file_certifies(in_file: RootFile) -> None:
    kept = in_file.make(BOTH)
    key = in_file.open(kept, BOTH)
    authority = ca.root(key, "root", now=NOW)
    assert PublicKey.from_certificate(authority.der) == public_key(kept)


def test_it_opens_for_its_own_municipality_and_with_its_own_public_key(in_file: RootFile) -> None:
    kept, other = in_file.make(BOTH), in_file.make(BOTH)
    for file, changed in (
        (RootFile("saebyeol", SeededIds("root")), kept),
        (in_file, {**kept, "jwk": other["jwk"]}),
        (in_file, {**kept, "sealed": other["sealed"]}),
    ):
        with pytest.raises(SplitError, match="does not open"):
            file.open(changed, BOTH)


@pytest.mark.parametrize(
    "damaged", [{}, {"jwk": {}}, {"jwk": {}, "sealed": "*"}, {"jwk": 1, "sealed": 1}]
)
def test_a_damaged_file_is_told(in_file: RootFile, damaged: dict[str, object]) -> None:
    with pytest.raises(SplitError, match="not what was written"):
        in_file.open(damaged, BOTH)
    with pytest.raises(SplitError, match="not what was written"):
        public_key(damaged)


@pytest.fixture(scope="module")
def token(softhsm: SoftHsm) -> RootToken:
    label = softhsm.token("root", "transport-pin")
    return RootToken("hanbit", softhsm.module, label, "transport-pin")


@pytest.fixture(scope="module")
def kept(token: RootToken) -> dict[str, object]:
    return token.make(BOTH)


def opened(token: RootToken, kept: dict[str, object]) -> TokenKey:
    key = token.open(kept, BOTH)
    assert isinstance(key, TokenKey)
    return key


def test_a_root_in_a_token_certifies_and_stays_there(
    token: RootToken, kept: dict[str, object]
) -> None:
    key = opened(token, kept)
    authority = ca.root(key, "root", now=NOW)
    authority.certificate.verify_directly_issued_by(authority.certificate)
    below = ca.intermediate(authority, ec.generate_private_key(ec.SECP256R1()), "b", now=NOW)
    below.certificate.verify_directly_issued_by(authority.certificate)
    assert (key.key_size, key.curve.name) == (256, "secp256r1")
    assert copy.deepcopy(copy.copy(key)) is key
    with pytest.raises(HsmError, match="does not leave it"):
        key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(HsmError, match="does not leave it"):
        key.sign(b"x", ec.ECDSA(hashes.SHA384()))
    key._token.close()


@pytest.mark.parametrize("parts", [SWAPPED, Passphrases(BOTH.first, "not the other one's")])
def test_the_pin_is_both_parts_in_their_order(
    token: RootToken, kept: dict[str, object], parts: Passphrases
) -> None:
    with pytest.raises(SplitError, match=r"does not open: both.*tokens lock"):
        token.open(kept, parts)
    with pytest.raises(HsmError, match="refused"):
        token.make(BOTH)  # the PIN with which the token came is no more


def test_another_key_than_the_ceremonys_is_noticed(
    token: RootToken, kept: dict[str, object], in_file: RootFile
) -> None:
    with pytest.raises(HsmError, match="another key"):
        token.open(in_file.make(BOTH), BOTH)


def test_the_pin_with_which_a_token_came_is_in_no_text(tmp_path: Path) -> None:
    assert "transport-pin" not in repr(RootToken("hanbit", tmp_path, "root", "transport-pin"))


def test_a_pin_is_alike_from_every_keyboard(softhsm: SoftHsm) -> None:
    """A token counts a wrong PIN, also one that looks right."""
    whole = "비밀 문장을 길게 적어 둡니다"
    letters = unicodedata.normalize("NFD", whole)
    label = softhsm.token("root by two keyboards", "transport-pin")
    token = RootToken("hanbit", softhsm.module, label, "transport-pin")
    kept = token.make(Passphrases(whole, BOTH.second))
    assert isinstance(token.open(kept, Passphrases(letters, BOTH.second)), TokenKey)


def test_secrets_that_are_too_long_for_a_token_change_nothing(softhsm: SoftHsm) -> None:
    label = softhsm.token("root of short PINs", "transport-pin")
    token = RootToken("hanbit", softhsm.module, label, "transport-pin")
    with pytest.raises(HsmError, match=r"does not take the new PIN \(PinLenRange\)"):
        token.make(Passphrases(BOTH.first * 10, BOTH.second * 10))
    token.make(BOTH)
