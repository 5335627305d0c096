"""Choose the grant and the authorization server (OpenID4VCI 1.0 sections 4.1.1 and 12.2.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from madang.core.protocol.oauth.metadata import AuthorizationServerMetadata
from madang.core.protocol.oauth.names import AUTHORIZATION_CODE_GRANT, PRE_AUTHORIZED_CODE_GRANT
from madang.core.protocol.oid4vci.metadata import IssuerMetadata
from madang.core.protocol.oid4vci.offer import CredentialOffer, PreAuthorizedGrant
from mobile_stub.errors import WalletError
from mobile_stub.receiving.discovery import Discovery

MAX_SERVERS: Final = 10
"""Authorization servers of one issuer that are asked about."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How the wallet gets its access token.

    Attributes:
        server: where.
        pre_authorized: the code that the offer brought; None for the authorization code grant.
        issuer_state: what the offer says to the authorization server.
    """

    server: AuthorizationServerMetadata
    pre_authorized: PreAuthorizedGrant | None
    issuer_state: str | None = None


async def choose(offer: CredentialOffer, metadata: IssuerMetadata, discovery: Discovery) -> Choice:
    """Return the easiest way for the person: a code that is there goes before a log-in.

    Raises:
        WalletError: grant_not_supported, or unknown_authorization_server.
    """
    pre, code = offer.pre_authorized, offer.authorization_code
    if pre is not None:
        hint = pre.authorization_server
        server = await _server(PRE_AUTHORIZED_CODE_GRANT, hint, metadata, discovery)
        if server is not None:
            return Choice(server, pre)
    if code is not None or pre is None:
        hint = None if code is None else code.authorization_server
        server = await _server(AUTHORIZATION_CODE_GRANT, hint, metadata, discovery)
        if server is not None:
            return Choice(server, None, None if code is None else code.issuer_state)
    raise WalletError(
        "grant_not_supported",
        f"{metadata.credential_issuer} has no authorization server for what was offered",
    )


async def _server(
    grant: str, hint: str | None, metadata: IssuerMetadata, discovery: Discovery
) -> AuthorizationServerMetadata | None:
    for identifier in _candidates(hint, metadata):
        server = await discovery.server(identifier)
        if _serves(server, grant):
            return server
    return None


def _candidates(hint: str | None, metadata: IssuerMetadata) -> Sequence[str]:
    servers = metadata.authorization_servers or (metadata.credential_issuer,)
    if hint is None:
        return servers[:MAX_SERVERS]
    if hint not in servers:
        raise WalletError(
            "unknown_authorization_server",
            "the offer names an authorization server that the issuer itself does not; nothing is"
            " sent there",
        )
    return (hint,)


def _serves(server: AuthorizationServerMetadata, grant: str) -> bool:
    if grant == AUTHORIZATION_CODE_GRANT and server.authorization_endpoint is None:
        return False
    return server.grant_types_supported is None or grant in server.grant_types_supported
