"""Verifier attestations: somebody trusted says whose a key is (OpenID4VP 1.0 section 12).

A client of the prefix ``verifier_attestation`` signs its requests with that key and shows the
attestation in the header ``jwt``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Refusal
from madang.core.protocol.oid4vp.errors import refusing
from madang.core.protocol.typed_jwt import (
    open_typed,
    sign_certified,
    text_claim,
    time_claim,
    verified_claims,
)

ATTESTATION_TYP: Final = "verifier-attestation+jwt"
_refuse = refusing("verifier_attestation", "12")


@dataclass(frozen=True, slots=True)
class VerifierAttestation:
    """What is attested.

    Attributes:
        issuer: ``iss``: who attests it.
        subject: ``sub``: the client identifier without its prefix.
        key: ``cnf.jwk``: the key of its requests.
        expires_at: ``exp``, seconds since 1970.
        redirect_uris: the addresses that answers may go to; None for any.
    """

    issuer: str
    subject: str
    key: PublicKey
    expires_at: int
    redirect_uris: tuple[str, ...] | None = None


def make_attestation(attestation: VerifierAttestation, signer: Signer, *, issued_at: int) -> str:
    """Return a signed attestation, with the signer's chain in ``x5c`` if it has one."""
    claims: dict[str, object] = {
        "iss": attestation.issuer,
        "sub": attestation.subject,
        "iat": issued_at,
        "exp": attestation.expires_at,
        "cnf": {"jwk": attestation.key.to_jwk()},
    }
    if attestation.redirect_uris is not None:
        claims["redirect_uris"] = list(attestation.redirect_uris)
    return sign_certified(ATTESTATION_TYP, claims, signer)


def check_attestation(
    compact: str,
    *,
    issuers: Mapping[str, PublicKey],
    now: int,
    max_skew: int = 60,
    limits: Limits = DEFAULT_LIMITS,
) -> VerifierAttestation:
    """Check an attestation in the wallet.

    Args:
        compact: from the header ``jwt`` of a request.
        issuers: keys of those who may attest, by their ``iss``.
        now: seconds since 1970.
        max_skew: seconds that the issuer's clock may be off.
        limits: bound on size.

    Raises:
        VpError: ``verifier_attestation``.
    """
    opened = open_typed(compact, typ=ATTESTATION_TYP, max_bytes=limits.jwt_bytes, refuse=_refuse)
    try:
        issuer = jws.claims(opened).get("iss")
    except EnvelopeError as error:
        raise _refuse(str(error)) from None
    key = issuers.get(issuer) if isinstance(issuer, str) else None
    if key is None:
        raise _refuse("iss is nobody who may attest verifiers here")
    claims = verified_claims(opened, key, _refuse)
    if time_claim(claims, "exp", _refuse) <= now - max_skew:
        raise _refuse("the attestation has expired")
    if "nbf" in claims and time_claim(claims, "nbf", _refuse) > now + max_skew:
        raise _refuse("the attestation is not valid yet")
    return VerifierAttestation(
        issuer=text_claim(claims, "iss", _refuse),
        subject=text_claim(claims, "sub", _refuse),
        key=_confirmed(claims),
        expires_at=time_claim(claims, "exp", _refuse),
        redirect_uris=_addresses(claims, _refuse),
    )


def _confirmed(claims: Mapping[str, Any]) -> PublicKey:
    cnf = claims.get("cnf")
    jwk = cnf.get("jwk") if isinstance(cnf, dict) else None
    if not isinstance(jwk, dict):
        raise _refuse("the attestation has no cnf.jwk")
    try:
        return PublicKey.from_jwk(jwk)
    except KeyFormatError as error:
        raise _refuse(f"cnf.jwk: {error}") from None


def _addresses(claims: Mapping[str, Any], refuse: Refusal) -> tuple[str, ...] | None:
    value = claims.get("redirect_uris")
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise refuse("redirect_uris should be an array of strings")
    return tuple(value)
