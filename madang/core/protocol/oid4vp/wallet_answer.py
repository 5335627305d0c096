"""What a wallet binds its presentations to: the same that the verifier holds them against."""

from madang.core.encoding import base64url
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.encryption import choose_encryption
from madang.core.protocol.oid4vp.request import RequestObject, encrypted
from madang.core.protocol.oid4vp.request_check import VerifiedRequest


def asked_of(verified: VerifiedRequest) -> Asked:
    """Return what presentations are bound to.

    Raises:
        VpError: the answer should be encrypted and no key can be used.
    """
    request = verified.request
    return Asked(
        query=request.dcql_query,
        client_id=verified.client_id,
        nonce=request.nonce,
        state=request.state,
        response_mode=request.response_mode,
        response_uri=request.answer_to,
        origin=verified.origin,
        jwk_thumbprint=_thumbprint(request),
        transaction_data=request.transaction_data or (),
    )


def _thumbprint(request: RequestObject) -> bytes | None:
    """Return that of the key that the answer will be encrypted to (RFC 7638)."""
    if not encrypted(request.response_mode):
        return None
    jwk = choose_encryption(request.client_metadata).jwk
    return base64url.decode(PublicKey.from_jwk(jwk, use=ENCRYPTION).thumbprint())
