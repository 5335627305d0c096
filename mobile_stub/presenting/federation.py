"""Whom the issuers of held copies stand under, where a verifier asks for that.

Only those are looked up whose copies are of a type that is asked for, and only by what they
themselves name: a verifier's request makes the wallet go nowhere (OpenID4VP 1.0 section 15.10).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from madang.core.protocol.dcql.authorities import Authorities, authority_types
from madang.core.protocol.dcql.authority import OPENID_FEDERATION
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.openid.entity_statement import MEDIA_TYPE
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.federation import (
    NO_PATH,
    Anchors,
    Federation,
    TrustPath,
    follow,
    parse_anchors,
    resolve,
)
from mobile_stub.adapters.anchors import load_anchors
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy
from mobile_stub.settings import Settings

SECONDS: Final = 300
"""How long a chain is used without asking again, at most."""
SEARCH_SECONDS: Final = 20.0
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Places:
    """Looks up issuers.

    Attributes:
        network: HTTP.
        known: whose chains count, none of which means that nothing is ever fetched; and the
            trusted lists.
    """

    network: Network
    known: Authorities
    _kept: dict[str, tuple[int, TrustPath]] = field(default_factory=dict)

    async def authorities(
        self, query: DcqlQuery, copies: Sequence[HeldCopy], now: int
    ) -> Authorities:
        """Return what is known of the issuers of these copies, as far as the query asks."""
        members = {
            issuer: (await self._path(issuer, now)).entities
            for issuer in _concerned(query, copies)
            if self.anchors
        }
        return self.known.placed(Federation(self.anchors, members))

    @property
    def anchors(self) -> Anchors:
        """Return the anchors of federations."""
        return self.known.federation.anchors

    async def _path(self, issuer: str, now: int) -> TrustPath:
        until, known = self._kept.get(issuer, (0, NO_PATH))
        if now < until <= now + SECONDS:
            return known
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                found = await follow(resolve(issuer, self.anchors, now=now), self._fetched)
        except TimeoutError:
            found = NO_PATH
        self._kept[issuer] = min(now + SECONDS, found.expires_at), found
        return found

    async def _fetched(self, address: str) -> bytes | None:
        try:
            reply = await self.network.get(address, MEDIA_TYPE)
        except WalletError:
            return None
        return reply.body if (reply.status, reply.media_type) == (_OK, MEDIA_TYPE) else None


def _concerned(query: DcqlQuery, copies: Sequence[HeldCopy]) -> list[str]:
    """Return the issuers of copies that a query wants to be in a federation."""
    wanted = {
        (each.format, of_type)
        for each in query.credentials
        if OPENID_FEDERATION in authority_types([each])
        for of_type in (*(each.meta.vct_values or ()), each.meta.doctype_value)
    }
    issuers = (copy.issuer for copy in copies if (copy.format, copy.type) in wanted)
    return [*dict.fromkeys(issuers)]


def authorities_of(settings: Settings) -> Authorities:
    """Return what the settings say of authorities besides certificates.

    Raises:
        WalletError: `federation_unreadable` or `anchors_unreadable`.
    """
    lists = {name: load_anchors(path) for name, path in settings.trusted_lists.items()}
    return Authorities(Federation(_anchors(settings.federation_anchors)), lists)


def _anchors(path: Path | None) -> Anchors:
    if path is None:
        return {}
    try:
        return parse_anchors(path.read_bytes())
    except OSError as error:
        raise WalletError("federation_unreadable", f"{path} cannot be read") from error
    except OpenIdError as error:
        raise WalletError("federation_unreadable", f"{path}: {error.detail}") from error
