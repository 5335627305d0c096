"""Wycheproof's JWS and JWE cases.

Left out: `json_web_key_test.json` is about choosing one of a set of keys; here a key comes from a
chain of certificates, a binding or a `kid`, and is never searched for.
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

SIGNED = {"json_web_signature_test.json": (401, 43), "json_web_crypto_test.json": (49, 15)}
"""How many JWS each file has, and for how many of them the key is one of ours."""
ENCRYPTED = {"json_web_encryption_test.json": 139, "json_web_crypto_test.json": 34}
PURPOSE = {
    354: "`use` is enc",
    356: "`key_ops` is encrypt",
}
"""JWS that verify although the JWK is marked for another purpose: a PublicKey is a point and has
no purpose. What a key is for is said by its certificate's key usage, which trust.x509 checks."""


def cases(folder: Path, name: str, kind: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each case of a kind ("jws" or "jwe") with its group's key."""
    for group in json.loads((folder / name).read_text("utf-8"))["testGroups"]:
        for case in group["tests"]:
            if kind in case:
                yield group.get("public") or group["private"], case


def compact(value: object) -> str:
    """Return the text as it would arrive; some cases are in the JSON form."""
    return value if isinstance(value, str) else json.dumps(value)


def key_of(members: dict[str, Any]) -> PublicKey | None:
    """Return the key without its private half, None where it is of a kind not used here."""
    try:
        return PublicKey.from_jwk({name: v for name, v in members.items() if name != "d"})
    except KeyFormatError:
        return None


def verifies(text: str, key: PublicKey) -> bool:
    try:
        return jws.verify(jws.parse(text), checker_for(key))
    except EnvelopeError:
        return False


@pytest.fixture
def folder(vectors: Callable[[str], Path]) -> Path:
    return vectors("wycheproof")


@pytest.mark.parametrize("name", SIGNED)
def test_each_jws_of_our_keys_is_told_as_expected(folder: Path, name: str) -> None:
    found, ours, wrong = 0, 0, {}
    for members, case in cases(folder, name, "jws"):
        found += 1
        if (key := key_of(members)) is None:
            continue
        ours += 1
        if verifies(compact(case["jws"]), key) != (case["result"] == "valid"):
            wrong[case["tcId"]] = case["comment"]
    assert (found, ours) == SIGNED[name]
    assert wrong.keys() == (PURPOSE.keys() if name == "json_web_signature_test.json" else set())


def of_another_profile(text: str) -> bool:
    """Tell whether a JWE is outside ECDH-ES with AES-GCM to a key that it names by `kid`."""
    try:
        header = strict_json.loads(base64url.decode(text.split(".", maxsplit=1)[0]))
    except EncodingError:  # the JSON form
        return True
    named = isinstance(header.get("kid"), str)
    return header["alg"] != jwe.ALG or header["enc"] not in jwe.ENCS or not named


@pytest.mark.parametrize("name", ENCRYPTED)
def test_no_jwe_of_another_profile_or_altered_is_opened(folder: Path, name: str) -> None:
    """All of the valid ones are of another profile; tests/unit holds those of ours."""
    found = 0
    for members, case in cases(folder, name, "jwe"):
        found += 1
        text = compact(case["jwe"])
        assert case["result"] == "invalid" or of_another_profile(text), case["tcId"]
        key = {member: v for member, v in members.items() if isinstance(v, str)}
        with pytest.raises(EnvelopeError):
            jwe.decrypt(text, {key.get("kid", ""): key})
    assert found == ENCRYPTED[name]
