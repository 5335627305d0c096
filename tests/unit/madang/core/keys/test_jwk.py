import contextlib
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, mldsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.keys.jwk import ENCRYPTION, KeyFormatError, PublicKey

# The key of RFC 7515 appendix A.3 and the key of RFC 8037 appendix A.
P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
P384 = PublicKey.from_native(ec.derive_private_key(5, ec.SECP384R1()).public_key()).to_jwk()
P521 = PublicKey.from_native(ec.derive_private_key(5, ec.SECP521R1()).public_key()).to_jwk()
ML_DSA_44 = PublicKey.from_native(
    mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(32)).public_key()
).to_jwk()
ML_DSA_65 = PublicKey.from_native(
    mldsa.MLDSA65PrivateKey.from_seed_bytes(bytes(32)).public_key()
).to_jwk()
JWKS = {
    "ES256": P256,
    "ES384": P384,
    "ES512": P521,
    "EdDSA": ED25519,
    "ML-DSA-44": ML_DSA_44,
    "ML-DSA-65": ML_DSA_65,
}


def test_the_thumbprint_is_the_one_of_rfc_8037() -> None:
    thumbprint = PublicKey.from_jwk(ED25519).thumbprint()
    assert thumbprint == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    ("jwk", "thumbprint"),
    [
        (ML_DSA_44, "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o"),
        (ML_DSA_65, "Suiu29qbfuaBaR4Ats-c6XQBePB_OpAxAwcTR_0KXVM"),
    ],
)
def test_ml_dsa_thumbprints_are_those_of_the_specification(
    jwk: dict[str, str], thumbprint: str
) -> None:
    """The keys of the examples of draft-ietf-cose-dilithium have the seed of 32 zeros."""
    assert sorted(jwk) == ["alg", "kty", "pub"]
    assert PublicKey.from_jwk(jwk).thumbprint() == thumbprint


@pytest.mark.parametrize("algorithm", JWKS)
def test_a_jwk_comes_back_without_members_that_do_not_define_it(algorithm: str) -> None:
    jwk = JWKS[algorithm]
    key = PublicKey.from_jwk({**jwk, "kid": "1", "use": "sig"})
    assert (key.to_jwk(), key.algorithm) == (jwk, algorithm)
    assert PublicKey.from_native(key.native) == key


def test_the_alg_of_a_key_on_a_curve_is_not_part_of_it() -> None:
    assert PublicKey.from_jwk({**P256, "alg": "ES256"}).to_jwk() == P256


@pytest.mark.parametrize("algorithm", JWKS)
def test_a_member_of_another_length_is_refused(algorithm: str) -> None:
    jwk = JWKS[algorithm]
    for member in {"x", "y", "pub"} & jwk.keys():
        raw = base64url.decode(jwk[member])
        for other in (raw[:-1], raw + b"\0", b"\0" + raw, b""):
            with pytest.raises(KeyFormatError, match=f"'{member}' has {len(other)} bytes"):
                PublicKey.from_jwk({**jwk, member: base64url.encode(other)})


@pytest.mark.parametrize("kty", ["EC", "OKP", "AKP"])
@pytest.mark.parametrize("name", ["P-256", "P-384", "P-521", "Ed25519", "ML-DSA-44", "ML-DSA-65"])
def test_each_type_has_its_own_names_alone(kty: str, name: str) -> None:
    everything = {**P521, **ML_DSA_65, "kty": kty, "crv": name, "alg": name}
    if kty == "EC":
        everything["alg"] = "ES512"
    fits = (kty, name) in {("EC", "P-521"), ("AKP", "ML-DSA-65")}
    with nullcontext() if fits else pytest.raises(KeyFormatError):
        PublicKey.from_jwk(everything)


@pytest.mark.parametrize("name", ["P-384", "P-521"])
def test_a_point_off_a_larger_curve_is_refused(name: str) -> None:
    jwk = P384 if name == "P-384" else P521
    with pytest.raises(KeyFormatError, match=f"not on {name}"):
        PublicKey.from_jwk({**jwk, "y": jwk["x"]})


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AA"},
        {"k": "AA"},
        {"priv": "AA"},
        {"crv": "P-384"},
        {"crv": ["P-256"]},
        {"crv": None},
        {"kty": "AKP"},
        {"kty": "AKP", "alg": "ML-DSA-87"},
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


ANYTHING = st.sampled_from(["EC", "OKP", "AKP", "P-384", "Ed25519", "ML-DSA-44"]) | st.one_of(
    st.text(), st.integers(), st.lists(st.text()), st.none()
)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "d", "alg", "pub"]), ANYTHING))
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


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_point_gives_the_key_of_its_jwk(curve: ec.EllipticCurve) -> None:
    key = PublicKey.from_native(ec.generate_private_key(curve).public_key())
    x, y = (base64url.decode(str(text)) for text in (key.x, key.y))
    made = PublicKey.from_point(str(key.crv), x, y)
    assert made == key == PublicKey.from_jwk(made.to_jwk())
    assert made.native == key.native
    for bent in ((x, y[:-1]), (b"\x00" + x, y), (x, bytes(len(y)))):
        with pytest.raises(KeyFormatError):
            PublicKey.from_point(str(key.crv), *bent)


def test_a_point_on_no_known_curve() -> None:
    with pytest.raises(KeyFormatError):
        PublicKey.from_point("Ed25519", bytes(32), bytes(32))


@pytest.mark.parametrize(
    "more",
    [
        {"use": "sig"},
        {"key_ops": ["verify"]},
        {"key_ops": ["sign", "verify"]},
        {"alg": "ES256"},
        {"alg": "ESP256"},
    ],
    ids=range(5),
)
def test_a_key_that_is_kept_for_signatures_is_taken(more: dict[str, object]) -> None:
    assert PublicKey.from_jwk({**P256, **more}).to_jwk() == P256


@pytest.mark.parametrize(
    "more",
    [
        {"use": "enc"},
        {"use": None},
        {"key_ops": []},
        {"key_ops": ["deriveBits"]},
        {"key_ops": "verify"},
        {"alg": "ES384"},
        {"alg": "ECDH-ES"},
        {"alg": None},
    ],
    ids=range(8),
)
def test_a_key_that_is_kept_for_something_else_signs_nothing(more: dict[str, object]) -> None:
    with pytest.raises(KeyFormatError, match=next(iter(more))):
        PublicKey.from_jwk({**P256, **more})


@pytest.mark.parametrize(
    "more", [{"use": "enc"}, {"key_ops": []}, {"key_ops": ["deriveBits"]}, {"alg": "ECDH-ES"}]
)
def test_a_key_that_is_kept_for_encryption_is_taken_for_it(more: dict[str, object]) -> None:
    assert PublicKey.from_jwk({**P256, **more}, use=ENCRYPTION).to_jwk() == P256


@pytest.mark.parametrize("more", [{"use": "sig"}, {"key_ops": ["verify"]}])
def test_nothing_is_encrypted_to_a_key_that_is_kept_for_signatures(more: dict[str, object]) -> None:
    with pytest.raises(KeyFormatError, match=next(iter(more))):
        PublicKey.from_jwk({**P256, **more}, use=ENCRYPTION)
