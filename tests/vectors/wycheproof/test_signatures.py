"""Wycheproof's ES256 and Ed25519 signatures, against the checker that every JWS goes through.

Left out: `ecdsa_secp256r1_sha256_test.json` holds DER signatures, and JOSE has the raw form (RFC
7518 section 3.4); BLS and ML-DSA are not algorithms of this project.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for

FILES = {"ecdsa_secp256r1_sha256_p1363_test.json": 262, "ed25519_test.json": 151}
"""How many signatures each file has."""


def jwk(group: Mapping[str, Any]) -> dict[str, str]:
    """Return the group's key; some keys on P-256 stand there as a point alone."""
    if "publicKeyJwk" in group:
        return dict(group["publicKeyJwk"])
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    x, y = base64url.encode(point[1:33]), base64url.encode(point[33:])
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


@pytest.mark.parametrize("name", FILES)
def test_each_signature_is_told_as_expected(vectors: Callable[[str], Path], name: str) -> None:
    checked, wrong = 0, []
    for group in json.loads((vectors("wycheproof") / name).read_text("utf-8"))["testGroups"]:
        checker = checker_for(PublicKey.from_jwk(jwk(group)))
        for case in group["tests"]:
            checked += 1
            holds = checker.check(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            if holds != (case["result"] == "valid"):
                wrong.append((case["tcId"], case["comment"]))
    assert wrong == []
    assert checked == FILES[name]
