"""Wycheproof's JOSE cases: those of our keys and algorithms as they say, all others refused.

Which are of another kind stands in tests/vectors/exclusions.toml; a case of ours that was not
recorded here, or one of another kind that was, fails `make vectors`.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jwe, jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for

SIGNED = (
    "json_web_signature_test.json",
    "json_web_crypto_test.json",
    "json_web_key_test.json",
)
MISNAMED = ("json_web_signature_test.json", {347, 351})
"""Keys with `alg` "ES521", which names no algorithm; the signatures are ES512."""
ENCRYPTED = ("json_web_encryption_test.json", "json_web_crypto_test.json")
Case = tuple[dict[str, Any], dict[str, Any]]


def cases(path: Path, kind: str) -> Iterator[Case]:
    """Yield each case of a kind ("jws" or "jwe") with the key that the header's `kid` names."""
    for group in json.loads(path.read_text("utf-8"))["testGroups"]:
        for case in group["tests"]:
            if kind in case:
                found = group.get("public") or group["private"]
                yield found["keys"][0] if "keys" in found else found, case


def compact(value: object) -> str:
    """Return the text as it would arrive; some cases are in the JSON form."""
    return value if isinstance(value, str) else json.dumps(value)


def public_half(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name != "d"}


def verifies(text: str, jwk: dict[str, Any]) -> bool:
    try:
        return jws.verify(jws.parse(text), checker_for(PublicKey.from_jwk(jwk)))
    except (EnvelopeError, KeyFormatError):
        return False


def foreign(jwk: dict[str, Any]) -> bool:
    """Tell whether a key is symmetric or RSA, and hold it to its refusal."""
    if not {"k", "n"} & jwk.keys():
        return False
    with pytest.raises(KeyFormatError):
        PublicKey.from_jwk(jwk)
    return True


@pytest.fixture
def folder(vectors: Callable[[str], Path]) -> Path:
    return vectors("wycheproof")


@pytest.mark.parametrize("name", SIGNED)
def test_each_jws_of_our_keys_is_told_as_expected(
    folder: Path, name: str, record_case: Callable[..., None]
) -> None:
    wrong = {}
    for members, case in cases(folder / name, "jws"):
        jwk, number = public_half(members), case["tcId"]
        if foreign(jwk):
            continue
        if name == MISNAMED[0] and number in MISNAMED[1]:
            assert not verifies(compact(case["jws"]), jwk)
            continue
        record_case(folder / name, number)
        if verifies(compact(case["jws"]), jwk) != (case["result"] == "valid"):
            wrong[number] = case["comment"]
    assert wrong == {}


def of_our_profile(text: str) -> bool:
    """Tell whether a JWE is ECDH-ES with AES-GCM."""
    try:
        header = strict_json.loads(base64url.decode(text.split(".", maxsplit=1)[0]))
    except EncodingError:  # the JSON form, or another text
        return False
    return header.get("alg") == jwe.ALG and header.get("enc") in jwe.ENCS


def opens(text: str, jwk: dict[str, Any]) -> bytes | None:
    try:
        return jwe.decrypt_with(text, jwk)
    except EnvelopeError:
        return None


@pytest.mark.parametrize("name", ENCRYPTED)
def test_each_jwe_of_our_profile_opens_and_no_other(
    folder: Path, name: str, record_case: Callable[..., None]
) -> None:
    wrong = {}
    for members, case in cases(folder / name, "jwe"):
        text = compact(case["jwe"])
        wanted = None
        if of_our_profile(text):
            record_case(folder / name, case["tcId"])
            wanted = bytes.fromhex(case["pt"]) if case["result"] == "valid" else None
        if opens(text, members) != wanted:
            wrong[case["tcId"]] = case["comment"]
    assert wrong == {}
