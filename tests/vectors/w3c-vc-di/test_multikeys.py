"""The key pairs of the Data Integrity cryptosuites, each half as a Multikey."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from madang.core.encoding import base58
from madang.core.keys.jwk import PublicKey
from madang.core.keys.software import PrivateKey
from madang.core.trust.did import key, multikey

PAIRS = [
    ("w3c-vc-di-ecdsa", "p256KeyPair.json", "P-256"),
    ("w3c-vc-di-ecdsa", "p384KeyPair.json", "P-384"),
    ("w3c-vc-di-eddsa", "keyPair.json", "Ed25519"),
]
SECRET_PREFIXES = {"P-256": "8626", "P-384": "8726", "Ed25519": "8026"}


def secret(text: str, crv: str) -> PrivateKey:
    raw, prefix = base58.decode(text.removeprefix("z")), bytes.fromhex(SECRET_PREFIXES[crv])
    assert raw.startswith(prefix)
    scalar = raw[len(prefix) :]
    if crv == "Ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(scalar)
    curve = ec.SECP256R1() if crv == "P-256" else ec.SECP384R1()
    return ec.derive_private_key(int.from_bytes(scalar, "big"), curve)


@pytest.mark.parametrize(("folder", "name", "crv"), PAIRS)
def test_both_halves_of_a_pair_are_one_key(
    vectors: Callable[[str], Path],
    folder: str,
    name: str,
    crv: str,
    record_case: Callable[..., None],
) -> None:
    path = vectors(folder) / name
    record_case(path)
    pair = json.loads(path.read_text("utf-8"))
    public = multikey.decode(pair["publicKeyMultibase"])
    private = pair.get("secretKeyMultibase") or pair["privateKeyMultibase"]
    assert public.crv == crv
    assert PublicKey.from_native(secret(private, crv).public_key()) == public
    assert multikey.encode(public) == pair["publicKeyMultibase"]
    assert key.identifier(public) == f"did:key:{pair['publicKeyMultibase']}"
