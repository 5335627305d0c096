"""Authorization server metadata (RFC 8414, OpenID4VCI 1.0 section 12.3, Token Status List 9.1)."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, read_json
from madang.core.protocol.oauth.errors import invalid_response
from madang.core.protocol.oauth.names import (
    ATTEST_JWT_CLIENT_AUTH,
    CODE,
    GRANTS,
    NONE,
    OPENID_CREDENTIAL,
    PRIVATE_KEY_JWT,
    S256,
)
from madang.core.protocol.typed_jwt import ALGORITHMS
from madang.core.protocol.urls import is_web_address

_ALGORITHMS = tuple(sorted(ALGORITHMS))


class AuthorizationServerMetadata(Message):
    """What a wallet must know about an authorization server; members by their specifications.

    RFC 8414 section 2, RFC 9126 section 5, RFC 9207 section 3, RFC 9396 section 10, RFC 9449
    section 5.1, draft-ietf-oauth-attestation-based-client-auth section 10.
    """

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    require_pushed_authorization_requests: bool = False
    challenge_endpoint: str | None = None
    scopes_supported: Array[str] | None = None
    response_types_supported: Array[str] = ()
    response_modes_supported: Array[str] | None = None
    grant_types_supported: Array[str] | None = None
    code_challenge_methods_supported: Array[str] | None = None
    token_endpoint_auth_methods_supported: Array[str] | None = None
    token_endpoint_auth_signing_alg_values_supported: Array[str] | None = None
    client_attestation_signing_alg_values_supported: Array[str] | None = None
    client_attestation_pop_signing_alg_values_supported: Array[str] | None = None
    dpop_signing_alg_values_supported: Array[str] | None = None
    authorization_details_types_supported: Array[str] | None = None
    authorization_response_iss_parameter_supported: bool = False
    request_parameter_supported: bool = False
    anonymous_access_supported: Annotated[
        bool, Field(alias="pre-authorized_grant_anonymous_access_supported")
    ] = False
    status_list_aggregation_endpoint: str | None = None

    def endpoints(self) -> tuple[str, ...]:
        """Return every address that a client sends requests to or opens."""
        named = (
            self.token_endpoint,
            self.authorization_endpoint,
            self.pushed_authorization_request_endpoint,
            self.challenge_endpoint,
        )
        return tuple(address for address in named if address is not None)


@dataclass(frozen=True, slots=True)
class ServerFeatures:
    """What differs between servers of ours.

    Attributes:
        scopes: all that can be asked for.
        attestation: whether there are anchors for client attestations.
        anonymous: whether a pre-authorized code can be used without a client.
        status_lists: where the addresses of all status lists are, None without any.
    """

    scopes: tuple[str, ...]
    attestation: bool
    anonymous: bool
    status_lists: str | None = None


def server_metadata(issuer: str, features: ServerFeatures) -> AuthorizationServerMetadata:
    """Return the metadata of an authorization server whose endpoints lie below its identifier."""
    attested = (ATTEST_JWT_CLIENT_AUTH,) if features.attestation else ()
    algorithms = _ALGORITHMS if features.attestation else None
    return AuthorizationServerMetadata(
        issuer=issuer,
        token_endpoint=f"{issuer}/token",
        authorization_endpoint=f"{issuer}/authorize",
        pushed_authorization_request_endpoint=f"{issuer}/par",
        require_pushed_authorization_requests=True,
        challenge_endpoint=f"{issuer}/challenge" if features.attestation else None,
        scopes_supported=features.scopes,
        response_types_supported=(CODE,),
        response_modes_supported=("query",),
        grant_types_supported=GRANTS,
        code_challenge_methods_supported=(S256,),
        token_endpoint_auth_methods_supported=(NONE, PRIVATE_KEY_JWT, *attested),
        token_endpoint_auth_signing_alg_values_supported=_ALGORITHMS,
        client_attestation_signing_alg_values_supported=algorithms,
        client_attestation_pop_signing_alg_values_supported=algorithms,
        dpop_signing_alg_values_supported=_ALGORITHMS,
        authorization_details_types_supported=(OPENID_CREDENTIAL,),
        authorization_response_iss_parameter_supported=True,
        anonymous_access_supported=features.anonymous,
        status_list_aggregation_endpoint=features.status_lists,
    )


def parse_server_metadata(
    data: bytes,
    *,
    issuer: str,
    allow_loopback_http: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> AuthorizationServerMetadata:
    """Read fetched metadata in the wallet.

    Args:
        data: the document's bytes.
        issuer: the identifier it was fetched for; must be the same, character by character
            (RFC 8414 section 3.3).
        allow_loopback_http: accept http addresses on this machine.
        limits: bounds on size and nesting.

    Raises:
        OAuthError: ``invalid_response``.
    """
    metadata = read_json(AuthorizationServerMetadata, data, limits, invalid_response)
    if metadata.issuer != issuer:
        raise invalid_response("the metadata's issuer is not the one it was fetched for")
    for address in metadata.endpoints():
        if not is_web_address(address, allow_loopback_http=allow_loopback_http):
            raise invalid_response("every endpoint should be an absolute https address")
    return metadata
