import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for
from madang.core.keys.software import (
    SoftwareSigner,
    generate_ed25519,
    generate_ml_dsa_44,
    generate_ml_dsa_65,
    generate_p256,
    generate_p384,
    generate_p521,
)

SIZES = {"ES256": 64, "ES384": 96, "ES512": 132, "EdDSA": 64, "ML-DSA-44": 2420, "ML-DSA-65": 3309}
"""Bytes of a signature (RFC 7518 section 3.4, RFC 8032, FIPS 204 table 2)."""
SIGNERS = [
    generate("k")
    for generate in (
        generate_p256,
        generate_p384,
        generate_p521,
        generate_ed25519,
        generate_ml_dsa_44,
        generate_ml_dsa_65,
    )
]
EACH = pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: str(signer.algorithm))
ECDSA = pytest.mark.parametrize("signer", SIGNERS[:3], ids=lambda signer: str(signer.algorithm))


def test_each_algorithm_is_tried() -> None:
    assert [signer.algorithm for signer in SIGNERS] == list(SIZES)


@EACH
def test_a_signature_has_its_length_and_checks(signer: SoftwareSigner) -> None:
    checker = checker_for(PublicKey.from_jwk(signer.public_key.to_jwk()))
    signature = signer.sign(b"data")
    assert len(signature) == SIZES[signer.algorithm]
    assert checker.algorithm == signer.algorithm
    assert checker.check(signature, b"data")
    assert not checker.check(signature, b"other")
    assert not checker.check(signature, b"")


@EACH
def test_another_key_of_the_same_kind_did_not_sign(signer: SoftwareSigner) -> None:
    signature = signer.sign(b"data")
    for other in SIGNERS:
        told = checker_for(other.public_key).check(signature, b"data")
        assert told == (other is signer)


@EACH
@given(where=st.integers(0), bit=st.integers(0, 7))
def test_any_bit_changed_is_refused(signer: SoftwareSigner, where: int, bit: int) -> None:
    signature = bytearray(signer.sign(b"data"))
    signature[where % len(signature)] ^= 1 << bit
    assert not checker_for(signer.public_key).check(bytes(signature), b"data")


@EACH
@given(signature=st.binary(max_size=140))
def test_any_other_bytes_are_refused(signer: SoftwareSigner, signature: bytes) -> None:
    assert not checker_for(signer.public_key).check(signature, b"data")


@EACH
def test_another_length_is_refused(signer: SoftwareSigner) -> None:
    checker, good = checker_for(signer.public_key), signer.sign(b"data")
    for other in (good + b"\0", b"\0" + good, good[:-1], good[1:], good + good, b""):
        assert not checker.check(other, b"data")


@ECDSA
def test_a_scalar_written_longer_is_refused(signer: SoftwareSigner) -> None:
    checker, good = checker_for(signer.public_key), signer.sign(b"data")
    r, s = good[: len(good) // 2], good[len(good) // 2 :]
    assert checker.check(r + s, b"data")
    for longer in (r + b"\0" + s, b"\0" + r + s, b"\0" + r + b"\0" + s, good + b"\0"):
        assert not checker.check(longer, b"data")


@ECDSA
def test_each_curve_has_its_own_hash(signer: SoftwareSigner) -> None:
    key, signature = signer.public_key.native, signer.sign(b"data")
    assert isinstance(key, ec.EllipticCurvePublicKey)
    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    own = {"ES256": hashes.SHA256(), "ES384": hashes.SHA384(), "ES512": hashes.SHA512()}
    key.verify(encode_dss_signature(r, s), b"data", ec.ECDSA(own[signer.algorithm]))


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.BrainpoolP256R1()], ids=lambda c: c.name)
def test_a_key_on_a_foreign_curve_is_no_signer(curve: ec.EllipticCurve) -> None:
    with pytest.raises(KeyFormatError):
        SoftwareSigner(ec.generate_private_key(curve), "k")
