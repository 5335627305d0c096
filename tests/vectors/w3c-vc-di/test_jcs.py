"""The JCS cryptosuites of Data Integrity: canonical forms, hashes, signatures, credentials."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from madang.core.encoding import base58, canonical_json
from madang.core.envelope import data_integrity
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import SoftwareSigner
from madang.core.trust.did import multikey

SUITES = [
    ("w3c-vc-di-ecdsa", "ecdsa-jcs-2019-p256", "JCSECDSAP256", "p256KeyPair.json", "sha256"),
    ("w3c-vc-di-ecdsa", "ecdsa-jcs-2019-p384", "JCSECDSAP384", "p384KeyPair.json", "sha384"),
    ("w3c-vc-di-eddsa", "eddsa-jcs-2022", "JCS", "keyPair.json", "sha256"),
]


class Case:
    """The files of one suite; each is a case."""

    def __init__(self, root: Path, record: Callable[..., None], suite: tuple[str, ...]) -> None:
        _, folder, self.suffix, pair, self.hashing = suite
        self.root, self.folder, self.record = root, root / folder, record
        self.key = multikey.decode(json.loads((root / pair).read_bytes())["publicKeyMultibase"])
        self.pair = json.loads((root / pair).read_bytes())
        self.signed: dict[str, Any] = json.loads(self.path("signed", "json").read_bytes())
        self.proof = self.signed["proof"]
        self.config = {k: v for k, v in self.proof.items() if k != "proofValue"}
        self.document = {k: v for k, v in self.signed.items() if k != "proof"}

    def path(self, name: str, kind: str = "txt") -> Path:
        return self.folder / f"{name}{self.suffix}.{kind}"

    def text(self, name: str) -> str:
        self.record(self.path(name))
        return self.path(name).read_text("utf-8").strip()

    def hashed(self, value: Any) -> str:
        return hashlib.new(self.hashing, canonical_json.encode(value)).hexdigest()


@pytest.fixture(params=SUITES, ids=[suite[1] for suite in SUITES])
def case(
    request: pytest.FixtureRequest,
    vectors: Callable[[str], Path],
    record_case: Callable[..., None],
) -> Case:
    return Case(vectors(request.param[0]), record_case, request.param)


def test_the_canonical_forms_and_hashes_are_those_of_the_text(case: Case) -> None:
    case.record(case.path("proofConfig", "json"))
    assert json.loads(case.path("proofConfig", "json").read_bytes()) == case.config
    assert canonical_json.encode(case.document).decode() == case.text("canonDoc")
    assert canonical_json.encode(case.config).decode() == case.text("proofCanon")
    assert case.hashed(case.document) == case.text("docHash")
    assert case.hashed(case.config) == case.text("proofHash")
    both = case.hashed(case.config) + case.hashed(case.document)
    assert both == case.text("combinedHash")


def test_the_signature_is_the_keys(case: Case) -> None:
    case.record(case.path("signed", "json"))
    assert data_integrity.verify(case.document, case.proof, case.key)
    assert case.proof["proofValue"] == case.text("sigBTC58")
    assert base58.decode(case.proof["proofValue"][1:]).hex() == case.text("sigHex")


def test_what_was_altered_is_not_the_keys(case: Case) -> None:
    assert not data_integrity.verify({**case.document, "name": "x"}, case.proof, case.key)
    later = {**case.proof, "created": "2024-02-24T23:36:38Z"}
    assert not data_integrity.verify(case.document, later, case.key)


def test_we_sign_the_same_document_so_that_it_verifies(case: Case) -> None:
    secret = base58.decode(
        (case.pair.get("secretKeyMultibase") or case.pair["privateKeyMultibase"])[1:]
    )[2:]
    private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    if case.key.crv == "Ed25519":
        private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    else:
        curve = ec.SECP256R1() if case.key.crv == "P-256" else ec.SECP384R1()
        private = ec.derive_private_key(int.from_bytes(secret, "big"), curve)
    signer = SoftwareSigner(private, "key")
    assert PublicKey.from_native(private.public_key()) == case.key
    ours = data_integrity.sign(case.document, case.config, signer)
    assert data_integrity.verify(case.document, ours["proof"], case.key)
    if case.key.crv == "Ed25519":  # which draws nothing, so there is one signature
        assert ours == case.signed
