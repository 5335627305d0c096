"""An access token in use: renewed when it ends, kept after every change."""

from dataclasses import asdict, dataclass
from typing import Final

from madang.core.protocol.oauth.metadata import AuthorizationServerMetadata
from madang.core.protocol.oid4vci.metadata import IssuerMetadata
from mobile_stub.adapters.network import Network, Reply
from mobile_stub.errors import WalletError
from mobile_stub.receiving.channel import Channel
from mobile_stub.receiving.client import Clients
from mobile_stub.receiving.discovery import Discovery
from mobile_stub.receiving.model import GRANTED, Granted, Keeper
from mobile_stub.receiving.tokens import Tokens

UNAUTHORIZED: Final = 401


@dataclass(slots=True)
class Access:
    """What one grant lets the wallet do at its issuer.

    Attributes:
        name: of its paper.
        vault: keeps it.
        metadata: the issuer's.
        channel: the way to issuer and authorization server.
        granted: the newest.
    """

    name: str
    vault: Keeper
    metadata: IssuerMetadata
    channel: Channel
    granted: Granted

    async def call(self, address: str, body: str, kind: str, now: int) -> Reply:
        """Post a body of the media type `kind` to the issuer, with a token that counts.

        Raises:
            WalletError: no answer, or the token is over and cannot be renewed.
        """
        renewable = self.granted.refresh_token is not None
        if renewable and self.granted.over(now):
            await self.renew(now)
            renewable = False
        reply = await self.channel.call(address, body, kind, self.granted, now)
        if reply.status == UNAUTHORIZED and renewable:
            await self.renew(now)
            reply = await self.channel.call(address, body, kind, self.granted, now)
        return reply

    async def renew(self, now: int) -> None:
        """Take a new access token for the refresh token; WalletError if there is none."""
        tokens = Tokens(self.channel, self.granted.issuer)
        self.granted = await tokens.renewed(self.granted, now)
        self.keep()

    def keep(self) -> None:
        """Keep what was granted."""
        self.vault.keep_paper(GRANTED, self.name, asdict(self.granted))


@dataclass(frozen=True, slots=True)
class Accesses:
    """Opens channels and grants.

    Attributes:
        network: HTTP.
        vault: keys and grants.
        discovery: finds out about issuers.
        clients: how the wallet makes itself known.
    """

    network: Network
    vault: Keeper
    discovery: Discovery
    clients: Clients

    async def channel(
        self, server: AuthorizationServerMetadata, *, anonymous: bool, now: int
    ) -> Channel:
        """Return the way to a server, with a DPoP key that no other server sees."""
        client = await self.clients.at(server, anonymous=anonymous, now=now)
        key = self.vault.named_signer(f"dpop {server.issuer}")
        return Channel(self.network, server, client, key)

    async def again(self, name: str, now: int) -> Access:
        """Return a grant that was kept, with all that is known of its issuer now.

        Raises:
            WalletError: unknown_grant, or what the issuer's documents or the provider raise.
        """
        kept = self.vault.paper(GRANTED, name)
        if kept is None:
            raise WalletError("unknown_grant", "what was granted is not kept any more")
        granted = Granted(**kept)
        metadata = await self.discovery.issuer(granted.issuer, now)
        server = await self.discovery.server(granted.server)
        channel = await self.channel(server, anonymous=granted.anonymous, now=now)
        return Access(name, self.vault, metadata, channel, granted)
