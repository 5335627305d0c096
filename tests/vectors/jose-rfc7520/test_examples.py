"""The JOSE cookbook (RFC 7520, RFC 8037, RFC 7797): two algorithms of ours, and all the others.

The Ed25519 example is met to the letter, the one on P-521 verifies. What is left holds algorithms
and forms that this project refuses, so each is held to its refusal and named in
tests/vectors/exclusions.toml.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from madang.core.encoding import base64url
from madang.core.envelope import jwe, jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for
from madang.core.keys.software import SoftwareSigner, generate_p256

ED25519 = "curve25519/jws.json"
P521_KEYS = ("jwk/3_1.ec_public_key.json", "jwk/3_2.ec_private_key.json")
P521 = "jws/4_3.ecdsa_signature.json"
OTHER_KEYS = {
    "jwk/3_3.rsa_public_key.json": "RSA",
    "jwk/3_4.rsa_private_key.json": "'d'",
    "jwk/3_5.symmetric_key_mac_computation.json": "'k'",
    "jwk/3_6.symmetric_key_encryption.json": "'k'",
}
"""What the refusal of each key names."""
OTHER_ALGORITHMS = (
    "jws/4_1.rsa_v15_signature.json",
    "jws/4_2.rsa-pss_signature.json",
    "jws/4_4.hmac-sha2_integrity_protection.json",
)
OTHER_ENCRYPTION = (
    "curve25519/ecdh-es.json",
    "jwe/5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2.json",
    "jwe/5_2.key_encryption_using_rsa-oaep_with_aes-gcm.json",
    "jwe/5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2.json",
    "jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm.json",
    "jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2.json",
    "jwe/5_6.direct_encryption_using_aes-gcm.json",
    "jwe/5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2.json",
    "jwe/5_8.key_wrap_using_aes-keywrap_with_aes-gcm.json",
    "jwe/5_9.compressed_content.json",
)
DETACHED = "jws/4_5.signature_with_detached_content.json"
UNENCODED = "rfc7797/hmac-sha2_b64_false.json"
JSON_FORM = (
    "jws/4_6.protecting_specific_header_fields.json",
    "jws/4_7.protecting_content_only.json",
    "jws/4_8.multiple_signatures.json",
    "jwe/5_10.including_additional_authentication_data.json",
    "jwe/5_11.protecting_specific_header_fields.json",
    "jwe/5_12.protecting_content_only.json",
    "jwe/5_13.encrypting_to_multiple_recipients.json",
    "rfc7797/4.2.hmac-sha2_b64_false.json",
)
NESTED = "6.nesting_signatures_and_encryption.json"


@pytest.fixture
def read(vectors: Callable[[str], Path]) -> Callable[[str], dict[str, Any]]:
    def example(name: str) -> dict[str, Any]:
        path = vectors("jose-rfc7520") / name
        value: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return value

    return example


def test_ed25519_signs_and_verifies_to_the_letter(
    read: Callable[[str], dict[str, Any]],
    vectors: Callable[[str], Path],
    record_case: Callable[..., None],
) -> None:
    example = read(ED25519)
    record_case(vectors("jose-rfc7520") / ED25519)
    members, wanted = example["input"]["key"], example["output"]["compact"]
    private = ed25519.Ed25519PrivateKey.from_private_bytes(base64url.decode(members.pop("d")))
    signer = SoftwareSigner(private, "k")
    assert jws.sign(example["input"]["payload"].encode(), {}, signer) == wanted
    assert PublicKey.from_jwk(members) == signer.public_key
    assert jws.verify(jws.parse(wanted), checker_for(signer.public_key))


def test_p521_verifies_and_signs_what_verifies(
    read: Callable[[str], dict[str, Any]],
    vectors: Callable[[str], Path],
    record_case: Callable[..., None],
) -> None:
    example, public, private = read(P521), *map(read, P521_KEYS)
    for name in (P521, *P521_KEYS):
        record_case(vectors("jose-rfc7520") / name)
    key = PublicKey.from_jwk(public)
    with pytest.raises(KeyFormatError, match="'d'"):
        PublicKey.from_jwk(private)
    parsed = jws.parse(example["output"]["compact"])
    assert parsed.payload.decode() == example["input"]["payload"]
    assert jws.verify(parsed, checker_for(key))
    scalar = int.from_bytes(base64url.decode(private["d"]), "big")
    signer = SoftwareSigner(ec.derive_private_key(scalar, ec.SECP521R1()), "k")
    assert signer.public_key == key
    again = jws.parse(jws.sign(parsed.payload, example["signing"]["protected"], signer))
    assert (again.signing_input, len(again.signature)) == (parsed.signing_input, 132)
    assert jws.verify(again, checker_for(key))


@pytest.mark.parametrize("name", OTHER_KEYS)
def test_other_keys_are_refused(read: Callable[[str], dict[str, Any]], name: str) -> None:
    with pytest.raises(KeyFormatError, match=OTHER_KEYS[name]):
        PublicKey.from_jwk(read(name))


@pytest.mark.parametrize("name", OTHER_ALGORITHMS)
def test_other_algorithms_parse_and_never_verify(
    read: Callable[[str], dict[str, Any]], name: str
) -> None:
    example = read(name)
    parsed = jws.parse(example["output"]["compact"])
    assert parsed.header == example["signing"]["protected"]
    assert parsed.payload.decode() == example["input"]["payload"]
    assert not jws.verify(parsed, checker_for(generate_p256("k").public_key))


def test_detached_content_is_no_payload(read: Callable[[str], dict[str, Any]]) -> None:
    parsed = jws.parse(read(DETACHED)["output"]["compact"])
    assert parsed.payload == b""
    with pytest.raises(EnvelopeError, match="payload"):
        jws.claims(parsed)


def test_an_unencoded_payload_is_refused(read: Callable[[str], dict[str, Any]]) -> None:
    with pytest.raises(EnvelopeError, match="crit"):
        jws.parse(read(UNENCODED)["output"]["compact"])


@pytest.mark.parametrize("name", OTHER_ENCRYPTION)
def test_other_encryption_is_refused(read: Callable[[str], dict[str, Any]], name: str) -> None:
    example = read(name)
    key, header = example["input"].get("key"), example["encrypting_content"]["protected"]
    members = {} if key is None else {member: str(value) for member, value in key.items()}
    ours = header["alg"] == jwe.ALG and header["enc"] in jwe.ENCS
    refusal = "cannot be decrypted" if ours else f"alg '{header['alg']}' with enc '{header['enc']}'"
    with pytest.raises(EnvelopeError, match=re.escape(refusal)):
        jwe.decrypt(example["output"]["compact"], {members.get("kid", ""): members})


@pytest.mark.parametrize("name", JSON_FORM)
def test_the_json_form_is_refused(read: Callable[[str], dict[str, Any]], name: str) -> None:
    for form in read(name)["output"].values():
        text = json.dumps(form)
        with pytest.raises(EnvelopeError, match=r"parts|base64url"):
            jws.parse(text)
        with pytest.raises(EnvelopeError, match=r"parts|base64url"):
            jwe.decrypt(text, {})


def test_a_signature_inside_an_encryption_is_refused_with_its_algorithm(
    read: Callable[[str], dict[str, Any]],
) -> None:
    with pytest.raises(EnvelopeError, match="alg 'RSA-OAEP'"):
        jwe.decrypt(read(NESTED)["encrypt"]["output"]["compact"], {})
