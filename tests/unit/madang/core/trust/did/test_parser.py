"""Documents that others publish: what is read, what is refused, and which keys may be used."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import strict_json
from madang.core.keys.jwk import PublicKey
from madang.core.trust.did import multikey
from madang.core.trust.did.errors import DidError
from madang.core.trust.did.model import DidDocument, Purpose
from madang.core.trust.did.parser import MAX_BYTES, MAX_DEPTH, MAX_ENTRIES, parse
from madang.core.trust.did.resolution import key_for, resolve

DID = "did:web:id.hanbit.example:hanbit:issuer"
P256 = PublicKey.from_native(ec.derive_private_key(5, ec.SECP256R1()).public_key())
ED25519 = PublicKey.from_native(
    ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
)
JWK_METHOD = {
    "id": f"{DID}#p",
    "type": "JsonWebKey2020",
    "controller": DID,
    "publicKeyJwk": P256.to_jwk(),
}
MULTIBASE_METHOD = {
    "id": "#e",
    "type": "Multikey",
    "controller": DID,
    "publicKeyMultibase": multikey.encode(ED25519),
}
HUB = {"id": "#hub", "type": "Hub", "serviceEndpoint": "https://hub.example"}
DOCUMENT: dict[str, Any] = {
    "@context": "https://www.w3.org/ns/did/v1",
    "id": DID,
    "controller": "did:web:hanbit.example",
    "alsoKnownAs": ["https://id.hanbit.example"],
    "verificationMethod": [JWK_METHOD, MULTIBASE_METHOD],
    "assertionMethod": [f"{DID}#p"],
    "authentication": ["#e"],
    "keyAgreement": ["#p"],
    "service": [HUB],
}


def read(document: Any = None, **change: Any) -> DidDocument:
    members = {**DOCUMENT, **change} if document is None else document
    return parse(strict_json.dumps(members), DID)


def refused(document: Any = None, **change: Any) -> str:
    with pytest.raises(DidError) as error:
        read(document, **change)
    return error.value.code


def test_a_document_is_read_with_its_relative_urls_in_full() -> None:
    document = read()
    assert document.id == DID
    assert [method.id for method in document.verification_method] == [f"{DID}#p", f"{DID}#e"]
    assert document.assertion_method == (f"{DID}#p",)
    assert document.authentication == (f"{DID}#e",)
    assert document.controller == ("did:web:hanbit.example",)
    assert document.service[0].to_json() == {**HUB, "id": f"{DID}#hub"}


def test_what_was_read_is_written_and_read_again() -> None:
    document = read(controller=["did:a:b", "did:a:c"], service=[{**HUB, "type": ["A", "B"]}])
    assert parse(strict_json.dumps(document.to_json()).encode(), DID) == document


def test_the_smallest_document_has_nothing_to_use() -> None:
    assert read({"id": DID}) == DidDocument(DID)


def test_a_key_is_given_for_the_purpose_that_it_is_listed_for() -> None:
    document = read()
    for url in (f"{DID}#p", "#p", "p"):
        assert key_for(document, url, Purpose.ASSERTION_METHOD) == P256
    assert key_for(document, f"{DID}#e", Purpose.AUTHENTICATION) == ED25519


@pytest.mark.parametrize(
    ("url", "purpose", "code"),
    [
        (f"{DID}#p", Purpose.AUTHENTICATION, "key_purpose"),
        (f"{DID}#e", Purpose.ASSERTION_METHOD, "key_purpose"),
        (f"{DID}#q", Purpose.ASSERTION_METHOD, "key_unknown"),
        ("", Purpose.ASSERTION_METHOD, "key_unknown"),
        (DID, Purpose.ASSERTION_METHOD, "key_unknown"),
        (f"{DID}:x#p", Purpose.ASSERTION_METHOD, "key_of_another"),
        ("did:web:else.example#p", Purpose.ASSERTION_METHOD, "key_of_another"),
    ],
)
def test_no_other_key_is_given(url: str, purpose: Purpose, code: str) -> None:
    with pytest.raises(DidError) as error:
        key_for(read(), url, purpose)
    assert error.value.code == code


def test_a_key_of_another_did_in_the_document_is_never_given() -> None:
    other = "did:web:else.example#p"
    document = read(verificationMethod=[{**JWK_METHOD, "id": other}], assertionMethod=[other])
    for url in (other, "p", "#p", f"{DID}#p"):
        with pytest.raises(DidError):
            key_for(document, url, Purpose.ASSERTION_METHOD)


def test_a_method_inside_a_purpose_is_for_that_purpose_alone() -> None:
    inside = {**JWK_METHOD, "id": "#inside"}
    document = read(authentication=["#e", inside])
    assert key_for(document, "inside", Purpose.AUTHENTICATION) == P256
    with pytest.raises(DidError, match="not listed"):
        key_for(document, "inside", Purpose.ASSERTION_METHOD)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"publicKeyHex": "02"},
        {"publicKeyBase58": "z"},
        {"blockchainAccountId": "eip155:1:0x"},
        {"publicKeyJwk": {**P256.to_jwk(), "crv": "secp256k1"}},
        {"publicKeyJwk": {"kty": "RSA", "n": "AA", "e": "AQAB"}},
        {"publicKeyJwk": {**P256.to_jwk(), "d": "AA"}},
        {"publicKeyMultibase": "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"},
    ],
    ids=str,
)
def test_a_key_of_another_form_or_kind_is_represented_and_not_given(form: dict[str, Any]) -> None:
    method = {"id": f"{DID}#x", "type": "Other", "controller": DID, **form}
    document = read(verificationMethod=[method], assertionMethod=["#x"], authentication=[])
    assert document.to_json()["verificationMethod"] == [method]
    with pytest.raises(DidError) as error:
        key_for(document, "x", Purpose.ASSERTION_METHOD)
    assert error.value.code == "key_unusable"


@pytest.mark.parametrize(
    "change",
    [
        {"verificationMethod": {}},
        {"verificationMethod": ["#p"]},
        {"verificationMethod": [JWK_METHOD, JWK_METHOD]},
        {"verificationMethod": [{**JWK_METHOD, "id": "p"}]},
        {"verificationMethod": [{**JWK_METHOD, "id": DID}]},
        {"verificationMethod": [{**JWK_METHOD, "id": f"{DID}#"}]},
        {"verificationMethod": [{**JWK_METHOD, "id": f"{DID}#a#b"}]},
        {"verificationMethod": [{**JWK_METHOD, "id": None}]},
        {"verificationMethod": [{**JWK_METHOD, "type": 1}]},
        {"verificationMethod": [{**JWK_METHOD, "controller": ""}]},
        {"verificationMethod": [{**JWK_METHOD, "publicKeyJwk": "{}"}]},
        {"verificationMethod": [{**JWK_METHOD, "publicKeyMultibase": "z"}]},
        {"verificationMethod": [{**MULTIBASE_METHOD, "publicKeyMultibase": 1}]},
        {"verificationMethod": [{**MULTIBASE_METHOD, "publicKeyHex": 1}]},
        {"verificationMethod": [{**JWK_METHOD, "id": "#" + "a" * 5_000}]},
        {"verificationMethod": [JWK_METHOD] * (MAX_ENTRIES + 1)},
        {"authentication": "#e"},
        {"authentication": [1]},
        {"authentication": [{"id": "#p"}]},
        {"authentication": [JWK_METHOD]},
        {"assertionMethod": ["#p"] * (MAX_ENTRIES + 1)},
        {"controller": 1},
        {"controller": [1]},
        {"service": {}},
        {"service": [1]},
        {"service": [{**HUB, "serviceEndpoint": None}]},
        {"service": [{**HUB, "type": None}]},
        {"service": [{**HUB, "id": 1}]},
        {"service": [HUB] * (MAX_ENTRIES + 1)},
    ],
    ids=lambda change: str(change)[:60],
)
def test_what_does_not_have_the_form_is_refused(change: dict[str, Any]) -> None:
    assert refused(**change) == "document_malformed"


@pytest.mark.parametrize("subject", [None, 1, "", DID + ":x", DID.upper(), [DID]])
def test_the_document_of_another_is_refused(subject: Any) -> None:
    assert refused(id=subject) == "document_subject"


@pytest.mark.parametrize("document", [[], 1, "text", None])
def test_what_is_no_object_is_refused(document: Any) -> None:
    with pytest.raises(DidError) as error:
        parse(strict_json.dumps(document), DID)
    assert error.value.code == "document_malformed"


def test_size_and_depth_are_bounded() -> None:
    deep: Any = "x"
    for _ in range(MAX_DEPTH):
        deep = [deep]
    assert refused(deep=deep) == "document_malformed"
    assert read(deep=deep[0])
    assert refused(long="a" * MAX_BYTES) == "document_malformed"
    with pytest.raises(DidError, match="at most 10"):
        parse(strict_json.dumps(DOCUMENT), DID, max_bytes=10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(f"{DID}#p"),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "type"]), inner),
    max_leaves=5,
)


@given(st.sampled_from(sorted(DOCUMENT)), JSON)
def test_any_member_is_read_or_refused(name: str, value: Any) -> None:
    try:
        document = read(**{name: value})
    except DidError:
        return
    assert parse(strict_json.dumps(document.to_json()), DID) == document


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DidError):
        parse(data, DID)


@pytest.mark.parametrize(
    ("did", "fetched", "code"),
    [
        (DID, None, "not_fetched"),
        ("did:key:z", b"{}", "not_fetched"),
        ("did:jwk:e30", b"{}", "not_fetched"),
        ("did:ethr:0x" + "a" * 40, b"{}", "not_fetched"),
        ("did:example:a", None, "method_not_supported"),
        ("did:example:a", b"{}", "method_not_supported"),
        ("example", None, "did_malformed"),
    ],
)
def test_a_did_is_resolved_by_what_its_method_fetches(
    did: str, fetched: bytes | None, code: str
) -> None:
    with pytest.raises(DidError) as error:
        resolve(did, fetched)
    assert error.value.code == code
