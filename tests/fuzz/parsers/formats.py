"""Credential formats. Those to come have a file of their own here."""

import json
from hashlib import sha256

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.formats.sd_jwt import type_extension, type_metadata, type_rules, vc, verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.json_form import to_compact, to_json
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.model import digests_of, parse, parse_disclosure
from madang.core.formats.sd_jwt.present import select
from tests.fuzz.harness import chunks, harness, require, text
from tests.fuzz.world import CLIENT_ID, ISSUER, NONCE, NOW, SIGNER, VCT, presented

PARENT = f"{VCT}/parent"
EXPECTED = vc.Expectation((VCT,), ISSUER, BindingExpectation(str(CLIENT_ID), NONCE))


@harness(SdJwtError)
def sd_jwt(data: bytes) -> None:
    compact = text(data)
    parsed = parse(compact)
    assert to_compact(to_json(compact)) == compact
    processed = verify.process(parsed)
    every = [(name,) for name in processed]
    shown = parse(select(parsed, every))
    assert verify.process(shown) == processed


@harness(SdJwtError)
def sd_jwt_disclosure(data: bytes) -> None:
    parsed = parse_disclosure(text(data))
    assert parsed.encoded == text(data)
    assert isinstance(parsed.salt, str)
    digests_of([parsed.encoded.encode("ascii")], "sha3-512")


@harness(EncodingError, SdJwtError)
def sd_jwt_json(data: bytes) -> None:
    compact = to_compact(strict_json.loads(data))
    parse(compact)
    assert to_compact(to_json(compact)) == compact


@harness(SdJwtError)
def sd_jwt_type_metadata(data: bytes) -> None:
    type_metadata.read(data, vct=VCT)
    assert type_metadata.matches(data, type_metadata.integrity(data))


@harness(EncodingError, SdJwtError)
def sd_jwt_type_rules(data: bytes) -> None:
    """Hold a payload against a type and what that extends."""
    payload, *documents = [*chunks(data)] or [b""]
    types = dict(zip((VCT, PARENT), documents, strict=False))
    metadata = type_extension.resolve(VCT, types.get)
    claims = strict_json.loads(payload)
    if isinstance(claims, dict):
        require(not list(type_rules.failures(metadata, type_rules.Seen(claims, ()))))


@harness()
def sd_jwt_integrity(data: bytes) -> None:
    require(type_metadata.matches(b"", text(data)))


def _verified(compact: str) -> None:
    verdict = vc.verify_text(compact, EXPECTED, issuer_key=SIGNER.public_key, now=NOW)
    assert json.dumps(verdict.claims)
    require(verdict.ok)


@harness()
def sd_jwt_vc(data: bytes) -> None:
    _verified(text(data))


@harness()
def sd_jwt_vc_signed(data: bytes) -> None:
    _verified(presented(data))


def disclosure_digest(disclosure: bytes) -> str:
    """Return the digest under which a seed refers to a disclosure."""
    return base64url.encode(sha256(base64url.encode(disclosure).encode()).digest())
