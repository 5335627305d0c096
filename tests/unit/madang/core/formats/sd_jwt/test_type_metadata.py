"""Type Metadata: the format, the type it speaks of, and the hash that ties it to a credential."""

import base64
import hashlib
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.type_metadata import Sd, integrity, matches, read

VCT = "https://i/vct/lease/1"
METADATA: dict[str, Any] = {
    "vct": VCT,
    "name": "Lease",
    "extends": "https://i/vct/contract/1",
    "extends#integrity": "sha256-AA==",
    "display": [{"locale": "ko", "name": "임대차", "rendering": {"simple": {}}}],
    "claims": [
        {"path": ["rent"], "sd": "always", "mandatory": True, "svg_id": "rent"},
        {"path": ["tenants", None, "name"], "display": [{"locale": "en", "label": "Name"}]},
        {"path": ["rooms", 0], "sd": "never"},
    ],
    "unknown": 1,
}
DOCUMENT = json.dumps(METADATA).encode()


def changed(**members: Any) -> bytes:
    return json.dumps({**METADATA, **members}).encode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_a_document_is_read_by_the_names_of_the_specification() -> None:
    found = read(DOCUMENT, vct=VCT, expected=integrity(DOCUMENT))
    assert (found.extends, found.extends_integrity) == (METADATA["extends"], "sha256-AA==")
    assert found.display[0].name == "임대차"
    assert [claim.sd for claim in found.claims] == [Sd.ALWAYS, Sd.ALLOWED, Sd.NEVER]
    assert [claim.mandatory for claim in found.claims] == [True, False, False]
    assert found.claims[1].path == ("tenants", None, "name")
    assert found.claims[2].path == ("rooms", 0)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{}",
        b'{"vct":"a","vct":"b"}',
        changed(vct=1),
        changed(name=1),
        changed(display={}),
        changed(display=[{"name": "no locale"}]),
        changed(claims=[{"sd": "always"}]),
        changed(claims=[{"path": []}]),
        changed(claims=[{"path": "rent"}]),
        changed(claims=[{"path": [-1]}]),
        changed(claims=[{"path": [True]}]),
        changed(claims=[{"path": [1.0]}]),
        changed(claims=[{"path": ["a"], "sd": "sometimes"}]),
        changed(claims=[{"path": ["a"], "mandatory": "yes"}]),
        changed(claims=[{"path": ["a"], "svg_id": "1a"}]),
        changed(claims=[{"path": ["a"], "svg_id": "a\n"}]),
        changed(claims=[{"path": ["a"], "display": [{"locale": "ko"}]}]),
    ],
)
def test_a_document_of_another_form_is_refused(document: bytes) -> None:
    with pytest.raises(SdJwtError) as refused:
        read(document, vct=VCT)
    assert refused.value.code == "malformed_type_metadata"


def test_the_refusal_names_the_place() -> None:
    with pytest.raises(SdJwtError, match=r"claims\.0\.path"):
        read(changed(claims=[{"path": []}]), vct=VCT)


def test_a_document_about_another_type_is_refused() -> None:
    with pytest.raises(SdJwtError) as refused:
        read(DOCUMENT, vct=VCT + "0")
    assert refused.value.code == "type_metadata_vct"


def test_a_changed_document_is_refused_before_it_is_read() -> None:
    with pytest.raises(SdJwtError) as refused:
        read(b"not json", vct=VCT, expected=integrity(DOCUMENT))
    assert refused.value.code == "type_metadata_integrity"


def test_the_size_is_bounded() -> None:
    with pytest.raises(SdJwtError, match="at most 10 "):
        read(DOCUMENT, vct=VCT, max_bytes=10)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_reading_raises_only_its_own_error(document: bytes) -> None:
    with suppress(SdJwtError):
        read(document, vct=VCT)


def test_the_hash_has_the_form_of_subresource_integrity() -> None:
    assert integrity(b"") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


def test_only_the_same_bytes_match() -> None:
    assert matches(DOCUMENT, integrity(DOCUMENT))
    assert not matches(DOCUMENT + b" ", integrity(DOCUMENT))


def test_the_strongest_hash_decides() -> None:
    right, wrong = b64(hashlib.sha512(DOCUMENT).digest()), b64(bytes(64))
    assert matches(DOCUMENT, f"sha256-{b64(bytes(32))} sha512-{right}")
    assert not matches(DOCUMENT, f"{integrity(DOCUMENT)} sha512-{wrong}")
    assert matches(DOCUMENT, f"sha512-{wrong} sha512-{right}")
    assert matches(DOCUMENT, f"sha512-{right}?ct=application/json")


@pytest.mark.parametrize(
    "expected", ["", " ", "md5-AA==", "sha256", "sha256-", "sha256-!", "sha1-x"]
)
def test_a_value_without_a_usable_hash_matches_nothing(expected: str) -> None:
    assert not matches(DOCUMENT, expected)


def test_names_of_the_code_are_unknown_members() -> None:
    image = {"uri": "u", "uri_integrity": "sha256-x"}
    shown = {"locale": "en", "name": "n", "rendering": {"simple": {"logo": image}}}
    document = {"vct": VCT, "extends_integrity": "sha256-x", "display": [shown]}
    found = read(json.dumps(document).encode(), vct=VCT)
    rendering = found.display[0].rendering
    assert found.extends_integrity is None
    assert rendering is not None
    assert rendering.simple is not None
    assert rendering.simple.logo is not None
    assert rendering.simple.logo.uri_integrity is None
