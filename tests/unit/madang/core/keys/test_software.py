"""Signatures of keys in memory, in the form of RFC 7518 section 3.4."""

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.signing import checker_for
from madang.core.keys.software import (
    SoftwareSigner,
    _raw,
    generate_p256,
    generate_p384,
    generate_p521,
)

SIZES = {"P-256": (32, 256), "P-384": (48, 384), "P-521": (66, 521)}


@given(st.sampled_from(sorted(SIZES)), st.data())
def test_r_and_s_are_the_numbers_of_the_der_form(curve: str, data: st.DataObject) -> None:
    size, bits = SIZES[curve]
    scalars = (
        st.integers(1, 2**bits - 1)
        | st.integers(1, 300)
        | st.integers(1).map(lambda n: n % 2**bits or 1)
    )
    r, s = data.draw(scalars), data.draw(scalars)
    assert _raw(encode_dss_signature(r, s), size) == r.to_bytes(size, "big") + s.to_bytes(
        size, "big"
    )


@pytest.mark.parametrize("signer", [generate_p256("k"), generate_p384("k"), generate_p521("k")])
def test_every_signature_verifies_whatever_its_length_in_der(signer: SoftwareSigner) -> None:
    checker = checker_for(signer.public_key)
    for number in range(150):
        data = number.to_bytes(2, "big")
        assert checker.check(signer.sign(data), data)
