"""Authorization server metadata (RFC 8414, OpenID4VCI 1.0 section 12.3, Token Status List 9.1)."""

from typing import Annotated

from pydantic import Field

from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, read_json
from madang.core.protocol.oauth.errors import invalid_response
from madang.core.protocol.oauth.names import PRE_AUTHORIZED_CODE_GRANT
from madang.core.protocol.urls import is_web_address


class AuthorizationServerMetadata(Message):
    """What a wallet must know about an authorization server (RFC 8414 section 2)."""

    issuer: str
    token_endpoint: str
    response_types_supported: Array[str] = ()
    grant_types_supported: Array[str] | None = None
    token_endpoint_auth_methods_supported: Array[str] | None = None
    authorization_details_types_supported: Array[str] | None = None
    anonymous_access_supported: Annotated[
        bool, Field(alias="pre-authorized_grant_anonymous_access_supported")
    ] = False
    status_list_aggregation_endpoint: str | None = None


def pre_authorized_server(
    issuer: str, token_endpoint: str, *, status_lists: str | None = None
) -> AuthorizationServerMetadata:
    """Return the metadata of a server for anonymous wallets with pre-authorized codes only.

    Args:
        issuer: its identifier.
        token_endpoint: where codes become access tokens.
        status_lists: where the addresses of all status lists are, if it publishes any.
    """
    return AuthorizationServerMetadata(
        issuer=issuer,
        token_endpoint=token_endpoint,
        grant_types_supported=(PRE_AUTHORIZED_CODE_GRANT,),
        token_endpoint_auth_methods_supported=("none",),
        anonymous_access_supported=True,
        status_list_aggregation_endpoint=status_lists,
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
    if not is_web_address(metadata.token_endpoint, allow_loopback_http=allow_loopback_http):
        raise invalid_response("token_endpoint should be an absolute https address")
    return metadata
