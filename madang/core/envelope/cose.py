"""CBOR Object Signing and Encryption, one signer or one key (RFC 9052 sections 4.2 and 6.2)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.encoding.cbor_pieces import ARRAY, head, octets, text
from madang.core.encoding.errors import EncodingError
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.cose_key import ALGORITHMS, NUMBER_OF
from madang.core.keys.signing import SignatureChecker, Signer

ALG, CRIT, KID, TYP, X5CHAIN = 1, 2, 4, 16, 33
"""Labels of headers (RFC 9052 section 3.1, RFC 9596, RFC 9360)."""
HMAC_256: Final = 5
SIGN1_TAG: Final = 18
MAC0_TAG: Final = 17
MAX_BYTES: Final = 1_000_000
_PARTS: Final = 4
_ALG_ALONE: Final = MappingProxyType(
    {cbor.dumps({ALG: number}): number for number in (*ALGORITHMS, HMAC_256)}
)
"""Headers with nothing but an algorithm, which most are, told by their bytes."""
_NOTHING: Final[Mapping[int, Any]] = MappingProxyType({})


class _Parts(NamedTuple):
    protected: bytes
    header: dict[Any, Any]
    unprotected: dict[Any, Any]
    payload: bytes | None
    proof: bytes


@dataclass(frozen=True, slots=True)
class Sign1:
    """A COSE_Sign1 whose signature is not checked yet.

    Attributes:
        protected: the encoded protected header, as received.
        header: the same, decoded.
        unprotected: the other header.
        payload: the bytes that were signed; None when they are detached.
        signature: raw signature.
    """

    protected: bytes
    header: dict[Any, Any]
    unprotected: dict[Any, Any]
    payload: bytes | None
    signature: bytes

    @property
    def value(self) -> list[Any]:
        """Return the array as it stands inside other CBOR, without its tag."""
        return [self.protected, self.unprotected, self.payload, self.signature]


@dataclass(frozen=True, slots=True)
class Mac0:
    """A COSE_Mac0 whose tag is not checked yet; attributes as of `Sign1`."""

    protected: bytes
    header: dict[Any, Any]
    unprotected: dict[Any, Any]
    payload: bytes | None
    tag: bytes

    @property
    def value(self) -> list[Any]:
        """Return the array as it stands inside other CBOR, without its tag."""
        return [self.protected, self.unprotected, self.payload, self.tag]


def parse_sign1(data: bytes, *, max_bytes: int = MAX_BYTES) -> Sign1:
    """Take an encoded COSE_Sign1 apart, tagged or not; EnvelopeError as of `read_sign1`."""
    return read_sign1(_loaded(data, max_bytes))


def read_sign1(value: object) -> Sign1:
    """Return the COSE_Sign1 in decoded CBOR, with or without its tag.

    Raises:
        EnvelopeError: another structure, a header that is no map or has a label twice, no `alg`
            in the protected one, or `crit`, of which nothing is understood.
    """
    parts = _read(value, SIGN1_TAG, "COSE_Sign1")
    if not isinstance(parts.header.get(ALG), int):
        raise EnvelopeError("COSE_Sign1 has no alg in its protected header")
    return Sign1(*parts)


def parse_mac0(data: bytes, *, max_bytes: int = MAX_BYTES) -> Mac0:
    """Take an encoded COSE_Mac0 apart, tagged or not; EnvelopeError as of `read_sign1`."""
    return read_mac0(_loaded(data, max_bytes))


def read_mac0(value: object) -> Mac0:
    """Return the COSE_Mac0 in decoded CBOR; EnvelopeError as of `read_sign1`."""
    return Mac0(*_read(value, MAC0_TAG, "COSE_Mac0"))


def sign1(
    payload: bytes,
    protected: Mapping[int, Any],
    signer: Signer,
    *,
    unprotected: Mapping[int, Any] = _NOTHING,
    external_aad: bytes = b"",
    detached: bool = False,
) -> Sign1:
    """Sign `payload` (RFC 9052 section 4.4).

    Args:
        payload: what to sign.
        protected: header members besides `alg`, which is the signer's.
        signer: the key.
        unprotected: members that the signature does not cover.
        external_aad: what is signed and not sent.
        detached: whether the payload is left out of the result.
    """
    header = {**protected, ALG: NUMBER_OF[signer.algorithm]}
    encoded = cbor.dumps(header)
    signature = signer.sign(_to_be_signed("Signature1", encoded, external_aad, payload))
    return Sign1(encoded, header, dict(unprotected), None if detached else payload, signature)


def verify1(
    message: Sign1,
    checker: SignatureChecker,
    *,
    payload: bytes | None = None,
    external_aad: bytes = b"",
) -> bool:
    """Tell whether the signature is the checker's key's, by that key's own algorithm.

    Args:
        message: the COSE_Sign1.
        checker: of the key.
        payload: the payload when it is detached; one that stands in the message as well fails.
        external_aad: what was signed and not sent.
    """
    if ALGORITHMS.get(message.header[ALG]) != checker.algorithm:
        return False
    signed = _one_payload(message.payload, payload)
    if signed is None:
        return False
    data = _to_be_signed("Signature1", message.protected, external_aad, signed)
    return checker.check(message.signature, data)


def mac0(
    payload: bytes,
    key: bytes,
    *,
    unprotected: Mapping[int, Any] = _NOTHING,
    external_aad: bytes = b"",
    detached: bool = False,
) -> Mac0:
    """Authenticate `payload` by HMAC 256/256 (RFC 9052 section 6.3, RFC 9053 section 3.1)."""
    header = {ALG: HMAC_256}
    encoded = cbor.dumps(header)
    tag = hmac.digest(key, _to_be_signed("MAC0", encoded, external_aad, payload), "sha256")
    return Mac0(encoded, header, dict(unprotected), None if detached else payload, tag)


def verify_mac0(
    message: Mac0, key: bytes, *, payload: bytes | None = None, external_aad: bytes = b""
) -> bool:
    """Tell whether the tag is HMAC 256/256 under `key`; arguments as of `verify1`."""
    alg, signed = message.header.get(ALG), _one_payload(message.payload, payload)
    if not isinstance(alg, int) or alg != HMAC_256 or signed is None:
        return False
    data = _to_be_signed("MAC0", message.protected, external_aad, signed)
    return hmac.compare_digest(hmac.digest(key, data, "sha256"), message.tag)


def encode(message: Sign1 | Mac0) -> bytes:
    """Return the tagged message; the protected header and the payload stay as they are."""
    number = SIGN1_TAG if isinstance(message, Sign1) else MAC0_TAG
    return cbor.dumps(Tag(number, message.value))


def x5chain(message: Sign1) -> tuple[bytes, ...]:
    """Return the certificates in DER, leaf first, from either header (RFC 9360 section 2).

    Raises:
        EnvelopeError: the member is neither one certificate nor an array of them.
    """
    value = message.header.get(X5CHAIN, message.unprotected.get(X5CHAIN, ()))
    chain = (value,) if isinstance(value, bytes) else value
    if not isinstance(chain, list | tuple) or not all(isinstance(der, bytes) for der in chain):
        raise EnvelopeError("x5chain is neither bytes nor an array of bytes")
    return tuple(chain)


def encode_chain(chain: tuple[bytes, ...]) -> bytes | list[bytes]:
    """Return certificates as `x5chain` has them: one alone, several as an array."""
    return chain[0] if len(chain) == 1 else list(chain)


def _loaded(data: bytes, max_bytes: int) -> object:
    try:
        return cbor.loads(data, max_bytes=max_bytes)
    except EncodingError as error:
        raise EnvelopeError(f"COSE: {error}") from error


def _read(value: object, number: int, name: str) -> _Parts:
    if isinstance(value, Tag):
        if value.tag != number:
            raise EnvelopeError(f"tag {value.tag}, expected {number} of {name}")
        value = value.value
    if not isinstance(value, list) or len(value) != _PARTS:
        raise EnvelopeError(f"{name} is an array of {_PARTS}")
    protected, unprotected, payload, proof = value
    if not isinstance(protected, bytes) or not isinstance(proof, bytes):
        raise EnvelopeError(f"{name}: protected header and proof are bytes")
    if not isinstance(unprotected, dict) or not isinstance(payload, bytes | None):
        raise EnvelopeError(f"{name}: a map and bytes were expected in the middle")
    header = _header(protected)
    if not header.keys().isdisjoint(unprotected):
        raise EnvelopeError(f"{name} has a label in both headers")
    if CRIT in header or CRIT in unprotected:
        raise EnvelopeError(f"{name} has crit; no critical extension is understood")
    return _Parts(protected, header, unprotected, payload, proof)


def _header(protected: bytes) -> dict[Any, Any]:
    if not protected:
        return {}
    if protected in _ALG_ALONE:
        return {ALG: _ALG_ALONE[protected]}
    try:
        header = cbor.loads(protected)
    except EncodingError as error:
        raise EnvelopeError(f"protected header: {error}") from error
    if not isinstance(header, dict):
        raise EnvelopeError("the protected header is not a map")
    return header


def _one_payload(inside: bytes | None, given: bytes | None) -> bytes | None:
    """Return the payload, wherever it is; None when it is in both places or in neither."""
    if inside is not None and given is not None:
        return None
    return given if inside is None else inside


def _to_be_signed(context: str, protected: bytes, external_aad: bytes, payload: bytes) -> bytes:
    # An empty map would count as no bytes (section 4.4, step 1); this one has an alg.
    parts = (octets(protected), octets(external_aad), octets(payload))
    return head(ARRAY, 4) + text(context) + b"".join(parts)
