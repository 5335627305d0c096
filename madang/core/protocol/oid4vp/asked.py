"""What was asked in one session: all that an answer is held against, besides the policy."""

from dataclasses import dataclass
from functools import cached_property

from madang.core.encoding import base64url
from madang.core.formats.mdoc import transcript
from madang.core.formats.mdoc.agreement import Agreement
from madang.core.keys.jwk import ENCRYPTION, PublicKey
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.oid4vp.request import (
    RequestObject,
    ResponseMode,
    by_dc_api,
    encrypted,
)


@dataclass(frozen=True)
class Asked:
    """What the request of this session said.

    Attributes:
        query: its ``dcql_query``.
        client_id: its full ``client_id``; empty for an unsigned request by the API.
        nonce: its ``nonce``.
        state: its ``state``, or None.
        response_mode: its ``response_mode``.
        response_uri: where the answer was to be posted; None with the API.
        origin: of the page that called the API, without a prefix; None by redirect.
        jwk_thumbprint: SHA-256 thumbprint (RFC 7638), 32 bytes, of the key that the answer is
            encrypted to; None where it comes in the clear.
        transaction_data: its ``transaction_data``, as on the wire.
        reader: the private half of that key, with which a device's MAC is checked; None where
            the answer comes in the clear: then the device has nothing to agree with.
    """

    query: DcqlQuery
    client_id: str
    nonce: str
    state: str | None
    response_mode: ResponseMode = "direct_post.jwt"
    response_uri: str | None = None
    origin: str | None = None
    jwk_thumbprint: bytes | None = None
    transaction_data: tuple[str, ...] = ()
    reader: Agreement | None = None

    @property
    def audience(self) -> str:
        """Return whom a holder proves its key to (appendices A.4 and B.3.6).

        With the API it is always the origin, even where the request was signed.
        """
        return f"origin:{self.origin}" if by_dc_api(self.response_mode) else self.client_id

    @cached_property
    def transcript(self) -> bytes:
        """Return the SessionTranscript that a device signs, encoded (appendix B.2.6)."""
        if by_dc_api(self.response_mode):
            return transcript.openid4vp_dc_api(
                origin=self.origin or "", nonce=self.nonce, jwk_thumbprint=self.jwk_thumbprint
            )
        return transcript.openid4vp(
            client_id=self.client_id,
            nonce=self.nonce,
            jwk_thumbprint=self.jwk_thumbprint,
            response_uri=self.response_uri or "",
        )


def asked_by(
    request: RequestObject, *, client_id: str | None = None, origin: str | None = None
) -> Asked:
    """Return what a request of ours asked, whose answer is encrypted to its one key.

    Args:
        request: as it was built.
        client_id: the one that the wallet chose of a multi-signed request; else the request's.
        origin: of the page that called the API; None by redirect.
    """
    return Asked(
        query=request.dcql_query,
        client_id=client_id or request.client_id or "",
        nonce=request.nonce,
        state=request.state,
        response_mode=request.response_mode,
        response_uri=request.answer_to,
        origin=origin,
        jwk_thumbprint=_thumbprint(request),
        transaction_data=request.transaction_data or (),
    )


def _thumbprint(request: RequestObject) -> bytes | None:
    metadata = request.client_metadata
    if not encrypted(request.response_mode) or metadata is None or metadata.jwks is None:
        return None
    key = PublicKey.from_jwk(metadata.jwks.keys[0], use=ENCRYPTION)
    return base64url.decode(key.thumbprint())
