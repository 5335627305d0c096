"""A verifier's signed word that a credential was presented, for an issuer that acts on it.

Not part of OpenID4VP: a JWT of a type of its own. It names the credential by the digest of what its
issuer signed, so that the issuer finds the person in its own records and no claim travels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.envelope.jws import Jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Refusal
from madang.core.protocol.oid4vp.errors import VpCode, VpError
from madang.core.protocol.typed_jwt import (
    Window,
    check_audience,
    check_window,
    open_typed,
    sign_certified,
    text_claim,
    time_claim,
    verified_claims,
)
from madang.core.trust.x509 import ChainError, san_uris, validate_chain

RESULT_TYP = "madang-presentation-result+jwt"

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class PresentationResult:
    """What was presented to whom.

    Attributes:
        verifier: ``iss``: identifier of the verifier.
        issuer: ``aud``: identifier of the issuer that may act on it.
        presentation_id: ``jti``: the verifier's presentation; the issuer acts on it once.
        credential_type: ``credential_type``: the catalogue's id of the presented type.
        credential_digest: ``credential_digest``: SHA-256 of what the issuer signed, 32 bytes: its
            JWT, or of an mdoc `model.issuer_digest`.
        holder: ``holder_jkt``: thumbprint (RFC 7638) of the proved holder key.
        issued_at: ``iat``, seconds since 1970.
        expires_at: ``exp``, seconds since 1970.
    """

    verifier: str
    issuer: str
    presentation_id: str
    credential_type: str
    credential_digest: bytes
    holder: str
    issued_at: int
    expires_at: int


def sign_result(result: PresentationResult, signer: Signer) -> str:
    """Return the signed result, with the verifier's chain in ``x5c``."""
    claims = {
        "iss": result.verifier,
        "aud": result.issuer,
        "jti": result.presentation_id,
        "iat": result.issued_at,
        "exp": result.expires_at,
        "credential_type": result.credential_type,
        "credential_digest": base64url.encode(result.credential_digest),
        "holder_jkt": result.holder,
    }
    return sign_certified(RESULT_TYP, claims, signer)


def check_result(
    compact: str,
    *,
    verifier: str,
    issuer: str,
    anchors: Sequence[bytes],
    window: Window,
    limits: Limits = DEFAULT_LIMITS,
) -> PresentationResult:
    """Check a result in the issuer.

    Args:
        compact: the JWT.
        verifier: the one verifier whose word counts; its certificate names it as a URI.
        issuer: our identifier.
        anchors: DER roots of that verifier.
        window: when it counts; ``exp`` must not have passed either.
        limits: bounds on size.

    Raises:
        VpError: ``result_form``, ``result_chain``, ``result_verifier`` or ``result_claims``.
    """
    opened = open_typed(
        compact, typ=RESULT_TYP, max_bytes=limits.jwt_bytes, refuse=_refusing("result_form")
    )
    key = _verifier_key(opened, verifier, anchors, window.now)
    claims = verified_claims(opened, key, _refusing("result_form"))
    refuse = _refusing("result_claims")
    if text_claim(claims, "iss", refuse) != verifier:
        raise _refusing("result_verifier")("iss is not the verifier whose word counts here")
    check_audience(claims, issuer, refuse)
    check_window(claims, window, refuse)
    return PresentationResult(
        verifier=verifier,
        issuer=issuer,
        presentation_id=text_claim(claims, "jti", refuse),
        credential_type=text_claim(claims, "credential_type", refuse),
        credential_digest=_digest(text_claim(claims, "credential_digest", refuse), refuse),
        holder=text_claim(claims, "holder_jkt", refuse),
        issued_at=time_claim(claims, "iat", refuse),
        expires_at=time_claim(claims, "exp", refuse),
    )


def _verifier_key(opened: Jws, verifier: str, anchors: Sequence[bytes], now: int) -> PublicKey:
    refuse = _refusing("result_chain")
    try:
        chain = jws.decode_chain(opened.header)
        key = validate_chain(chain, anchors, now=now)
        names = san_uris(chain[0])
    except (ChainError, EnvelopeError) as error:
        raise refuse(str(error)) from None
    if verifier not in names:
        raise _refusing("result_verifier")("the certificate does not name the verifier")
    return key


def _digest(text: str, refuse: Refusal) -> bytes:
    try:
        digest = base64url.decode(text)
    except EncodingError as error:
        raise refuse(f"credential_digest: {error}") from None
    if len(digest) != _DIGEST_BYTES:
        raise refuse(f"credential_digest should have {_DIGEST_BYTES} bytes")
    return digest


def _refusing(reason: str) -> Refusal:
    return lambda detail: VpError(VpCode.INVALID_REQUEST, reason, "RFC 8725 3", detail)
