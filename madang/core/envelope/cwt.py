"""CBOR Web Token, signed (RFC 8392 sections 3 and 7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose
from madang.core.envelope.cose import Sign1
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.signing import SignatureChecker, Signer

ISS, SUB, AUD, EXP, NBF, IAT, CTI, CNF = 1, 2, 3, 4, 5, 6, 7, 8
"""Claim keys (RFC 8392 section 4, RFC 8747 section 3.1)."""
TAG: Final = 61
_NOTHING: Final[Mapping[int, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cwt:
    """A parsed CWT whose signature is not checked yet.

    Attributes:
        message: the COSE_Sign1 as received.
        claims: the claims by their keys.
    """

    message: Sign1
    claims: dict[Any, Any]


def encode(
    claims: Mapping[int, Any],
    signer: Signer,
    *,
    typ: str | int | None = None,
    header: Mapping[int, Any] = _NOTHING,
) -> bytes:
    """Return the CWT as a tagged COSE_Sign1.

    Args:
        claims: by their keys.
        signer: the key; its certificates go into `x5chain`, else its id into `kid`.
        typ: media type of the whole (RFC 9596), None when there is none.
        header: further members of the protected header.
    """
    chain = signer.certificate_chain
    named = {cose.X5CHAIN: cose.encode_chain(chain)} if chain else {}
    protected = {**header, cose.KID: signer.key_id.encode(), **named}
    if typ is not None:
        protected[cose.TYP] = typ
    return cose.encode(cose.sign1(cbor.dumps(dict(claims)), protected, signer))


def parse(data: bytes, *, max_bytes: int = cose.MAX_BYTES) -> Cwt:
    """Take a signed CWT apart, with its tag 61 or without.

    Raises:
        EnvelopeError: not a COSE_Sign1, or a payload that is no map of claims.
    """
    try:
        value = cbor.loads(data, max_bytes=max_bytes)
        if isinstance(value, Tag) and value.tag == TAG:
            value = value.value
        message = cose.read_sign1(value)
        claims = cbor.loads(message.payload or b"", max_bytes=max_bytes)
    except EncodingError as error:
        raise EnvelopeError(f"CWT: {error}") from error
    if not isinstance(claims, dict):
        raise EnvelopeError("the CWT payload is not a map of claims")
    return Cwt(message, claims)


def verify(token: Cwt, checker: SignatureChecker) -> bool:
    """Tell whether the signature is the checker's key's."""
    return cose.verify1(token.message, checker)
