"""The authorization code flow up to the code (OpenID4VCI 1.0 section 5, FAPI 2.0, HAIP 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from madang.core.protocol.oauth.authorization import (
    AuthorizationRequest,
    authorization_link,
    parse_pushed_response,
    read_answer,
    with_query,
)
from madang.core.protocol.oauth.details import AuthorizationDetail
from madang.core.protocol.oauth.errors import OAuthError, parse_error
from madang.core.protocol.oauth.metadata import AuthorizationServerMetadata
from madang.core.protocol.oauth.names import OPENID_CREDENTIAL, S256
from madang.core.protocol.oauth.pkce import VERIFIER_BYTES, challenge_of
from madang.core.protocol.oid4vci.metadata import CredentialConfiguration, IssuerMetadata
from mobile_stub.adapters import system
from mobile_stub.errors import WalletError
from mobile_stub.receiving.channel import Channel

_GOOD: Final = frozenset({200, 201})


class Browser(Protocol):
    """Where the person meets the authorization server.

    Attributes:
        redirect_uri: where it comes back to.
    """

    @property
    def redirect_uri(self) -> str:
        """Return where it comes back to."""
        ...

    async def authorize(self, url: str) -> str:
        """Open an address; return the whole address that the browser came back to.

        Raises:
            WalletError: it did not come back in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Code:
    """What the token endpoint gets.

    Attributes:
        code: from the authorization server.
        verifier: what the challenge was of.
        redirect_uri: as it was pushed.
        detailed: whether `authorization_details` were used.
    """

    code: str
    verifier: str
    redirect_uri: str
    detailed: bool


def asks(
    metadata: IssuerMetadata,
    server: AuthorizationServerMetadata,
    wanted: Mapping[str, CredentialConfiguration],
) -> tuple[tuple[str, ...], tuple[AuthorizationDetail, ...]]:
    """Return what to ask for: scopes, or details where the server knows them (section 5.1)."""
    scopes = tuple(each.scope for each in wanted.values() if each.scope is not None)
    known = OPENID_CREDENTIAL in (server.authorization_details_types_supported or ())
    if not known and len({*scopes}) == len(wanted):
        return scopes, ()
    several = metadata.authorization_servers is not None
    locations = (metadata.credential_issuer,) if several else None
    details = tuple(
        AuthorizationDetail(
            type=OPENID_CREDENTIAL, credential_configuration_id=name, locations=locations
        )
        for name in wanted
    )
    return (), details


async def authorized(
    channel: Channel,
    asked: tuple[tuple[str, ...], tuple[AuthorizationDetail, ...]],
    issuer_state: str | None,
    browser: Browser,
    now: int,
) -> Code:
    """Push the request, let the person decide, and return the code.

    Raises:
        WalletError: the server or the person refused, or the answer is another's.
    """
    verifier, state = system.token(VERIFIER_BYTES), system.token()
    request = AuthorizationRequest(
        client_id=_client_id(channel),
        redirect_uri=browser.redirect_uri,
        code_challenge=challenge_of(verifier),
        state=state,
        scope=asked[0],
        details=asked[1],
        issuer_state=issuer_state,
    )
    try:
        back = await browser.authorize(await _link(channel, request, now))
        code = _code(back, channel.server, browser.redirect_uri, state)
    except OAuthError as error:
        told = f"the authorization server: {error.description}"
        raise WalletError(str(error.code), told) from error
    return Code(code, verifier, browser.redirect_uri, detailed=bool(asked[1]))


async def _link(channel: Channel, request: AuthorizationRequest, now: int) -> str:
    server, parameters = channel.server, request.to_parameters()
    endpoint = server.authorization_endpoint
    known = server.code_challenge_methods_supported
    if endpoint is None or (known is not None and S256 not in known):
        raise WalletError("pkce_not_supported", f"{server.issuer} does not protect codes by {S256}")
    if server.pushed_authorization_request_endpoint is None:
        return with_query(endpoint, parameters)
    reply = await channel.ask(server.pushed_authorization_request_endpoint, parameters, now)
    if reply.status not in _GOOD:
        raise parse_error(reply.body, reply.status)
    pushed = parse_pushed_response(reply.body)
    return authorization_link(endpoint, request.client_id, pushed.request_uri)


def _client_id(channel: Channel) -> str:
    if channel.client.client_id is None:
        raise WalletError("client_not_supported", "nobody in particular cannot log in")
    return channel.client.client_id


def _code(back: str, server: AuthorizationServerMetadata, redirect_uri: str, state: str) -> str:
    """Read the answer; a server that never names itself in answers need not (RFC 9207 2.4)."""
    if not back.startswith(redirect_uri):
        raise WalletError("wrong_redirect", "the browser came back to another address")
    named = server.authorization_response_iss_parameter_supported or "iss" in _names(back)
    whole = back if named else with_query(back, {"iss": server.issuer})
    return read_answer(whole, issuer=server.issuer, state=state)


def _names(uri: str) -> frozenset[str]:
    try:
        return frozenset(parse_qs(urlsplit(uri).query, max_num_fields=100))
    except ValueError:
        return frozenset()
