from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.envelope import cose, cwt
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.cose_key import from_cose
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_p256

SIGNER = generate_p256("issuer")
CLAIMS = {cwt.ISS: "https://issuer.example", cwt.IAT: 1_800_000_000}


def test_claims_are_read_back() -> None:
    token = cwt.encode(CLAIMS, SIGNER, typ="application/statuslist+cwt", header={3: 60})
    read = cwt.parse(token)
    assert read.claims == CLAIMS
    assert read.message.header == {1: -7, 3: 60, 4: b"issuer", 16: "application/statuslist+cwt"}
    assert cwt.verify(read, checker_for(SIGNER.public_key))
    assert not cwt.verify(read, checker_for(generate_p256("x").public_key))
    assert cwt.parse(cbor.dumps(Tag(cwt.TAG, cbor.loads(token)))).claims == CLAIMS


@pytest.mark.parametrize("tags", [(60,), (61, 61), (61, 17), (18, 61)])
def test_other_tags_are_refused(tags: tuple[int, ...]) -> None:
    value: Any = cbor.loads(cwt.encode(CLAIMS, SIGNER)).value
    for number in reversed(tags):
        value = Tag(number, value)
    with pytest.raises(EnvelopeError):
        cwt.parse(cbor.dumps(value))


def test_the_certificates_of_the_key_are_told() -> None:
    signer = SoftwareSigner(ec.generate_private_key(ec.SECP256R1()), "k", (b"leaf", b"ca"))
    read = cwt.parse(cwt.encode(CLAIMS, signer))
    assert cose.x5chain(read.message) == (b"leaf", b"ca")
    assert cose.TYP not in read.message.header


def test_the_example_of_rfc_8392_appendix_a_3() -> None:
    key = from_cose(
        {
            1: 2,
            -1: 1,
            -2: bytes.fromhex("143329cce7868e416927599cf65a34f3ce2ffda55a7eca69ed8919a394d42f0f"),
            -3: bytes.fromhex("60f7f1a780d8a783bfb7a2dd6b2796e8128dbbcef9d3d168db9529971a36e7b9"),
        }
    )
    token = bytes.fromhex(
        "d28443a10126a104524173796d6d657472696345434453413235365850a7017563"
        "6f61703a2f2f61732e6578616d706c652e636f6d02656572696b77037818636f61"
        "703a2f2f6c696768742e6578616d706c652e636f6d041a5612aeb0051a5610d9f0"
        "061a5610d9f007420b7158405427c1ff28d23fbad1f29c4c7c6a555e601d6fa29f"
        "9179bc3d7438bacaca5acd08c8d4d4f96131680c429a01f85951ecee743a52b9b6"
        "3632c57209120e1c9e30"
    )
    read = cwt.parse(token)
    assert cwt.verify(read, checker_for(key))
    assert read.claims == {
        1: "coap://as.example.com",
        2: "erikw",
        3: "coap://light.example.com",
        4: 1444064944,
        5: 1443944944,
        6: 1443944944,
        7: bytes.fromhex("0b71"),
    }


@pytest.mark.parametrize("payload", [b"", b"\xff", cbor.dumps([]), cbor.dumps(1)])
def test_a_payload_that_is_no_map_is_refused(payload: bytes) -> None:
    with pytest.raises(EnvelopeError):
        cwt.parse(cose.encode(cose.sign1(payload, {}, SIGNER)))


def test_claims_that_are_detached_are_refused() -> None:
    with pytest.raises(EnvelopeError):
        cwt.parse(cose.encode(cose.sign1(cbor.dumps(CLAIMS), {}, SIGNER, detached=True)))


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\xd8\x3d\xd2\x84" + rest))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        cwt.parse(data)
    except EnvelopeError:
        return


def test_a_long_token_is_not_read() -> None:
    with pytest.raises(EnvelopeError, match="at most 10"):
        cwt.parse(bytes(11), max_bytes=10)
