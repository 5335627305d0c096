import contextlib

import pytest
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
