"""Find out about an issuer and its authorization servers from their own documents."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.protocol.oauth.errors import OAuthError
from madang.core.protocol.oauth.metadata import AuthorizationServerMetadata, parse_server_metadata
from madang.core.protocol.oid4vci.errors import Oid4vciError
from madang.core.protocol.oid4vci.metadata import IssuerMetadata, parse_issuer_metadata
from madang.core.protocol.oid4vci.names import JSON_MEDIA_TYPE, JWT_MEDIA_TYPE
from madang.core.protocol.oid4vci.offer import (
    CredentialOffer,
    OfferReference,
    parse_offer,
    parse_offer_uri,
)
from madang.core.protocol.oid4vci.signed_metadata import parse_signed_metadata
from madang.core.protocol.typed_jwt import Window
from madang.core.protocol.urls import WellKnown, well_known
from madang.core.trust.registry import TrustError
from mobile_stub.adapters.network import Network, Reply
from mobile_stub.errors import WalletError

OK: Final = 200
_BOTH: Final = f"{JWT_MEDIA_TYPE}, {JSON_MEDIA_TYPE};q=0.9"
REQUIRED, PREFERRED, OFF = "required", "preferred", "off"
MAX_AGE_SECONDS: Final = 7 * 86_400
MAX_SKEW_SECONDS: Final = 60
"""Of signed metadata."""
Roots = Callable[[str, tuple[bytes, ...], int], Awaitable[tuple[bytes, ...]]]
"""Returns the roots that count for an issuer's metadata under a chain; TrustError if none do."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """Fetches and checks documents.

    Attributes:
        network: HTTP.
        allow_loopback_http: for a first run.
        signed: what is asked of an issuer's metadata: `required`, `preferred` or `off`.
        roots: tells by what signed metadata counts.
    """

    network: Network
    allow_loopback_http: bool
    signed: str
    roots: Roots

    async def offer(self, link: str) -> CredentialOffer:
        """Return what a link offers, fetched where it only refers to it; WalletError if nothing."""
        allow = self.allow_loopback_http
        try:
            offer = parse_offer_uri(link, allow_loopback_http=allow)
            if isinstance(offer, OfferReference):
                reply = ok(await self.network.get(offer.uri))
                offer = parse_offer(reply.body, allow_loopback_http=allow)
        except Oid4vciError as error:
            raise WalletError(
                "invalid_offer", f"{error.description}; ask whoever made it for another"
            ) from error
        return offer

    async def issuer(self, identifier: str, now: int) -> IssuerMetadata:
        """Return an issuer's metadata, by the policy on signatures; WalletError if it has none."""
        address = well_known(identifier, WellKnown.CREDENTIAL_ISSUER)
        accept = {REQUIRED: JWT_MEDIA_TYPE, OFF: JSON_MEDIA_TYPE}.get(self.signed, _BOTH)
        reply = ok(await self.network.get(address, accept))
        try:
            if reply.media_type == JWT_MEDIA_TYPE:
                found = await self._signed(identifier, reply.body, now)
                if found is not None:
                    return found
                reply = ok(await self.network.get(address, JSON_MEDIA_TYPE))
            if self.signed == REQUIRED:
                raise _unsigned(identifier)
            return parse_issuer_metadata(
                reply.body, issuer=identifier, allow_loopback_http=self.allow_loopback_http
            )
        except Oid4vciError as error:
            raise WalletError("invalid_metadata", f"{identifier}: {error.description}") from error

    async def _signed(self, identifier: str, body: bytes, now: int) -> IssuerMetadata | None:
        """Return signed metadata that holds, None where its signer is nobody who counts."""
        try:
            header = jws.parse(body).header
            roots = await self.roots(identifier, jws.decode_chain(header), now)
        except TrustError as error:
            if self.signed == REQUIRED:
                raise _unsigned(identifier) from error
            return None
        except EnvelopeError as error:
            raise WalletError("invalid_metadata", f"{identifier}: {error}") from error
        return parse_signed_metadata(
            body,
            issuer=identifier,
            anchors=roots,
            window=Window(now, MAX_AGE_SECONDS, MAX_SKEW_SECONDS),
            allow_loopback_http=self.allow_loopback_http,
        )

    async def server(self, identifier: str) -> AuthorizationServerMetadata:
        """Return an authorization server's metadata; WalletError if it has none."""
        address = well_known(identifier, WellKnown.AUTHORIZATION_SERVER)
        reply = ok(await self.network.get(address))
        try:
            return parse_server_metadata(
                reply.body, issuer=identifier, allow_loopback_http=self.allow_loopback_http
            )
        except OAuthError as error:
            raise WalletError(
                "invalid_server_metadata", f"{identifier}: {error.description}"
            ) from error


def _unsigned(identifier: str) -> WalletError:
    return WalletError(
        "metadata_not_signed",
        f"{identifier} gave no metadata under a signature that counts, which the settings demand",
    )


def ok(reply: Reply) -> Reply:
    """Return an answer with the status 200; WalletError for any other."""
    if reply.status != OK:
        raise WalletError(
            "unexpected_answer",
            f"{reply.host or 'the other side'} answered {reply.status} where {OK} was expected;"
            " try again later, or ask there",
        )
    return reply
