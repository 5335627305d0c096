"""Keccak-256 and secp256k1, by their published values and by each other."""

import pytest
from coincurve import PrivateKey
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from madang.infra.primitives import PRIMITIVES

KEY = PrivateKey((1).to_bytes(32))
DIGEST = PRIMITIVES.keccak(b"a block")
SIGNATURE = KEY.sign_recoverable(DIGEST, hasher=None)


def test_the_hash_is_keccak_and_not_sha3() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert PRIMITIVES.keccak(b"").hex() == empty


def test_the_signer_is_found() -> None:
    address = PRIMITIVES.signer(SIGNATURE, DIGEST)
    assert address is not None
    assert "0x" + address.hex() == Account.from_key(KEY.secret).address.lower()


def test_another_digest_has_another_signer() -> None:
    assert PRIMITIVES.signer(SIGNATURE, PRIMITIVES.keccak(b"")) != PRIMITIVES.signer(
        SIGNATURE, DIGEST
    )


@pytest.mark.parametrize(
    "signature", [b"", bytes(65), b"\xff" * 65, SIGNATURE[:-1], SIGNATURE + b"\0"]
)
def test_what_is_no_signature_has_no_signer(signature: bytes) -> None:
    assert PRIMITIVES.signer(signature, DIGEST) is None


@given(st.binary(max_size=80), st.binary(min_size=32, max_size=32))
def test_any_bytes_have_a_signer_or_none(signature: bytes, digest: bytes) -> None:
    found = PRIMITIVES.signer(signature, digest)
    assert found is None or len(found) == 20
