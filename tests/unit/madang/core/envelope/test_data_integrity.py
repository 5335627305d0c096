import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.envelope import data_integrity
from madang.core.envelope.data_integrity import CRYPTOSUITES, cryptosuite_for, sign, verify
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import Signer
from madang.core.keys.software import (
    SoftwareSigner,
    generate_ed25519,
    generate_ml_dsa_44,
    generate_p256,
    generate_p384,
    generate_p521,
)

P256 = generate_p256("p256")
SIGNERS = [P256, generate_p384("p384"), generate_ed25519("ed25519")]
DOCUMENT = {"@context": ["https://a.example/1", "https://a.example/2"], "name": "이름", "n": 1}
OPTIONS = {"proofPurpose": "authentication", "verificationMethod": "did:example:1#1"}


@pytest.mark.parametrize("signer", SIGNERS, ids=lambda signer: signer.key_id)
def test_what_is_signed_verifies(signer: Signer) -> None:
    signed = sign(DOCUMENT, OPTIONS, signer)
    proof = signed["proof"]
    assert {name: signed[name] for name in DOCUMENT} == DOCUMENT
    assert proof["cryptosuite"] == cryptosuite_for(signer.algorithm)
    assert proof["cryptosuite"] in CRYPTOSUITES
    assert proof["@context"] == DOCUMENT["@context"]
    assert OPTIONS.items() <= proof.items()
    assert verify(signed, proof, signer.public_key)


def test_a_document_without_context_can_be_signed() -> None:
    signed = sign({"a": 1}, OPTIONS, P256)
    assert "@context" not in signed["proof"]
    assert verify(signed, signed["proof"], P256.public_key)


@pytest.mark.parametrize(
    "change",
    [{"name": "x"}, {"n": 2}, {"more": None}],
    ids=["text", "number", "a further member"],
)
def test_another_document_is_not_the_keys(change: dict[str, Any]) -> None:
    signed = sign(DOCUMENT, OPTIONS, P256)
    assert not verify({**signed, **change}, signed["proof"], P256.public_key)


@pytest.mark.parametrize("member", ["proofPurpose", "verificationMethod", "domain"])
def test_another_option_is_not_the_keys(member: str) -> None:
    proof = sign(DOCUMENT, OPTIONS, P256)["proof"]
    assert not verify(DOCUMENT, {**proof, member: "other"}, P256.public_key)


def test_another_key_of_the_kind_is_not_the_one() -> None:
    proof = sign(DOCUMENT, OPTIONS, P256)["proof"]
    assert not verify(DOCUMENT, proof, generate_p256("other").public_key)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "eddsa-jcs-2022"},
        {"cryptosuite": "ecdsa-rdfc-2019"},
        {"proofValue": "uAAAA"},
        {"proofValue": "z0OIl"},
        {"proofValue": "z" + "2" * 400},
        {"proofValue": 5},
        {"@context": ["https://a.example/2"]},
        {"@context": "https://b.example"},
        {"extra": 1.5},
    ],
    ids=str,
)
def test_another_kind_of_proof_is_refused(change: dict[str, Any]) -> None:
    proof = {**sign(DOCUMENT, OPTIONS, P256)["proof"], **change}
    with pytest.raises(EnvelopeError):
        verify(DOCUMENT, proof, P256.public_key)


def test_a_proofs_context_may_be_where_the_documents_begins() -> None:
    shorter = {**DOCUMENT, "@context": DOCUMENT["@context"][:1]}  # type: ignore[index] # an array
    proof = sign(shorter, OPTIONS, P256)["proof"]
    assert verify(DOCUMENT, proof, P256.public_key)


@pytest.mark.parametrize("signer", [generate_p521("a"), generate_ml_dsa_44("b")])
def test_a_key_without_a_cryptosuite_is_refused(signer: SoftwareSigner) -> None:
    with pytest.raises(EnvelopeError, match="no cryptosuite"):
        sign(DOCUMENT, OPTIONS, signer)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
members = st.sampled_from(["type", "cryptosuite", "proofValue", "@context", "created"])


@given(
    document=st.dictionaries(st.text(max_size=4), values),
    changes=st.dictionaries(members, values),
)
def test_any_proof_is_checked_or_refused_by_the_family(
    document: dict[str, Any], changes: dict[str, Any]
) -> None:
    proof = {**sign(DOCUMENT, OPTIONS, P256)["proof"], **changes}
    with contextlib.suppress(EnvelopeError):
        assert data_integrity.verify(document, proof, P256.public_key) in {True, False}
