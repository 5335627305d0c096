"""Metadata of an OpenID provider (OpenID Connect Discovery 1.0 sections 3 and 4, RFC 8414)."""

from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.message import Array, Message, read_json
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.urls import is_web_address

WELL_KNOWN = "/.well-known/openid-configuration"
S256 = "S256"
_DEFAULT_AUTHENTICATION = ("client_secret_basic",)


class ProviderMetadata(Message):
    """What a relying party must know about a provider (Discovery section 3, RFC 9126, RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    authorization_response_iss_parameter_supported: bool = False
    code_challenge_methods_supported: Array[str] | None = None
    id_token_signing_alg_values_supported: Array[str] = ()
    token_endpoint_auth_methods_supported: Array[str] = _DEFAULT_AUTHENTICATION


def configuration_address(issuer: str) -> str:
    """Return where a provider's metadata is: appended to its identifier (Discovery section 4.1)."""
    return issuer.removesuffix("/") + WELL_KNOWN


def parse_provider_metadata(
    data: bytes,
    *,
    issuer: str,
    allow_loopback_http: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> ProviderMetadata:
    """Read fetched metadata.

    Args:
        data: the document's bytes.
        issuer: the identifier it was fetched for; must be the same, character by character
            (Discovery section 4.3).
        allow_loopback_http: accept http addresses on this machine.
        limits: bounds on size and nesting.

    Raises:
        OpenIdError: ``metadata``.
    """
    found = read_json(ProviderMetadata, data, limits, _refuse)
    if found.issuer != issuer:
        raise _refuse("the metadata's issuer is not the one it was fetched for")
    named = {
        "authorization_endpoint": found.authorization_endpoint,
        "token_endpoint": found.token_endpoint,
        "jwks_uri": found.jwks_uri,
        "userinfo_endpoint": found.userinfo_endpoint,
        "pushed_authorization_request_endpoint": found.pushed_authorization_request_endpoint,
    }
    for name, address in named.items():
        if address is not None and not is_web_address(
            address, allow_loopback_http=allow_loopback_http
        ):
            raise _refuse(f"{name} should be an absolute https address")
    methods = found.code_challenge_methods_supported
    if methods is not None and S256 not in methods:
        raise _refuse("code_challenge_methods_supported should name S256")
    return found


def _refuse(reason: str) -> OpenIdError:
    return OpenIdError("metadata", reason)
