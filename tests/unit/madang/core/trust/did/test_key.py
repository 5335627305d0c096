"""did:key and did:jwk: what follows from the identifier alone, with their specifications' keys."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base58, base64url, canonical_json
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import (
    generate_ed25519,
    generate_ml_dsa_44,
    generate_ml_dsa_65,
    generate_p256,
    generate_p384,
    generate_p521,
)
from madang.core.trust.did import jwk, key, multikey
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.identifier import MAX_DID
from madang.core.trust.did.model import Purpose
from madang.core.trust.did.resolution import key_for, resolve

# did:key method specification: the test vectors for the NIST curves.
EXAMPLES = {
    "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv": {
        "kty": "EC",
        "crv": "P-256",
        "x": "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns",
        "y": "efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM",
    },
    "did:key:z82Lm1MpAkeJcix9K8TMiLd5NMAhnwkjjCBeWHXyu3U4oT2MVJJKXkcVBgjGhnLBn2Kaau9": {
        "kty": "EC",
        "crv": "P-384",
        "x": "lInTxl8fjLKp_UCrxI0WDklahi-7-_6JbtiHjiRvMvhedhKVdHBfi2HCY8t_QJyc",
        "y": "y6N1IC-2mXxHreETBW7K3mBcw0qGr3CWHCs-yl09yCQRLcyfGv7XhqAngHOu51Zv",
    },
}
# did:jwk method specification, the P-256 example.
DID_JWK = (
    "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6"
    "OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"
)
JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0",
    "y": "_KcyLj9vWMptnmKtm46GqDz8wf74I5LKgrl2GzH3nSE",
}
ON_CURVES = [
    generate("k").public_key
    for generate in (generate_p256, generate_p384, generate_p521, generate_ed25519)
]
LATTICE = [generate("k").public_key for generate in (generate_ml_dsa_44, generate_ml_dsa_65)]


def refused(did: str) -> str:
    with pytest.raises(DidError) as error:
        resolve(did)
    return error.value.code


def of_jwk(members: Any) -> str:
    return f"did:jwk:{base64url.encode(canonical_json.encode(members))}"


@pytest.mark.parametrize("did", EXAMPLES)
def test_the_keys_of_the_did_key_specification(did: str) -> None:
    public = PublicKey.from_jwk(EXAMPLES[did])
    assert key.identifier(public) == did
    assert key_for(resolve(did), did.removeprefix("did:key:"), Purpose.AUTHENTICATION) == public


def test_the_document_of_a_did_key() -> None:
    did = next(iter(EXAMPLES))
    multibase = did.removeprefix("did:key:")
    name = f"{did}#{multibase}"
    assert resolve(did).to_json() == {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "verificationMethod": [
            {"id": name, "type": "Multikey", "controller": did, "publicKeyMultibase": multibase}
        ],
        "authentication": [name],
        "assertionMethod": [name],
    }


def test_the_document_of_the_did_jwk_specification() -> None:
    name = f"{DID_JWK}#0"
    assert resolve(DID_JWK).to_json() == {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/suites/jws-2020/v1",
        ],
        "id": DID_JWK,
        "verificationMethod": [
            {"id": name, "type": "JsonWebKey2020", "controller": DID_JWK, "publicKeyJwk": JWK}
        ],
        "authentication": [name],
        "assertionMethod": [name],
    }
    assert jwk.identifier(PublicKey.from_jwk(JWK)) == DID_JWK


@pytest.mark.parametrize("public", ON_CURVES, ids=lambda public: str(public.crv))
def test_a_key_on_a_curve_comes_back_from_its_did_key(public: PublicKey) -> None:
    did = key.identifier(public)
    document = resolve(did)
    for purpose in Purpose:
        assert key_for(document, document.verification_method[0].id, purpose) == public


@pytest.mark.parametrize("public", [*ON_CURVES, *LATTICE], ids=lambda public: public.algorithm)
def test_every_key_comes_back_from_its_did_jwk(public: PublicKey) -> None:
    did = jwk.identifier(public)
    assert len(did) < MAX_DID
    for purpose in Purpose:
        assert key_for(resolve(did), f"{did}#0", purpose) == public


def test_ml_dsa_has_no_did_key_here() -> None:
    for public in LATTICE:
        with pytest.raises(DidError, match="ML-DSA"):
            key.identifier(public)


def test_a_jwk_for_encryption_signs_nothing() -> None:
    did = of_jwk({**JWK, "use": "enc"})
    document = resolve(did)
    assert len(document.verification_method) == 1
    with pytest.raises(DidError) as error:
        key_for(document, "0", Purpose.ASSERTION_METHOD)
    assert error.value.code == "key_purpose"
    assert resolve(of_jwk({**JWK, "use": "sig"})).assertion_method


@pytest.mark.parametrize(
    "members",
    [
        [],
        1,
        {},
        {**JWK, "d": "AA"},
        {**JWK, "crv": "secp256k1"},
        {**JWK, "x": JWK["y"]},
        {"kty": "oct", "k": "AA"},
    ],
)
def test_what_is_no_public_jwk_is_refused(members: Any) -> None:
    assert refused(of_jwk(members)) == "jwk_malformed"


@pytest.mark.parametrize("text", ["e30=", "e31", "!", "AA", "W1tbW1tdXV1dXQ"])
def test_what_is_no_json_in_base64url_is_refused(text: str) -> None:
    assert refused(f"did:jwk:{text}") in {"jwk_malformed", "did_malformed"}


def multibase(prefix: str, raw: bytes) -> str:
    return "z" + base58.encode(bytes.fromhex(prefix) + raw)


def point(curve: ec.EllipticCurve, form: PublicFormat) -> bytes:
    return ec.derive_private_key(5, curve).public_key().public_bytes(Encoding.X962, form)


COMPRESSED, WHOLE = PublicFormat.CompressedPoint, PublicFormat.UncompressedPoint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("u", "multikey_malformed"),
        ("z", "key_unusable"),
        ("z0", "multikey_malformed"),
        ("z" + "2" * 300, "multikey_malformed"),
        (multibase("ed01", bytes(31)), "multikey_malformed"),
        (multibase("ed01", bytes(33)), "multikey_malformed"),
        (multibase("8024", b""), "multikey_malformed"),
        (multibase("8024", b"\0"), "multikey_malformed"),
        (multibase("8024", b"\x02" + b"\xff" * 32), "multikey_malformed"),
        (multibase("8024", point(ec.SECP256R1(), WHOLE)), "multikey_malformed"),
        (multibase("8024", point(ec.SECP256R1(), COMPRESSED) + b"\0"), "multikey_malformed"),
        (multibase("8024", point(ec.SECP384R1(), COMPRESSED)), "multikey_malformed"),
        (multibase("8124", point(ec.SECP256R1(), COMPRESSED)), "multikey_malformed"),
        (multibase("e701", point(ec.SECP256K1(), COMPRESSED)), "key_unusable"),
        (multibase("ec01", bytes(32)), "key_unusable"),
    ],
)
def test_what_is_no_key_of_ours_is_refused(text: str, code: str) -> None:
    assert refused(f"did:key:{text}") == code


@given(st.binary(max_size=80).map(base58.encode) | st.text(max_size=80))
def test_any_multibase_is_the_one_text_of_a_key_or_refused(text: str) -> None:
    try:
        public = multikey.decode("z" + text)
    except DidError:
        return
    assert multikey.encode(public) == "z" + text


@given(st.sampled_from(["ed01", "8024", "8124", "8224"]), st.binary(max_size=70))
def test_any_bytes_behind_a_prefix_are_a_key_or_refused(prefix: str, raw: bytes) -> None:
    try:
        public = multikey.decode(multibase(prefix, raw))
    except DidError:
        return
    assert multikey.encode(public) == multibase(prefix, raw)


@given(st.binary(max_size=80))
def test_any_bytes_in_a_did_jwk_raise_only_the_one_error(raw: bytes) -> None:
    with pytest.raises(DidError):
        resolve(f"did:jwk:{base64url.encode(raw)}")
