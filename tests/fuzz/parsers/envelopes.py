"""Keys and envelopes."""

from madang.core.encoding import base64url, cbor, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose, cwt, jwe, jws, second_signature
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.second_signature import LoggedKey
from madang.core.keys import akp, cose_key
from madang.core.keys.jwk import ENCRYPTION, SIGNATURE, KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for
from tests.fuzz.harness import harness, require, text
from tests.fuzz.world import DECRYPTION_JWKS, LIST, ML_DSA, NOW, SIGNER

DOCUMENT = b"a document"
CHECKER = checker_for(SIGNER.public_key)


def _holds(key: PublicKey) -> None:
    assert PublicKey.from_jwk(key.to_jwk()) == key
    assert key.thumbprint()
    assert not checker_for(key).check(b"", b"")


@harness(EncodingError, KeyFormatError)
def jwk(data: bytes) -> None:
    value = strict_json.loads(data)
    if isinstance(value, dict):
        encrypts = value.get("use") == ENCRYPTION or value.get("alg") == jwe.ALG
        _holds(PublicKey.from_jwk(value, use=ENCRYPTION if encrypts else SIGNATURE))


@harness(EncodingError, KeyFormatError)
def cose_key_map(data: bytes) -> None:
    key = cose_key.from_cose(cbor.loads(data))
    _holds(key)
    assert cose_key.from_cose(cose_key.to_cose(key)) == key


@harness(KeyFormatError)
def certificate_key(data: bytes) -> None:
    _holds(PublicKey.from_certificate(data))


@harness(EnvelopeError)
def jws_compact(data: bytes) -> None:
    parsed = jws.parse(data)
    signed = parsed.signing_input.decode("ascii")
    assert f"{signed}.{base64url.encode(parsed.signature)}".encode() == data
    assert jws.parse(text(data)) == parsed
    jws.decode_chain(parsed.header)
    jws.claims(parsed)
    require(jws.verify(parsed, CHECKER))


@harness(EnvelopeError)
def jwe_compact(data: bytes) -> None:
    jwe.decrypt(text(data), DECRYPTION_JWKS)


@harness(EnvelopeError)
def jwe_with_a_key(data: bytes) -> None:
    jwe.decrypt_with(text(data), DECRYPTION_JWKS["e1"])


@harness(EnvelopeError, EncodingError)
def cose_sign1(data: bytes) -> None:
    message = cose.parse_sign1(data)
    cose.x5chain(message)
    assert cose.parse_sign1(cose.encode(message)) == message
    require(cose.verify1(message, CHECKER))


@harness(EnvelopeError, EncodingError)
def cose_mac0(data: bytes) -> None:
    message = cose.parse_mac0(data)
    assert cose.parse_mac0(cose.encode(message)) == message
    require(cose.verify_mac0(message, b"k" * 32))


@harness(EnvelopeError)
def cwt_token(data: bytes) -> None:
    require(cwt.verify(cwt.parse(data), CHECKER))


@harness(EncodingError, KeyFormatError)
def akp_private_jwk(data: bytes) -> None:
    value = strict_json.loads(data)
    if isinstance(value, dict):
        key = akp.from_private_jwk(value)
        again = akp.from_private_jwk(akp.to_private_jwk(key))
        assert again.private_bytes_raw() == key.private_bytes_raw()


def _signed_again(compact: str) -> None:
    keys = (LoggedKey(ML_DSA.public_key, NOW),)
    found = second_signature.verify(
        DOCUMENT, compact, kind="status_list", address=LIST, keys=keys, now=NOW
    )
    require(found.ok)


@harness()
def second_signature_compact(data: bytes) -> None:
    _signed_again(text(data))


@harness()
def second_signature_signed(data: bytes) -> None:
    header = {"typ": second_signature.TYPE, "kid": ML_DSA.public_key.thumbprint()}
    _signed_again(jws.sign(data, header, ML_DSA))
