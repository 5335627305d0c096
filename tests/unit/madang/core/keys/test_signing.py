import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256

SIGNERS = [generate_p256("p"), generate_ed25519("e")]


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda s: s.algorithm)
def test_a_signature_is_64_bytes_and_checks(signer: SoftwareSigner) -> None:
    checker = checker_for(signer.public_key)
    signature = signer.sign(b"data")
    assert len(signature) == 64
    assert checker.algorithm == signer.algorithm
    assert checker.check(signature, b"data")
    assert not checker.check(signature, b"other")


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda s: s.algorithm)
@given(position=st.integers(0, 63), bit=st.integers(0, 7))
def test_any_bit_changed_is_refused(signer: SoftwareSigner, position: int, bit: int) -> None:
    signature = bytearray(signer.sign(b"data"))
    signature[position] ^= 1 << bit
    assert not checker_for(signer.public_key).check(bytes(signature), b"data")


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda s: s.algorithm)
@given(signature=st.binary(max_size=80))
def test_any_other_bytes_are_refused(signer: SoftwareSigner, signature: bytes) -> None:
    assert not checker_for(signer.public_key).check(signature, b"data")


def test_a_scalar_written_longer_is_refused() -> None:
    signer = SIGNERS[0]
    checker, good = checker_for(signer.public_key), signer.sign(b"data")
    r, s = good[:32], good[32:]
    assert checker.check(r + s, b"data")
    for longer in (r + b"\0" + s, b"\0" + r + s, b"\0" + r + b"\0" + s, good + b"\0"):
        assert not checker.check(longer, b"data")
