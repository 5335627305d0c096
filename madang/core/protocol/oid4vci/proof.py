"""Key proofs of type jwt (OpenID4VCI 1.0 appendix F.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vci.errors import invalid_proof
from madang.core.protocol.oid4vci.names import PROOF_TYP
from madang.core.protocol.possession import check_possession, make_possession
from madang.core.protocol.typed_jwt import Window


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """A key proof that holds.

    Attributes:
        key: the holder key to bind a credential to.
        nonce: the ``c_nonce`` inside, which the caller must consume; None only when it was not
            required.
        issuer: the claim ``iss``, the wallet's ``client_id``; None when there was none.
        named: the DID URL that names the key; None when the proof held it as a JWK.
        key_attestation: the key attestation in the header, unchecked; None when there was none.
    """

    key: PublicKey
    nonce: str | None
    issuer: str | None = None
    named: str | None = None
    key_attestation: str | None = None


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
    attestation = _attestation(proved.header)
    return CheckedProof(proved.key, proved.nonce, proved.issuer, proved.named, attestation)


def _attestation(header: Mapping[str, object]) -> str | None:
    found = header.get("key_attestation")
    if found is not None and not isinstance(found, str):
        raise invalid_proof("the header key_attestation should be a JWT")
    return found


def make_proof_jwt(
    signer: Signer,
    audience: str,
    nonce: str | None,
    issued_at: int,
    *,
    client_id: str | None = None,
    key_attestation: str | None = None,
    kid: str | None = None,
) -> str:
    """Return the wallet's key proof for an issuer.

    Args:
        signer: the holder key.
        audience: the credential issuer identifier.
        nonce: from its nonce endpoint, None where it has none.
        issued_at: epoch seconds.
        client_id: the wallet's; None, and then ``iss`` is left out, for anonymous use.
        key_attestation: what the wallet's provider says of the key.
        kid: DID URL that names the key; None to send it as a JWK.
    """
    more = {"key_attestation": key_attestation, "kid": kid}
    return make_possession(
        signer,
        typ=PROOF_TYP,
        audience=audience,
        nonce=nonce,
        issued_at=issued_at,
        issuer=client_id,
        header={name: value for name, value in more.items() if value is not None},
    )
