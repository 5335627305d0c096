"""The key proof of type jwt (OpenID4VCI 1.0 appendix F.1)."""

from dataclasses import dataclass

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vci.errors import invalid_proof
from madang.core.protocol.possession import check_possession, make_possession
from madang.core.protocol.typed_jwt import Window

PROOF_TYP = "openid4vci-proof+jwt"
PROOF_TYPE = "jwt"
"""Member of ``proofs`` and of ``proof_types_supported``."""


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """A key proof that holds.

    Attributes:
        key: the holder key to bind a credential to.
        nonce: the ``c_nonce`` inside, which the caller must consume; None only when it was not
            required.
    """

    key: PublicKey
    nonce: str | None


def check_proof_jwt(
    compact: str,
    *,
    audience: str,
    now: int,
    max_age: int,
    max_skew: int,
    nonce_required: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> CheckedProof:
    """Check one key proof (appendix F.4), all but the nonce's own validity.

    Args:
        compact: the JWT.
        audience: the credential issuer identifier.
        now: seconds since 1970.
        max_age: seconds a proof counts after ``iat``.
        max_skew: seconds the wallet's clock may be off.
        nonce_required: false only for an issuer without a nonce endpoint.
        limits: bounds on size.

    Raises:
        CredentialError: ``invalid_proof``.
    """
    proved = check_possession(
        compact,
        typ=PROOF_TYP,
        audience=audience,
        window=Window(now, max_age, max_skew),
        max_bytes=limits.jwt_bytes,
        refuse=invalid_proof,
    )
    if nonce_required and proved.nonce is None:
        raise invalid_proof("the claim nonce is missing; fetch one from the nonce endpoint")
    return CheckedProof(proved.key, proved.nonce)


def make_proof_jwt(signer: Signer, audience: str, nonce: str | None, issued_at: int) -> str:
    """Return the wallet's key proof for an issuer; ``iss`` is left out (anonymous use)."""
    return make_possession(
        signer, typ=PROOF_TYP, audience=audience, nonce=nonce, issued_at=issued_at
    )
