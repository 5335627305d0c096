"""Credential formats. Those to come have a file of their own here."""

import json
from hashlib import sha256

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.formats.sd_jwt import type_metadata, vc, verify
from madang.core.formats.sd_jwt.errors import SdJwtError
from madang.core.formats.sd_jwt.json_form import to_compact, to_json
from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.formats.sd_jwt.model import digest_of, parse, parse_disclosure
from madang.core.formats.sd_jwt.present import KEY_BINDING_TYPE, select
from tests.fuzz.harness import chunks, harness, text
from tests.fuzz.world import HOLDER, ISSUER, NONCE, NOW, SIGNER, VCT, VERIFIER

EXPECTED = vc.Expectation((VCT,), ISSUER, BindingExpectation(VERIFIER, NONCE))


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
    parsed.digest("sha-512")


@harness(EncodingError, SdJwtError)
def sd_jwt_json(data: bytes) -> None:
    compact = to_compact(strict_json.loads(data))
    parse(compact)
    assert to_compact(to_json(compact)) == compact


@harness(SdJwtError)
def sd_jwt_type_metadata(data: bytes) -> None:
    type_metadata.read(data, vct=VCT)
    assert type_metadata.matches(data, type_metadata.integrity(data))


@harness()
def sd_jwt_integrity(data: bytes) -> None:
    type_metadata.matches(b"", text(data))


@harness()
def sd_jwt_vc(data: bytes) -> None:
    vc.verify_text(text(data), EXPECTED, issuer_key=SIGNER.public_key, now=NOW)


@harness()
def sd_jwt_vc_signed(data: bytes) -> None:
    """Sign a payload, disclosures and the claims of a key binding, so that checks lie behind."""
    payload, binding, *disclosures = [*chunks(data), b"", b""]
    issued = jws.sign(payload, {"typ": vc.TYPE}, SIGNER)
    bound = "~".join([issued, *map(base64url.encode, disclosures), ""])
    claims = binding.replace(b"$", digest_of(bound, "sha-256").encode())
    compact = bound + jws.sign(claims, {"typ": KEY_BINDING_TYPE}, HOLDER)
    verdict = vc.verify_text(compact, EXPECTED, issuer_key=SIGNER.public_key, now=NOW)
    assert json.dumps(verdict.claims)


def disclosure_digest(disclosure: bytes) -> str:
    """Return the digest under which a seed refers to a disclosure."""
    return base64url.encode(sha256(base64url.encode(disclosure).encode()).digest())
