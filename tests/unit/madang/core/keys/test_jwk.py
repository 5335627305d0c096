import contextlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.software import generate_ed25519, generate_p256

# The key of RFC 7515 appendix A.3 and the key of RFC 8037 appendix A.
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def test_the_thumbprint_is_the_one_of_rfc_8037() -> None:
    thumbprint = PublicKey.from_jwk(ED25519).thumbprint()
    assert thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("jwk", [P256, ED25519])
def test_a_jwk_comes_back_without_members_that_do_not_define_it(jwk: dict[str, str]) -> None:
    assert PublicKey.from_jwk({**jwk, "kid": "1", "use": "sig"}).to_jwk() == jwk


def test_native_keys_become_jwks() -> None:
    for signer in (generate_p256("k"), generate_ed25519("k")):
        assert PublicKey.from_jwk(signer.public_key.to_jwk()) == signer.public_key


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AA"},
        {"k": "AA"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"kty": "RSA"},
        {"x": None},
        {"x": "AA"},
        {"x": "!"},
        {"y": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
        {"y": 5},
    ],
)
def test_what_is_not_a_public_key_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(KeyFormatError):
        PublicKey.from_jwk({**P256, **change})


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "d"]), st.text() | st.integers()))
def test_reading_raises_only_its_own_error(jwk: dict[str, object]) -> None:
    with contextlib.suppress(KeyFormatError):
        PublicKey.from_jwk(jwk)


@given(st.binary(max_size=64))
def test_a_certificate_that_is_none_is_refused(der: bytes) -> None:
    with pytest.raises(KeyFormatError):
        PublicKey.from_certificate(der)


# What in a certificate says: the kind of key, the curve, the version.
PLACES = {"kind": "06072a8648ce3d0201", "curve": "06082a8648ce3d030107", "version": "a003020102"}


def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "leaf")])
    key, day = ec.generate_private_key(ec.SECP256R1()), datetime.fromtimestamp(0, UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_the_key_of_a_certificate_is_its_subjects() -> None:
    der = certificate()
    native = x509.load_der_x509_certificate(der).public_key()
    assert PublicKey.from_certificate(der) == PublicKey.from_native(native)


@pytest.mark.parametrize("place", PLACES)
def test_a_certificate_of_a_foreign_kind_is_refused(place: str) -> None:
    der, known = certificate(), bytes.fromhex(PLACES[place])
    assert known in der
    with pytest.raises(KeyFormatError):
        PublicKey.from_certificate(der.replace(known, known[:-1] + b"\x7f"))
