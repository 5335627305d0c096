"""JSON Web Signature, compact form (RFC 7515), with the received bytes kept."""

import base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import SignatureChecker, Signer

MAX_BYTES = 256_000
HEADERS_KEPT: Final = 128
"""How many protected headers are remembered: all that one key signs mostly begins with the same."""
_KEPT_CHARS: Final = 8_192
"""Length up to which a header is remembered."""
_PARTS = 3


class Jws(NamedTuple):
    """A parsed JWS whose signature is not checked yet.

    Attributes:
        header: the protected header.
        payload: the bytes that were signed.
        signature: raw signature.
        signing_input: what the signature covers, as received.
    """

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signing_input: bytes


def parse(compact: str | bytes, *, max_bytes: int = MAX_BYTES) -> Jws:
    """Take a compact JWS apart (RFC 7515 section 5.2, without the signature).

    Raises:
        EnvelopeError: longer than `max_bytes`, not three parts, a header that is no JSON object
            or has no text `alg`, or a `crit` header, of which none is understood.
    """
    text = compact if isinstance(compact, str) else _ascii(compact)
    if len(text) > max_bytes:
        raise EnvelopeError(f"JWS of {len(text)} characters, at most {max_bytes} are accepted")
    parts = text.split(".")
    if len(parts) != _PARTS:
        raise EnvelopeError(f"compact JWS of {len(parts)} parts, {_PARTS} were expected")
    try:
        protected = parts[0]
        header = _kept_header(protected) if len(protected) <= _KEPT_CHARS else _header(protected)
        payload, signature = base64url.decode(parts[1]), base64url.decode(parts[2])
    except EncodingError as error:
        raise EnvelopeError(f"JWS: {error}") from error
    return Jws(header, payload, signature, f"{protected}.{parts[1]}".encode("ascii"))


def sign(payload: bytes, header: Mapping[str, Any], signer: Signer) -> str:
    """Return the compact JWS over `payload` (RFC 7515 section 5.1); `alg` is the signer's."""
    return sign_protected(payload, protect(header, signer.algorithm), signer)


def protect(header: Mapping[str, Any], algorithm: str) -> str:
    """Return the protected header as a JWS begins with it; `alg` is the algorithm."""
    return base64url.encode(strict_json.dumps({**header, "alg": algorithm}).encode())


def sign_protected(payload: bytes, protected: str, signer: Signer) -> str:
    """Return the compact JWS over `payload` under a header that `protect` made for `signer`."""
    signing_input = f"{protected}.{base64url.encode(payload)}"
    signature = signer.sign(signing_input.encode("ascii"))
    return f"{signing_input}.{base64url.encode(signature)}"


def verify(jws: Jws, checker: SignatureChecker) -> bool:
    """Tell whether the signature is the checker's key's, by that key's own algorithm."""
    if jws.header["alg"] != checker.algorithm:
        return False
    return checker.check(jws.signature, jws.signing_input)


def claims(jws: Jws) -> dict[str, Any]:
    """Return the payload as a JSON object (RFC 7519 section 7.2); EnvelopeError if it is none."""
    try:
        value = strict_json.loads(jws.payload)
    except EncodingError as error:
        raise EnvelopeError(f"JWS payload: {error}") from error
    if not isinstance(value, dict):
        raise EnvelopeError("the JWS payload is not a JSON object")
    return value


def _ascii(compact: bytes) -> str:
    try:
        return compact.decode("ascii")
    except UnicodeDecodeError as error:
        raise EnvelopeError("a compact JWS is ASCII text") from error


def _header(protected: str) -> Mapping[str, Any]:
    header = strict_json.loads(base64url.decode(protected))
    if not isinstance(header, dict):
        raise EnvelopeError("the JWS header is not a JSON object")
    if not isinstance(header.get("alg"), str):
        raise EnvelopeError("the JWS header has no alg")
    if "crit" in header:
        raise EnvelopeError("the JWS header has crit; no critical extension is understood")
    return MappingProxyType(header)


_kept_header = lru_cache(maxsize=HEADERS_KEPT)(_header)


def encode_chain(chain: Sequence[bytes]) -> list[str]:
    """Return certificates as the `x5c` header has them (RFC 7515 section 4.1.6)."""
    return [base64.b64encode(der).decode("ascii") for der in chain]


def chain_header(chain: Sequence[bytes]) -> dict[str, list[str]]:
    """Return the `x5c` header of certificates; without any there is none, not an empty one."""
    return {"x5c": encode_chain(chain)} if chain else {}


def decode_chain(header: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return the certificates in `x5c`, none if there is no such header.

    Raises:
        EnvelopeError: `x5c` is not an array of base64 text.
    """
    value = header.get("x5c", [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise EnvelopeError("x5c is not an array of text")
    try:
        return tuple(base64.b64decode(item, validate=True) for item in value)
    except ValueError as error:
        raise EnvelopeError("x5c holds text that is not base64") from error
