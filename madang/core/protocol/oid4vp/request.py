"""The request: what a verifier asks, and how it wants to be answered (OpenID4VP 1.0 section 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Field, JsonValue, model_validator

from madang.core.envelope.jwe import ALG, ENCS
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.keys import cose_key
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.message import Array, Message
from madang.core.protocol.oid4vp.client_id import ClientId, Prefix
from madang.core.protocol.oid4vp.verifier_info import Attestation, Registration

REQUEST_TYP = "oauth-authz-req+jwt"
"""``typ`` of a request object; its media type is ``application/`` and the same (RFC 9101)."""

VP_TOKEN = "vp_token"  # noqa: S105  # a parameter's name and no secret

DEFAULT_ENC = "A128GCM"
"""Content encryption where the metadata lists none (section 8.3)."""

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "EdDSA")
"""What credentials and holders may sign with."""

COSE_ALGORITHMS: Final = tuple(n for n, name in cose_key.ALGORITHMS.items() if name in ALGORITHMS)
"""The same by number: -7 and its like are for wallets that know no fully specified name."""

VP_FORMATS: Final[Mapping[str, JsonValue]] = MappingProxyType(
    {
        SD_JWT_VC: {
            "sd-jwt_alg_values": list(ALGORITHMS),
            "kb-jwt_alg_values": list(ALGORITHMS),
        },
        MSO_MDOC: {
            "issuerauth_alg_values": list(COSE_ALGORITHMS),
            "deviceauth_alg_values": list(COSE_ALGORITHMS),
        },
    }
)
"""What our verifiers list (appendices B.2.2 and B.3.4), and nothing else do they accept."""

MAC_P256: Final = -65537
"""HMAC 256/256 by agreement on P-256, by its name in appendix B.2.2."""


_MDOC: Final[Any] = VP_FORMATS[MSO_MDOC]
VP_FORMATS_ENCRYPTED: Final[Mapping[str, JsonValue]] = MappingProxyType(
    {
        **VP_FORMATS,
        MSO_MDOC: {
            **_MDOC,
            "deviceauth_alg_values": [*_MDOC["deviceauth_alg_values"], MAC_P256],
        },
    }
)
"""The same where the answer is encrypted. A device's MAC takes a key of the reader (ISO 18013-5
9.1.3.5), and the one key of ours in a request is that to which the answer is encrypted; in the
clear there is none, and no MAC."""

ResponseMode: TypeAlias = Literal[
    "fragment", "direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"
]
"""How the answer comes back (sections 5.6, 8.2 and 8.3, appendix A.2)."""

FRAGMENT: Final = "fragment"
"""The mode where a request names none (OAuth 2.0 Multiple Response Types section 5)."""

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
    """A request in all its members (sections 5.1, 5.2 and 8.2, appendix A.2).

    The same model serves a signed object, the parameters of a link and the data of the Digital
    Credentials API; what only one of those must have (`aud`, `expected_origins`) is checked there.

    Attributes:
        client_id: None in an unsigned request by the API, and in the payload of a multi-signed one.
        transaction_data: as it stands on the wire: base64url, hashed without decoding.
    """

    client_id: str | None = None
    response_type: Literal["vp_token"]
    response_mode: ResponseMode = FRAGMENT
    nonce: UrlSafe
    dcql_query: DcqlQuery
    response_uri: str | None = None
    redirect_uri: str | None = None
    client_metadata: ClientMetadata | None = None
    aud: Literal["https://self-issued.me/v2"] | None = None
    state: UrlSafe | None = None
    iat: int | None = None
    exp: int | None = None
    wallet_nonce: str | None = None
    expected_origins: Annotated[Array[str], Field(min_length=1)] | None = None
    transaction_data: Annotated[Array[str], Field(min_length=1)] | None = None
    verifier_info: Annotated[Array[Attestation], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        place = "redirect_uri" if self.response_mode == FRAGMENT else "response_uri"
        if not by_dc_api(self.response_mode) and (self.client_id is None or self.answer_to is None):
            raise ValueError(f"{self.response_mode} needs client_id and {place}")
        return self

    @property
    def answer_to(self) -> str | None:
        """Where the answer goes; a ``redirect_uri`` client names it by itself (5.9.3).

        It is posted there, but in the mode ``fragment``, where the person's browser carries it.
        """
        prefix, _, value = (self.client_id or "").partition(":")
        named = value if prefix == Prefix.REDIRECT_URI else None
        said = self.redirect_uri if self.response_mode == FRAGMENT else self.response_uri
        return said if said is not None else named


def encrypted(mode: ResponseMode) -> bool:
    """Tell whether an answer in this mode is encrypted (section 8.3)."""
    return mode.endswith(".jwt")


def by_dc_api(mode: ResponseMode) -> bool:
    """Tell whether an answer in this mode comes by the Digital Credentials API (appendix A)."""
    return mode.startswith("dc_api")


@dataclass(frozen=True, slots=True)
class Session:
    """The values of one presentation session; each must be fresh.

    Attributes:
        nonce: at least 128 bits of chance, URL-safe text.
        state: the same, another value; not used with the Digital Credentials API.
        encryption_key: public P-256 JWK with ``kid``, made for this request alone (HAIP 1.0); not
            used where the answer comes in the clear.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
    """

    nonce: str
    state: str
    encryption_key: Mapping[str, str]
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the answer is to come back.

    Attributes:
        mode: the response mode.
        response_uri: where it is posted to; absolute https. None with the API.
        expected_origins: the pages that may ask; needed in signed requests by the API.
    """

    mode: ResponseMode
    response_uri: str | None = None
    expected_origins: tuple[str, ...] = ()


