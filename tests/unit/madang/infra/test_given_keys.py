"""Signing keys from elsewhere: used with their chain, and refused at start in words that help."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for
from madang.core.trust.x509 import validate_chain
from madang.infra import ca
from madang.infra.given_keys import GivenKeyError, GivenKeys
from madang.infra.keystore import Keystore
from madang.infra.settings import CommonSettings, SigningKey
from madang.infra.setup import keystore

NOW = 1_800_000_000
NAME = "hanbit/issuer"


def new() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


ROOT = ca.root(new(), "root", now=NOW)
BELOW = ca.intermediate(ROOT, new(), "below", now=NOW)
KEY = new()
LEAF = ca.leaf(BELOW, KEY.public_key(), "leaf", uri="https://a.example", dns="a.example", now=NOW)
STRANGER = ca.root(KEY, "self", now=NOW).der


def pem(*ders: bytes) -> bytes:
    loaded = [x509.load_der_x509_certificate(der) for der in ders]
    return b"".join(each.public_bytes(Encoding.PEM) for each in loaded)


def private(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = KEY, passphrase: bytes = b""
) -> bytes:
    sealing = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealing)


Given = Callable[..., GivenKeys]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    def write(*chain: bytes, key: bytes = b"") -> GivenKeys:
        files = SigningKey(key=tmp_path / "a.key", chain=tmp_path / "a.pem")
        files.key.write_bytes(key or private())
        files.chain.write_bytes(pem(*chain) or b"nothing")
        return GivenKeys({NAME: files})

    return write


def test_a_key_signs_with_the_chain_that_came_with_it(given: Given) -> None:
    signer = given(LEAF, BELOW.der).signer("hanbit", "issuer")
    assert signer is not None
    assert signer.certificate_chain == (LEAF, BELOW.der)
    leaf = validate_chain(signer.certificate_chain, [ROOT.der], now=NOW)
    assert checker_for(leaf).check(signer.sign(b"data"), b"data")
    assert signer.key_id == leaf.thumbprint()


def test_a_key_in_the_form_of_sec_1_is_read_too(given: Given) -> None:
    sec1 = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    assert given(LEAF, BELOW.der, key=sec1).signer("hanbit", "issuer") is not None


def test_a_name_that_is_not_given_has_no_key(given: Given) -> None:
    found = given(LEAF, BELOW.der)
    assert found.signer("hanbit", "verifier") is None
    assert found.signer("saebyeol", "issuer") is None


REFUSED = {
    "leaf self-signed": ((STRANGER,), "the leaf is self-signed; have an authority sign it"),
    "root in the chain": ((LEAF, BELOW.der, ROOT.der), "a root is in the chain; leave it out"),
    "wrong order": ((BELOW.der, LEAF), "the first certificate is not the key's"),
    "another's": ((BELOW.der,), "the first certificate is not the key's"),
    "a gap": ((LEAF, LEAF), "not signed by the next"),
    "no chain": ((), "holds no certificate"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_chain_that_readers_refuse_is_refused_at_start(given: Given, name: str) -> None:
    chain, told = REFUSED[name]
    with pytest.raises(GivenKeyError, match=told) as caught:
        given(*chain).check()
    assert str(caught.value).startswith(f"MADANG_SIGNING_KEYS, {NAME}: ")
    assert "a.pem" in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        b"nothing",
        private(passphrase=b"x"),
        private(ed25519.Ed25519PrivateKey.generate()),
        private(ec.generate_private_key(ec.SECP384R1())),
    ],
    ids=["nothing", "encrypted", "ed25519", "p384"],
)
def test_a_key_that_does_not_sign_here_is_told(given: Given, key: bytes) -> None:
    with pytest.raises(GivenKeyError, match=r"a\.key holds no P-256 private key"):
        given(LEAF, BELOW.der, key=key).check()


def test_a_file_that_is_not_there_is_told(tmp_path: Path, given: Given) -> None:
    found = given(LEAF, BELOW.der)
    (tmp_path / "a.key").unlink()
    with pytest.raises(GivenKeyError, match=r"a\.key cannot be read: No such file"):
        found.check()


def test_in_the_key_store_it_goes_before_the_one_that_is_there(
    tmp_path: Path, given: Given
) -> None:
    plain = Keystore(tmp_path / "keys", "right")
    kept = plain.create_p256("hanbit", "issuer")
    keys = Keystore(tmp_path / "keys", "right", given=given(LEAF, BELOW.der))
    public = PublicKey.from_native(KEY.public_key())
    assert keys.signer("hanbit", "issuer").public_key == public
    assert keys.chain("hanbit", "issuer") == (LEAF, BELOW.der)
    assert keys.exists("hanbit", "issuer")
    assert not keys.exists("hanbit", "verifier")
    assert plain.signer("hanbit", "issuer").key_id == kept.key_id


@pytest.mark.parametrize("name", ["issuer", "hanbit/chain", "hanbit/issuer.0", "Han/issuer", "/"])
def test_a_name_of_no_purpose_is_refused(tmp_path: Path, name: str) -> None:
    settings = CommonSettings.model_validate(
        {
            "state_dir": tmp_path,
            "key_passphrase": "x",
            "signing_keys": {name: {"key": "a.key", "chain": "a.pem"}},
        }
    )
    with pytest.raises(RuntimeError, match="expected is <tenant>/<purpose>"):
        keystore(settings)


def test_settings_read_them_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: Given
) -> None:
    given(LEAF, BELOW.der)
    named = f'{{"{NAME}.2": {{"key": "{tmp_path}/a.key", "chain": "{tmp_path}/a.pem"}}}}'
    monkeypatch.setenv("MADANG_SIGNING_KEYS", named)
    monkeypatch.setenv("MADANG_KEY_PASSPHRASE", "x")
    monkeypatch.setenv("MADANG_STATE_DIR", str(tmp_path))
    assert keystore(CommonSettings()).chain("hanbit", "issuer.2") == (LEAF, BELOW.der)
