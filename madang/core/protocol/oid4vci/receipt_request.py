"""A holder's request for receipts: the same shape as a key proof, under a type of its own.

Not part of OpenID4VCI. The type keeps a key proof from being used here and the other way round.
"""

from dataclasses import dataclass

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vci.errors import invalid_proof
from madang.core.protocol.possession import check_possession, make_possession
from madang.core.protocol.typed_jwt import Window

RECEIPT_REQUEST_TYP = "madang-receipt-request+jwt"


@dataclass(frozen=True, slots=True)
class CheckedReceiptRequest:
    """A receipt request that holds.

    Attributes:
        key: the holder key whose receipts may be handed out.
        nonce: the ``c_nonce`` inside, which the caller must consume.
    """

    key: PublicKey
    nonce: str


def check_receipt_request(
    compact: str,
    *,
    audience: str,
    now: int,
    max_age: int,
    max_skew: int,
    limits: Limits = DEFAULT_LIMITS,
) -> CheckedReceiptRequest:
    """Check a receipt request; arguments as for ``check_proof_jwt``.

    Raises:
        CredentialError: ``invalid_proof``.
    """
    proved = check_possession(
        compact,
        typ=RECEIPT_REQUEST_TYP,
        audience=audience,
        window=Window(now, max_age, max_skew),
        max_bytes=limits.jwt_bytes,
        refuse=invalid_proof,
    )
    if proved.nonce is None:
        raise invalid_proof("the claim nonce is missing; fetch one from the nonce endpoint")
    return CheckedReceiptRequest(proved.key, proved.nonce)


def make_receipt_request(signer: Signer, audience: str, nonce: str, issued_at: int) -> str:
    """Return a holder's request for the receipts of one holder key."""
    return make_possession(
        signer, typ=RECEIPT_REQUEST_TYP, audience=audience, nonce=nonce, issued_at=issued_at
    )