def build_request(
    client_id: ClientId | None,
    query: DcqlQuery,
    session: Session,
    delivery: Delivery,
    *,
    transaction_data: Sequence[str] = (),
    registration: Registration | None = None,
    wallet_nonce: str | None = None,
) -> RequestObject:
    """Build a request.

    Args:
        client_id: ours, with its prefix; None for an unsigned or multi-signed one by the API.
        query: what is asked.
        session: fresh values.
        delivery: how the answer is to come back.
        transaction_data: what is to be authorized, as ``transaction_data.encode`` made it.
        registration: the registered use, or None; our wallets answer to no request without.
        wallet_nonce: what the wallet sent with its POST, if it did (section 5.10).
    """
    api = by_dc_api(delivery.mode)
    return RequestObject(
        client_id=None if client_id is None else str(client_id),
        response_type="vp_token",
        response_mode=delivery.mode,
        response_uri=delivery.response_uri,
        nonce=session.nonce,
        dcql_query=query,
        client_metadata=_metadata(query, session, delivery.mode),
        aud="https://self-issued.me/v2",
        state=None if api else session.state,
        iat=session.issued_at,
        exp=session.expires_at,
        wallet_nonce=wallet_nonce,
        expected_origins=delivery.expected_origins or None,
        transaction_data=tuple(transaction_data) or None,
        verifier_info=None if registration is None else (registration.attestation(),),
    )


def _metadata(query: DcqlQuery, session: Session, mode: ResponseMode) -> ClientMetadata:
    """Return section 11.1's three members and no others; those on encryption only if it is asked.

    A format that is not asked says nothing to the wallet and would only tell verifiers apart.
    """
    asked = {credential.format for credential in query.credentials}
    formats = VP_FORMATS_ENCRYPTED if encrypted(mode) else VP_FORMATS
    supported = {name: value for name, value in formats.items() if name in asked}
    if not encrypted(mode):
        return ClientMetadata(vp_formats_supported=supported)
    key: dict[str, Any] = {**session.encryption_key, "use": "enc", "alg": ALG}
    return ClientMetadata(
        jwks=Jwks(keys=(key,)),
        encrypted_response_enc_values_supported=ENCS,
        vp_formats_supported=supported,
    )
