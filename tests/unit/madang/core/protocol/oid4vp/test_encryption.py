from typing import Any

import pytest

from madang.core.protocol.oid4vp.encryption import choose_encryption
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.request import ClientMetadata
from tests.unit.madang.core.protocol.oid4vp.city import public_jwk

KEY: dict[str, Any] = {**public_jwk(), "use": "enc", "alg": "ECDH-ES"}


def metadata(*keys: dict[str, Any], **members: object) -> ClientMetadata:
    return ClientMetadata.model_validate({"jwks": {"keys": list(keys)}, **members})


UNUSABLE = [
    {**KEY, "alg": "ECDH-ES+A256KW"},
    {name: value for name, value in KEY.items() if name != "alg"},
    {name: value for name, value in KEY.items() if name != "kid"},
    {**KEY, "use": "sig"},
    {**KEY, "kty": "OKP", "crv": "X25519"},
    {**KEY, "crv": "P-384"},
    {**KEY, "x": "AAAA"},
    {**KEY, "y": KEY["x"]},
    {**KEY, "d": KEY["x"]},
    {},
]


@pytest.mark.parametrize("unusable", UNUSABLE)
def test_an_unusable_key_is_passed_over(unusable: dict[str, Any]) -> None:
    choice = choose_encryption(metadata(unusable, KEY))
    assert choice.jwk == KEY
    assert choice.enc == "A128GCM"
    with pytest.raises(VpError, match="encryption_key"):
        choose_encryption(metadata(unusable))


def test_the_first_known_content_encryption_is_used() -> None:
    listed = metadata(KEY, encrypted_response_enc_values_supported=["A128CBC-HS256", "A256GCM"])
    assert choose_encryption(listed).enc == "A256GCM"
    other = metadata(KEY, encrypted_response_enc_values_supported=["A128CBC-HS256"])
    with pytest.raises(VpError, match="encryption_enc"):
        choose_encryption(other)


def test_without_keys_nothing_can_be_encrypted() -> None:
    for nothing in (ClientMetadata(), metadata()):
        with pytest.raises(VpError, match="encryption_key"):
            choose_encryption(nothing)
