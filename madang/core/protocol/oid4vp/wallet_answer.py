"""What a wallet binds its presentations to: the same that the verifier holds them against."""

from typing import Final

from madang.core.encoding import base64url
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.encryption import choose_encryption
from madang.core.protocol.oid4vp.request import RequestObject, encrypted
from madang.core.protocol.oid4vp.request_check import VerifiedRequest

ES256_NUMBERS: Final = frozenset({-7, -9})
"""How verifiers list signatures of the one kind of key that a wallet has (appendix B.2.2)."""


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


def mac_reader(request: RequestObject) -> PublicKey | None:
    """Return the verifier's key where an mdoc's device has to make a MAC; None where it signs.

    A device signs where it may: a MAC is for verifiers that list nothing else (appendix B.2.2). It
    takes the key that the answer is encrypted to.

    Raises:
        VpError: as of `asked_of`.
    """
    metadata = request.client_metadata
    formats = None if metadata is None else metadata.vp_formats_supported
    listed = (formats or {}).get(MSO_MDOC)
    values = listed.get("deviceauth_alg_values") if isinstance(listed, dict) else None
    signs = not isinstance(values, list) or any(number in values for number in ES256_NUMBERS)
    if signs or not encrypted(request.response_mode):
        return None
    return PublicKey.from_jwk(choose_encryption(metadata).jwk, use=ENCRYPTION)


def _thumbprint(request: RequestObject) -> bytes | None:
    """Return that of the key that the answer will be encrypted to (RFC 7638)."""
    if not encrypted(request.response_mode):
        return None
    jwk = choose_encryption(request.client_metadata).jwk
    return base64url.decode(PublicKey.from_jwk(jwk, use=ENCRYPTION).thumbprint())
