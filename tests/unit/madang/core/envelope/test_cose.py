import hmac
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.envelope import cose
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.cose_key import from_cose
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_ed25519, generate_p256

SIGNERS = [generate_p256("p"), generate_ed25519("e")]
P256 = SIGNERS[0]
CHECKER = checker_for(P256.public_key)
KEY = b"k" * 32


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: str(signer.algorithm))
@pytest.mark.parametrize("given_payload", [None, b"payload"], ids=["inside", "detached"])
def test_a_signature_holds_over_payload_header_and_aad(
    signer: SoftwareSigner, given_payload: bytes | None
) -> None:
    checker, detached = checker_for(signer.public_key), given_payload is not None
    made = cose.sign1(b"payload", {4: b"kid"}, signer, external_aad=b"aad", detached=detached)
    read = cose.parse_sign1(cose.encode(made))
    assert read == made
    assert cose.verify1(read, checker, payload=given_payload, external_aad=b"aad")
    assert not cose.verify1(read, checker, payload=given_payload, external_aad=b"other")
    assert not cose.verify1(read, checker, payload=b"other", external_aad=b"aad")
    assert not cose.verify1(read, CHECKER_OF_ANOTHER[signer.algorithm], payload=given_payload)


CHECKER_OF_ANOTHER = {"ES256": checker_for(SIGNERS[1].public_key), "EdDSA": CHECKER}


def test_every_altered_byte_is_noticed() -> None:
    signed = cose.encode(cose.sign1(b"payload", {4: b"kid"}, P256))
    for at in range(len(signed)):
        altered = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
        try:
            message = cose.parse_sign1(altered)
        except EnvelopeError:
            continue
        assert not cose.verify1(message, CHECKER)


def test_the_unprotected_header_is_not_signed() -> None:
    made = cose.sign1(b"payload", {}, P256, unprotected={cose.X5CHAIN: b"leaf"})
    message = cose.read_sign1([made.protected, {33: b"another"}, made.payload, made.signature])
    assert cose.verify1(message, CHECKER)


def test_an_algorithm_that_names_the_curve_too_is_the_same() -> None:
    """ESP256 (RFC 9864); the protected bytes differ, so the signature is made over them."""
    protected = cbor.dumps({1: -9})
    signature = P256.sign(cbor.dumps(["Signature1", protected, b"", b"payload"]))
    assert cose.verify1(cose.read_sign1([protected, {}, b"payload", signature]), CHECKER)
    protected = cbor.dumps({1: -35})
    signature = P256.sign(cbor.dumps(["Signature1", protected, b"", b"payload"]))
    assert not cose.verify1(cose.read_sign1([protected, {}, b"payload", signature]), CHECKER)


def test_the_example_of_rfc_9052_appendix_c_2_1() -> None:
    key = from_cose(
        {
            1: 2,
            -1: 1,
            -2: bytes.fromhex("bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"),
            -3: bytes.fromhex("20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e"),
        }
    )
    text = (
        "d28443a10126a10442313154546869732069732074686520636f6e74656e742e"
        "58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834"
        "dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"
    )
    assert cose.verify1(cose.parse_sign1(bytes.fromhex(text)), checker_for(key))


@pytest.mark.parametrize("given_payload", [None, b"payload"], ids=["inside", "detached"])
def test_a_mac_holds_under_its_key(given_payload: bytes | None) -> None:
    detached = given_payload is not None
    made = cose.mac0(b"payload", KEY, external_aad=b"aad", detached=detached)
    read = cose.parse_mac0(cose.encode(made))
    assert cose.verify_mac0(read, KEY, payload=given_payload, external_aad=b"aad")
    assert not cose.verify_mac0(read, b"x" * 32, payload=given_payload, external_aad=b"aad")
    assert not cose.verify_mac0(read, KEY, payload=given_payload)
    assert not cose.verify_mac0(read, KEY, payload=b"other", external_aad=b"aad")


@pytest.mark.parametrize("header", [{}, {1: 4}, {1: 6}, {1: True}, {1: 5.0}])
def test_a_good_tag_under_the_name_of_another_mac_is_refused(header: dict[int, Any]) -> None:
    def holds(protected: bytes) -> bool:
        authenticated = cbor.dumps(["MAC0", protected, b"", b"payload"])
        tag = hmac.digest(KEY, authenticated, "sha256")
        return cose.verify_mac0(cose.read_mac0([protected, {}, b"payload", tag]), KEY)

    assert holds(cbor.dumps({1: 5}))
    assert not holds(cbor2.dumps(header))


def test_a_payload_in_two_places_or_in_none_is_refused() -> None:
    whole, half = cose.sign1(b"p", {}, P256), cose.sign1(b"p", {}, P256, detached=True)
    assert not cose.verify1(whole, CHECKER, payload=b"p")
    assert not cose.verify1(half, CHECKER)


PROTECTED = cbor.dumps({1: -7})


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        [PROTECTED, {}, b"", b"", b""],
        Tag(17, [PROTECTED, {}, b"", b""]),
        ["text", {}, b"", b""],
        [PROTECTED, [], b"", b""],
        [PROTECTED, {}, "text", b""],
        [PROTECTED, {}, b"", None],
        [b"", {}, b"", b""],
        [b"", {1: -7}, b"", b""],
        [b"\xff", {}, b"", b""],
        [cbor.dumps([]), {}, b"", b""],
        [cbor.dumps({1: "ES256"}), {}, b"", b""],
        [cbor.dumps({1: -7, 2: [4], 4: b""}), {}, b"", b""],
        [PROTECTED, {2: [4]}, b"", b""],
        [PROTECTED, {1: -7}, b"", b""],
    ],
)
def test_another_structure_is_refused(value: Any) -> None:
    with pytest.raises(EnvelopeError):
        cose.read_sign1(value)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"\xd2\x84" + rest))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (cose.parse_sign1, cose.parse_mac0):
        try:
            parse(data)
        except EnvelopeError:
            continue


def test_certificates_come_from_either_header() -> None:
    def with_chain(header: Any, unprotected: Any) -> tuple[bytes, ...]:
        return cose.x5chain(cose.sign1(b"", header, P256, unprotected=unprotected))

    assert with_chain({}, {}) == ()
    assert with_chain({33: b"leaf"}, {}) == (b"leaf",)
    assert with_chain({}, {33: [b"leaf", b"ca"]}) == (b"leaf", b"ca")
    for wrong in ("text", [b"leaf", 1], {}, None, 5):
        with pytest.raises(EnvelopeError, match="x5chain"):
            with_chain({}, {33: wrong})
    assert cose.encode_chain((b"leaf",)) == b"leaf"
    assert cose.encode_chain((b"leaf", b"ca")) == [b"leaf", b"ca"]


def test_a_long_message_is_not_read() -> None:
    with pytest.raises(EnvelopeError, match="at most 10"):
        cose.parse_sign1(bytes(11), max_bytes=10)


def test_a_key_that_is_no_p256_key_does_not_check_es256() -> None:
    signer = SoftwareSigner(ec.generate_private_key(ec.SECP256R1()), "other")
    assert not cose.verify1(cose.sign1(b"", {}, P256), checker_for(signer.public_key))
