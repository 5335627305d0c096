"""Session transcripts, held to the examples of OpenID4VP 1.0 appendix B.2.6."""

import pytest

from madang.core.encoding import base64url, cbor
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.transcript import (
    NfcHandover,
    openid4vp,
    openid4vp_dc_api,
    proximity,
    salt_of,
)
from madang.core.keys.jwk import PublicKey

NONCE = "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA"
KEY = PublicKey.from_jwk(
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "DxiH5Q4Yx3UrukE2lWCErq8N8bqC9CHLLrAwLz5BmE0",
        "y": "XtLM4-3h5o3HUH0MHVJV0kyq0iBlrBwlh8qEDMZ4-Pc",
    }
)
THUMBPRINT = base64url.decode(KEY.thumbprint())


def test_the_thumbprint_of_the_examples() -> None:
    assert THUMBPRINT.hex() == "4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047"


def test_the_example_of_b_2_6_1() -> None:
    made = openid4vp(
        client_id="x509_san_dns:example.com",
        nonce=NONCE,
        jwk_thumbprint=THUMBPRINT,
        response_uri="https://example.com/response",
    )
    assert made.hex() == (
        "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8e"
        "ed494cefdd9d95240d254b046b11b68013722aad38ac"
    )


def test_the_example_of_b_2_6_2() -> None:
    made = openid4vp_dc_api(origin="https://example.com", nonce=NONCE, jwk_thumbprint=THUMBPRINT)
    assert made.hex() == (
        "83f6f682764f70656e4944345650444341504948616e646f7665725820fbece366f4"
        "212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a"
    )


def test_every_part_counts() -> None:
    part = {
        "client_id": "x509_san_dns:example.com",
        "nonce": NONCE,
        "jwk_thumbprint": THUMBPRINT,
        "response_uri": "https://example.com/response",
    }
    other = {
        "client_id": "x509_san_dns:example.org",
        "nonce": "another",
        "jwk_thumbprint": None,
        "response_uri": "https://example.com/other",
    }
    made = {openid4vp(**{**part, name: value}) for name, value in other.items()}
    assert len(made | {openid4vp(**part)}) == 5


def test_an_origin_stands_without_its_prefix() -> None:
    with pytest.raises(MdocError) as refused:
        openid4vp_dc_api(origin="origin:https://a.example", nonce=NONCE, jwk_thumbprint=None)
    assert refused.value.code == "origin_prefix"


def test_proximity_keeps_what_was_received() -> None:
    engagement, key = b"\xa1\x00c1.0", b"\xa1\x01\x02"
    by_code = proximity(engagement, key)
    assert cbor.loads(by_code) == [cbor.Tag(24, engagement), cbor.Tag(24, key), None]
    by_nfc = proximity(engagement, key, NfcHandover(b"hs", None))
    assert cbor.loads(by_nfc)[2] == [b"hs", None]
    assert cbor.loads(proximity(engagement, key, NfcHandover(b"hs", b"hr")))[2] == [b"hs", b"hr"]
    assert len({salt_of(by_code), salt_of(by_nfc)}) == 2
