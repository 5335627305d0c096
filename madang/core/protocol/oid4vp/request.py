"""The request object: what a verifier signs (OpenID4VP 1.0 section 5)."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from madang.core.envelope import jws
from madang.core.envelope.jwe import ENCS
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.keys.signing import Signer
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.message import Array, Message
from madang.core.protocol.oid4vp.client_id import ClientId
from madang.core.protocol.oid4vp.verifier_info import Attestation, Registration
from madang.core.protocol.typed_jwt import sign_typed

REQUEST_TYP = "oauth-authz-req+jwt"
"""``typ`` of a request object; its media type is ``application/`` and the same (RFC 9101)."""

STATIC_AUDIENCE = "https://self-issued.me/v2"
"""``aud`` for a wallet that is not discovered (section 5.8)."""

VP_TOKEN = "vp_token"  # noqa: S105  # a parameter's name and no secret
DIRECT_POST_JWT = "direct_post.jwt"

DEFAULT_ENC = "A128GCM"
"""Content encryption where the metadata lists none (section 8.3)."""

VP_FORMATS: dict[str, JsonValue] = {
    SD_JWT_VC: {"sd-jwt_alg_values": ["ES256"], "kb-jwt_alg_values": ["ES256"]}
}
"""What our verifiers list (appendix B.3.4); identifiers there are fully specified, as ES256 is."""

_URL_SAFE = r"^[A-Za-z0-9._~-]+$"
UrlSafe = Annotated[str, Field(pattern=_URL_SAFE)]


class Jwks(Message):
    """A key set; each key has ``kid`` and ``alg`` (sections 5.1 and 8.3)."""

    keys: Array[dict[str, JsonValue]]


class ClientMetadata(Message):
    """What a wallet needs to answer (sections 5.1 and 11.1)."""

    jwks: Jwks | None = None
    encrypted_response_enc_values_supported: Annotated[Array[str], Field(min_length=1)] | None = (
        None
    )
    vp_formats_supported: dict[str, JsonValue] | None = None


class RequestObject(Message):
    """The claims of a request object (sections 5.1, 5.2 and 8.2)."""

    client_id: str
    response_type: Literal["vp_token"]
    response_mode: Literal["direct_post.jwt"]
    response_uri: str
    nonce: UrlSafe
    dcql_query: DcqlQuery
    client_metadata: ClientMetadata
    aud: Literal["https://self-issued.me/v2"]
    state: UrlSafe | None = None
    iat: int | None = None
    exp: int | None = None
    wallet_nonce: str | None = None
    verifier_info: Annotated[Array[Attestation], Field(min_length=1)] | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """The values of one presentation session; each must be fresh.

    Attributes:
        nonce: at least 128 bits of chance, URL-safe text.
        state: the same, another value.
        encryption_key: public P-256 JWK with ``kid``, made for this request alone (HAIP 1.0).
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
    """

    nonce: str
    state: str
    encryption_key: dict[str, str]
    issued_at: int
    expires_at: int


def build_request(
    client_id: ClientId,
    query: DcqlQuery,
    session: Session,
    *,
    response_uri: str,
    registration: Registration | None = None,
    wallet_nonce: str | None = None,
) -> RequestObject:
    """Build the request for an encrypted answer by post.

    Args:
        client_id: ours, with its prefix.
        query: what is asked.
        session: fresh values.
        response_uri: where the answer goes; absolute https.
        registration: the registered use, or None; our wallets answer to no request without.
        wallet_nonce: what the wallet sent with its POST, if it did (section 5.10).
    """
    key: dict[str, Any] = {**session.encryption_key, "use": "enc", "alg": "ECDH-ES"}
    metadata = ClientMetadata(
        jwks=Jwks(keys=(key,)),
        encrypted_response_enc_values_supported=ENCS,
        vp_formats_supported=VP_FORMATS,
    )
    return RequestObject(
        client_id=str(client_id),
        response_type="vp_token",
        response_mode="direct_post.jwt",
        response_uri=response_uri,
        nonce=session.nonce,
        dcql_query=query,
        client_metadata=metadata,
        aud="https://self-issued.me/v2",
        state=session.state,
        iat=session.issued_at,
        exp=session.expires_at,
        wallet_nonce=wallet_nonce,
        verifier_info=None if registration is None else (registration.attestation(),),
    )


def sign_request(request: RequestObject, signer: Signer) -> str:
    """Return the signed request object, with the signer's chain in ``x5c``.

    Raises:
        ValueError: the signer has no certificate chain.
    """
    if not signer.certificate_chain:
        raise ValueError("the verifier's signer has no certificate chain; create one with its key")
    header = jws.chain_header(signer.certificate_chain)
    return sign_typed(REQUEST_TYP, request.to_json(), header, signer)
