import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.keys.akp import from_private_jwk, to_private_jwk
from madang.core.keys.jwk import KeyFormatError
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_p256

SEED = bytes(range(32))
KEYS = [
    mldsa.MLDSA44PrivateKey.from_seed_bytes(SEED),
    mldsa.MLDSA65PrivateKey.from_seed_bytes(SEED),
]
JWKS = [to_private_jwk(key) for key in KEYS]


@pytest.mark.parametrize("jwk", JWKS, ids=lambda jwk: str(jwk["alg"]))
def test_a_private_jwk_is_read_back(jwk: dict[str, str]) -> None:
    assert sorted(jwk) == ["alg", "kty", "priv", "pub"]
    assert base64url.decode(jwk["priv"]) == SEED
    key = from_private_jwk({**jwk, "kid": "1"})
    assert to_private_jwk(key) == jwk


def test_a_key_that_was_read_signs() -> None:
    for key, jwk in zip(KEYS, JWKS, strict=True):
        signer = SoftwareSigner(from_private_jwk(jwk), "k")
        checker = checker_for(SoftwareSigner(key, "k").public_key)
        assert checker.check(signer.sign(b"data"), b"data")


@pytest.mark.parametrize(
    "change",
    [
        {"priv": None},
        {"priv": 5},
        {"priv": ""},
        {"priv": "!"},
        {"priv": base64url.encode(SEED[:-1])},
        {"priv": base64url.encode(SEED + b"\0")},
        {"priv": base64url.encode(bytes(32))},
        {"pub": JWKS[1]["pub"]},
        {"alg": "ML-DSA-65"},
        {"alg": "ML-DSA-87"},
        {"kty": "OKP"},
        {"d": "AA"},
    ],
)
def test_what_is_no_seed_of_this_key_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(KeyFormatError):
        from_private_jwk({**JWKS[0], **change})


def test_a_key_of_another_type_is_refused() -> None:
    with pytest.raises(KeyFormatError, match="AKP"):
        from_private_jwk({**generate_p256("k").public_key.to_jwk(), "priv": JWKS[0]["priv"]})


@given(st.dictionaries(st.sampled_from(["kty", "alg", "pub", "priv"]), st.text() | st.integers()))
def test_reading_raises_only_its_own_error(change: dict[str, object]) -> None:
    with contextlib.suppress(KeyFormatError):
        from_private_jwk({**JWKS[0], **change})
