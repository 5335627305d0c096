"""Encrypted credential requests and answers (OpenID4VCI 1.0 section 10).

ECDH-ES on P-256 with A128GCM or A256GCM, both ways. Compression is neither offered nor accepted:
how long a text is when it is packed says something of what is in it, and unpacking needs a bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from madang.core.encoding import strict_json
from madang.core.encoding.strict_json import Json
from madang.core.envelope import jwe
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import ENCRYPTION, KeyFormatError, PublicKey
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vci.errors import (
    invalid_encryption_parameters,
    invalid_metadata,
    invalid_response,
)
from madang.core.protocol.oid4vci.metadata import IssuerMetadata

ALGS: Final = (jwe.ALG,)
ENCS: Final = jwe.ENCS
_PUBLIC: Final = ("kty", "crv", "x", "y", "alg", "kid")


@dataclass(frozen=True, slots=True)
class ResponseEncryption:
    """How a wallet wants the answer: ``credential_response_encryption`` (section 8.2).

    Attributes:
        jwk: the wallet's public key, with ``alg``.
        enc: content encryption.
    """

    jwk: Mapping[str, Json]
    enc: str

    def to_json(self) -> dict[str, Json]:
        """Return the member of the request."""
        return {"jwk": dict(self.jwk), "enc": self.enc}


def response_encryption(value: object, *, encrypted: bool) -> ResponseEncryption | None:
    """Read ``credential_response_encryption``; None where there is none.

    Args:
        value: the member of the request.
        encrypted: whether the request came encrypted; another could have been changed on the way.

    Raises:
        CredentialError: invalid_encryption_parameters.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid_encryption_parameters("credential_response_encryption should be an object")
    if not encrypted:
        told = "an answer is encrypted only where the request is (credential_request_encryption)"
        raise invalid_encryption_parameters(told)
    if "zip" in value:
        raise invalid_encryption_parameters("zip is not offered; leave it out")
    # Earlier drafts had alg beside jwk; whoever sends it means it.
    if value.get("enc") not in ENCS or value.get("alg", jwe.ALG) not in ALGS:
        raise invalid_encryption_parameters(f"{jwe.ALG} with one of {', '.join(ENCS)} is offered")
    return ResponseEncryption(_recipient(value.get("jwk")), str(value["enc"]))


def _recipient(jwk: object) -> dict[str, Json]:
    """Refuse a private key, one for other uses, another curve, and a point that is not on it."""
    if not isinstance(jwk, dict):
        raise invalid_encryption_parameters("jwk should be a public key as an object")
    if jwk.get("alg") not in ALGS:
        raise invalid_encryption_parameters(f"jwk should have the alg {jwe.ALG}")
    try:
        key = PublicKey.from_jwk(jwk, use=ENCRYPTION)
    except KeyFormatError as error:
        raise invalid_encryption_parameters(f"jwk: {error}") from None
    if key.crv != jwe.CURVE:
        raise invalid_encryption_parameters(f"jwk should be on {jwe.CURVE}")
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def seal_response(body: Mapping[str, Json], wanted: ResponseEncryption) -> str:
    """Return an answer as a JWE; CredentialError("invalid_encryption_parameters") if none can be.

    Args:
        body: the answer.
        wanted: what the request asked for.
    """
    try:
        return jwe.encrypt(strict_json.dumps(dict(body)).encode(), wanted.jwk, enc=wanted.enc)
    except EnvelopeError as error:
        raise invalid_encryption_parameters(str(error)) from None


def open_request(
    compact: bytes,
    private_jwks: Mapping[str, Mapping[str, object]],
    *,
    limits: Limits = DEFAULT_LIMITS,
) -> bytes:
    """Return what a wallet encrypted to one of the keys in the metadata.

    Args:
        compact: the body, as received.
        private_jwks: private P-256 JWKs by ``kid``.
        limits: bound on its size.

    Raises:
        CredentialError: invalid_encryption_parameters.
    """
    try:
        text = compact.decode("ascii")
        return jwe.decrypt(text, private_jwks, max_bytes=limits.jwe_bytes)
    except UnicodeDecodeError:
        raise invalid_encryption_parameters("a compact JWE is ASCII text") from None
    except EnvelopeError as error:
        raise invalid_encryption_parameters(str(error)) from None


def seal_request(body: Mapping[str, Json], metadata: IssuerMetadata) -> str:
    """Return a wallet's request as a JWE to a key of the issuer's metadata.

    Args:
        body: ``CredentialRequest.to_json()`` or ``DeferredRequest.to_json()``.
        metadata: the issuer's.

    Raises:
        Oid4vciError: ``invalid_metadata``, nothing in it that this wallet can encrypt by.
    """
    offered = metadata.credential_request_encryption
    if offered is None:
        raise invalid_metadata("the issuer takes no encrypted requests")
    enc = next((each for each in offered.enc_values_supported if each in ENCS), None)
    usable = [key for key in offered.jwks.keys if key.get("alg") == jwe.ALG]
    for jwk in usable if enc is not None else ():
        try:
            return jwe.encrypt(strict_json.dumps(dict(body)).encode(), jwk, enc=str(enc))
        except EnvelopeError:
            continue
    raise invalid_metadata(f"no key of credential_request_encryption for {jwe.ALG} on {jwe.CURVE}")


def wanted_encryption(metadata: IssuerMetadata, jwk: Mapping[str, Json]) -> ResponseEncryption:
    """Return how this wallet asks for an encrypted answer.

    Args:
        metadata: the issuer's.
        jwk: the wallet's public key, on P-256.

    Raises:
        Oid4vciError: ``invalid_metadata``, the issuer encrypts no answers, or by nothing we know.
    """
    offered = metadata.credential_response_encryption
    if offered is None or jwe.ALG not in offered.alg_values_supported:
        raise invalid_metadata(f"the issuer encrypts no answers by {jwe.ALG}")
    enc = next((each for each in offered.enc_values_supported if each in ENCS), None)
    if enc is None:
        raise invalid_metadata(f"the issuer encrypts no answers by {', '.join(ENCS)}")
    return ResponseEncryption({**jwk, "use": "enc", "alg": jwe.ALG}, enc)


def open_response(
    compact: bytes, private_jwk: Mapping[str, object], *, limits: Limits = DEFAULT_LIMITS
) -> bytes:
    """Return an issuer's encrypted answer in the wallet.

    Args:
        compact: the body, as received.
        private_jwk: the key of this request.
        limits: bound on its size.

    Raises:
        Oid4vciError: ``invalid_response``.
    """
    try:
        text = compact.decode("ascii")
        return jwe.decrypt_with(text, private_jwk, max_bytes=limits.jwe_bytes)
    except (UnicodeDecodeError, EnvelopeError) as error:
        raise invalid_response(f"the encrypted answer: {error}") from None
