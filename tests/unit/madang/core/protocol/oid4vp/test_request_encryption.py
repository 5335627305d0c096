"""Requests that only the wallet reads: what it offers, what the verifier makes of it."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import jwe
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.request_encryption import (
    MAX_KEYS,
    RequestEncryption,
    is_encrypted,
    offer_encryption,
    open_encrypted,
    wanted_request_encryption,
)

COMPACT = "eyJ.eyJ.c2ln"


def private_jwk(kid: str = "k") -> dict[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    secret = key.private_numbers().private_value.to_bytes(32, "big")
    public = PublicKey.from_native(key.public_key()).to_jwk()
    return {**public, "kid": kid, "d": base64url.encode(secret)}


KEY, OTHER = private_jwk(), private_jwk()
PUBLIC, OTHER_PUBLIC = ({k: v for k, v in jwk.items() if k != "d"} for jwk in (KEY, OTHER))
SIGNING = {**PUBLIC, "use": "sig"}
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(bytes(32))}


def wanted(**changes: Any) -> RequestEncryption | None:
    found = {**offer_encryption(PUBLIC), **changes}
    kept = {name: value for name, value in found.items() if value is not None}
    return wanted_request_encryption(json.dumps(kept))


def sealed(**changes: Any) -> str:
    found = wanted(**changes)
    assert found is not None
    return found.seal(COMPACT)


def header(compact: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64url.decode(compact.split(".", maxsplit=1)[0]))
    return found


def test_what_is_offered_is_what_comes() -> None:
    compact = sealed()
    assert is_encrypted(compact)
    assert not is_encrypted(COMPACT)
    assert open_encrypted(compact, KEY) == COMPACT
    told = header(compact)
    assert (told["alg"], told["enc"], told["kid"], told["cty"]) == (
        "ECDH-ES",
        "A128GCM",
        "k",
        "JWT",
    )


@pytest.mark.parametrize(
    ("changes", "enc"),
    [
        ({"request_object_encryption_enc_values_supported": ["A256GCM"]}, "A256GCM"),
        (
            {
                "request_object_encryption_enc_values_supported": None,
                "authorization_encryption_enc_values_supported": ["A256GCM"],
            },
            "A256GCM",
        ),
        ({"request_object_encryption_enc_values_supported": None}, "A128GCM"),
        ({"jwks": {"keys": [ED25519, SIGNING, "junk", PUBLIC]}}, "A128GCM"),
    ],
    ids=["own", "of answers", "default", "first usable"],
)
def test_the_wallets_own_choice_counts(changes: dict[str, Any], enc: str) -> None:
    assert header(sealed(**changes))["enc"] == enc


@pytest.mark.parametrize(
    "changes",
    [
        {"jwks": None},
        {"jwks": "junk"},
        {"jwks": {"keys": {}}},
        {"jwks": {"keys": [SIGNING]}},
        {"jwks": {"keys": [ED25519]}},
        {"jwks": {"keys": [{**PUBLIC, "alg": "ECDH-ES+A128KW"}]}},
        {"jwks": {"keys": [{**PUBLIC, "x": "AA"}]}},
        {"jwks": {"keys": [ED25519] * MAX_KEYS + [PUBLIC]}},
        {"request_object_encryption_enc_values_supported": ["A128CBC-HS256"]},
        {"request_object_encryption_enc_values_supported": "junk"},
        {"request_object_encryption_alg_values_supported": ["ECDH-ES+A256KW"]},
        {"request_object_encryption_alg_values_supported": "ECDH-ES"},
    ],
)
def test_what_nobody_can_encrypt_to_gets_the_request_in_clear(changes: dict[str, Any]) -> None:
    assert wanted(**changes) is None


@given(st.text())
def test_any_text_is_metadata_that_ask_for_nothing(text: str) -> None:
    assert wanted_request_encryption(text) is None


def test_another_keys_altered_compressed_or_too_long_requests_are_refused() -> None:
    good = sealed()
    head, *rest = good.split(".")
    zipped = base64url.encode(json.dumps({**header(good), "zip": "DEF"}).encode())
    bad = [
        RequestEncryption(OTHER_PUBLIC, "A128GCM").seal(COMPACT),
        RequestEncryption({**PUBLIC, "kid": "x"}, "A128GCM").seal(COMPACT),
        f"{good[:-1]}{'A' if good[-1] != 'A' else 'B'}",
        ".".join((zipped, *rest)),
        f"{head}.AAAA.{'.'.join(rest[1:])}",
    ]
    for compact in bad:
        with pytest.raises(VpError) as refused:
            open_encrypted(compact, KEY)
        assert refused.value.reason == "request_form"
    with pytest.raises(VpError):
        open_encrypted(good, KEY, limits=Limits(jwe_bytes=len(good) - 1))


@given(st.text())
def test_any_text_is_opened_or_refused(text: str) -> None:
    with pytest.raises(VpError):
        open_encrypted(text, KEY)


def test_a_payload_that_is_no_text_is_no_request_but_no_crash() -> None:
    compact = jwe.encrypt(b"\xff\xfe", PUBLIC, enc="A256GCM")
    assert open_encrypted(compact, KEY).count(".") == 0
