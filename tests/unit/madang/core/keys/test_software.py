"""Signatures of keys in memory, in the form of RFC 7518 section 3.4."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, _raw

SCALARS = st.integers(1, 2**256 - 1) | st.integers(1, 255) | st.integers(2**247, 2**249)


@given(SCALARS, SCALARS)
def test_r_and_s_are_the_numbers_of_the_der_form(r: int, s: int) -> None:
    assert _raw(encode_dss_signature(r, s)) == r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.mark.parametrize("scalar", [5, 7])
def test_every_signature_verifies_whatever_its_length_in_der(scalar: int) -> None:
    signer = SoftwareSigner(ec.derive_private_key(scalar, ec.SECP256R1()), "key")
    checker = checker_for(signer.public_key)
    for number in range(300):
        data = number.to_bytes(2, "big")
        signature = signer.sign(data)
        assert len(signature) == 64
        assert checker.check(signature, data)
