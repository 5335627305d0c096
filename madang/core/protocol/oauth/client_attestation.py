"""A wallet provider vouches for a client instance, which proves to hold the attested key.

Source: draft-ietf-oauth-attestation-based-client-auth (sections of -07, which HAIP 1.0 follows).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oauth.errors import invalid_client_attestation as refuse
from madang.core.protocol.typed_jwt import (
    Window,
    check_audience,
    check_window,
    open_typed,
    sign_certified,
    sign_typed,
    text_claim,
    time_claim,
    verified_claims,
)
from madang.core.trust.x509 import ChainError, validate_chain

ATTESTATION_TYP = "oauth-client-attestation+jwt"
POP_TYP = "oauth-client-attestation-pop+jwt"


@dataclass(frozen=True, slots=True)
class ClientAttestation:
    """An attestation that holds.

    Attributes:
        client_id: from ``sub``.
        key: the client instance's, from ``cnf``.
        expires_at: seconds since 1970.
        claims: all of them, as signed; what the provider says of the wallet is among them.
    """

    client_id: str
    key: PublicKey
    expires_at: int
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AttestationPop:
    """A proof of possession that holds; the caller checks the challenge and takes the id.

    Attributes:
        jti: its own id, to be taken once.
        challenge: the server's challenge inside, None without one.
    """

    jti: str
    challenge: str | None


def make_attestation(
    signer: Signer,
    *,
    client_id: str,
    key: PublicKey,
    issued_at: int,
    expires_at: int,
    claims: Mapping[str, object] | None = None,
) -> str:
    """Return a client attestation (section 5.1).

    Args:
        signer: the wallet provider's key, with the chain that goes into ``x5c``.
        client_id: ``sub``.
        key: the client instance's.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
        claims: further ones, such as ``iss``, ``wallet_name`` or ``status``.
    """
    own = {
        "sub": client_id,
        "cnf": {"jwk": key.to_jwk()},
        "iat": issued_at,
        "exp": expires_at,
    }
    return sign_certified(ATTESTATION_TYP, {**(claims or {}), **own}, signer)


def make_pop(
    signer: Signer,
    *,
    client_id: str,
    audience: str,
    jti: str,
    issued_at: int,
    challenge: str | None = None,
    seconds: int = 60,
) -> str:
    """Return the client instance's proof of possession (section 5.2).

    Args:
        signer: the client instance's key.
        client_id: ``iss``.
        audience: the authorization server's issuer identifier.
        jti: chance, new for each proof.
        issued_at: seconds since 1970.
        challenge: the server's newest, None when it gives none.
        seconds: how long it counts; earlier drafts demand ``exp``, and their servers are about.
    """
    claims: dict[str, object] = {
        "iss": client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued_at,
        "exp": issued_at + seconds,
    }
    if challenge is not None:
        claims["challenge"] = challenge
    return sign_typed(POP_TYP, claims, {}, signer)


def check_attestation(
    compact: str, anchors: Sequence[bytes], window: Window, *, limits: Limits = DEFAULT_LIMITS
) -> ClientAttestation:
    """Check a client attestation by the chain in its header (section 5.1, HAIP 1.0 section 4.4.1).

    Args:
        compact: the header's value.
        anchors: DER of the roots of wallet providers.
        window: `now` and `max_skew`; an attestation counts as long as it says.
        limits: bounds on size.

    Raises:
        OAuthError: ``invalid_client_attestation``.
    """
    opened = open_typed(compact, typ=ATTESTATION_TYP, max_bytes=limits.jwt_bytes, refuse=refuse)
    try:
        signer = validate_chain(jws.decode_chain(opened.header), anchors, now=window.now)
    except ChainError as error:
        raise refuse(f"the attestation's x5c: {error.code}") from None
    except EnvelopeError as error:
        raise refuse(str(error)) from None
    claims = verified_claims(opened, signer, refuse)
    expires_at = time_claim(claims, "exp", refuse)
    if expires_at <= window.now - window.max_skew:
        raise refuse("the attestation has expired; ask the wallet provider for a new one")
    for name in ("iat", "nbf"):
        if name in claims and time_claim(claims, name, refuse) > window.now + window.max_skew:
            raise refuse(f"the attestation's {name} is in the future")
    return ClientAttestation(text_claim(claims, "sub", refuse), _key(claims), expires_at, claims)


def check_pop(
    compact: str,
    attestation: ClientAttestation,
    *,
    audience: str,
    window: Window,
    limits: Limits = DEFAULT_LIMITS,
) -> AttestationPop:
    """Check the proof of possession that came with an attestation, all but challenge and replay.

    Args:
        compact: the header's value.
        attestation: from `check_attestation`.
        audience: this server's issuer identifier.
        window: how old it may be.
        limits: bounds on size.

    Raises:
        OAuthError: ``invalid_client_attestation``.
    """
    opened = open_typed(compact, typ=POP_TYP, max_bytes=limits.jwt_bytes, refuse=refuse)
    claims = verified_claims(opened, attestation.key, refuse)
    if claims.get("iss", attestation.client_id) != attestation.client_id:
        raise refuse("the proof's iss should be the attestation's sub")
    check_audience(claims, audience, refuse)
    check_window(claims, window, refuse)
    jti = text_claim(claims, "jti", refuse)
    challenge = text_claim(claims, "challenge", refuse) if "challenge" in claims else None
    return AttestationPop(jti, challenge)


def _key(claims: Mapping[str, object]) -> PublicKey:
    cnf = claims.get("cnf")
    jwk = cnf.get("jwk") if isinstance(cnf, Mapping) else None
    if not isinstance(jwk, Mapping):
        raise refuse("the attestation's cnf should hold the client instance's key as jwk")
    try:
        return PublicKey.from_jwk(jwk)
    except KeyFormatError as error:
        raise refuse(f"the attestation's cnf: {error}") from None
