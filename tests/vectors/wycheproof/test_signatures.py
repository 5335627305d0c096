"""Wycheproof's ES256, Ed25519 and ML-DSA-44 signatures, against the checker of every JWS.

`ecdsa_secp256r1_sha256_test.json` holds DER signatures. JOSE, COSE and PKCS#11 have the raw form
(RFC 7518 section 3.4), so the product has no use for DER: the cases go through a strict reader
here, which makes them raw, and then through the checker.

Left out: BLS is no algorithm of this project.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from madang.core.encoding import base64url
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for

RAW = {"ecdsa_secp256r1_sha256_p1363_test.json": 262, "ed25519_test.json": 151}
"""How many signatures each file has."""
DER, DER_CASES = "ecdsa_secp256r1_sha256_test.json", 484
ML_DSA, ML_DSA_CASES = "mldsa_44_verify_test.json", 180
CONTEXTS = {3, 4}
"""Signatures that hold under a context. JOSE, COSE and C2SP sign without one, so a checker takes
none, and refuses what was signed for another use."""
SCALAR_BYTES = 32


def jwk(group: Mapping[str, Any]) -> dict[str, str]:
    """Return the group's key; some keys on P-256 stand there as a point alone."""
    if "publicKeyJwk" in group:
        return dict(group["publicKeyJwk"])
    if isinstance(group["publicKey"], str):
        pub = base64url.encode(bytes.fromhex(group["publicKey"]))
        return {"kty": "AKP", "alg": "ML-DSA-44", "pub": pub}
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    x, y = base64url.encode(point[1:33]), base64url.encode(point[33:])
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def groups(path: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads(path.read_text("utf-8"))["testGroups"]


def raw(der: bytes) -> bytes:
    """Return r and s of a signature in DER; empty if it is not strict or a number has no room."""
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(SCALAR_BYTES, "big") + s.to_bytes(SCALAR_BYTES, "big")
    except (ValueError, OverflowError):
        return b""


@pytest.mark.parametrize("name", RAW)
def test_each_signature_is_told_as_expected(
    vectors: Callable[[str], Path], name: str, record_case: Callable[..., None]
) -> None:
    checked, wrong, path = 0, [], vectors("wycheproof") / name
    for group in groups(path):
        checker = checker_for(PublicKey.from_jwk(jwk(group)))
        for case in group["tests"]:
            checked += 1
            record_case(path, case["tcId"])
            holds = checker.check(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            if holds != (case["result"] == "valid"):
                wrong.append((case["tcId"], case["comment"]))
    assert wrong == []
    assert checked == RAW[name]


def test_each_signature_in_der_is_told_as_expected(
    vectors: Callable[[str], Path], record_case: Callable[..., None]
) -> None:
    checked, wrong, path = 0, [], vectors("wycheproof") / DER
    for group in groups(path):
        checker = checker_for(PublicKey.from_jwk(jwk(group)))
        for case in group["tests"]:
            checked += 1
            record_case(path, case["tcId"])
            holds = checker.check(raw(bytes.fromhex(case["sig"])), bytes.fromhex(case["msg"]))
            if holds != (case["result"] == "valid"):
                wrong.append((case["tcId"], case["comment"]))
    assert wrong == []
    assert checked == DER_CASES


def ml_dsa_holds(group: Mapping[str, Any], case: Mapping[str, Any]) -> bool:
    try:
        checker = checker_for(PublicKey.from_jwk(jwk(group)))
    except KeyFormatError:
        return False
    return checker.check(bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))


def test_each_ml_dsa_signature_is_told_as_expected(
    vectors: Callable[[str], Path], record_case: Callable[..., None]
) -> None:
    checked, wrong, path = 0, {}, vectors("wycheproof") / ML_DSA
    for group in groups(path):
        for case in group["tests"]:
            checked += 1
            if case["tcId"] not in CONTEXTS:
                record_case(path, case["tcId"])
            if ml_dsa_holds(group, case) != (case["result"] == "valid"):
                wrong[case["tcId"]] = (case["comment"], case.get("ctx"))
    assert wrong.keys() == CONTEXTS, wrong
    assert all(context for _, context in wrong.values())
    assert checked == ML_DSA_CASES
