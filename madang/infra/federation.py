"""Where issuers stand in a federation: chains looked for over the network, and kept for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from madang.core.protocol.dcql.authorities import Authorities
from madang.core.protocol.openid.entity_statement import MAX_BYTES, MEDIA_TYPE
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
from madang.infra.anchors import load_anchors
from madang.infra.http import HttpClient, HttpError
from madang.infra.settings import SettingsFileError

ISSUERS_KEPT: Final = 256
_OK: Final = 200


class FederationAnchorsError(SettingsFileError):
    """The file that the settings name holds no anchors; the message says why."""


@dataclass(frozen=True, slots=True)
class FederationBounds:
    """How long to look, and how long to go by what was found.

    Attributes:
        seconds: longest time that a chain is used without asking again, whatever it allows.
        retry: seconds that an issuer without a chain is left alone after a search.
        search: longest time of one search.
    """

    seconds: int = 300
    retry: int = 10
    search: float = 20.0


class FederationPaths:
    """Looks for the entities above an issuer.

    Args:
        http: fetches statements.
        anchors: whose chains count; none means that nothing is ever fetched.
        bounds: of time.
    """

    def __init__(self, http: HttpClient, anchors: Anchors, bounds: FederationBounds) -> None:
        self._http = http
        self._anchors = anchors
        self._bounds = bounds
        self._kept: OrderedDict[str, tuple[int, int, TrustPath]] = OrderedDict()
        self._flights: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def place(self, issuers: Collection[str], *, now: int) -> Federation:
        """Return the federation with the place of each of these issuers; nothing raises."""
        found = await asyncio.gather(*(self._path(issuer, now) for issuer in issuers))
        entities = (path.entities for path in found)
        return Federation(self._anchors, dict(zip(issuers, entities, strict=True)))

    async def _path(self, issuer: str, now: int) -> TrustPath:
        flight = self._flights.setdefault(issuer, asyncio.Lock())
        async with flight:  # all who wait for a search get what it finds
            since, until, known = self._kept.get(issuer, (0, 0, NO_PATH))
            return known if since <= now < until else await self._searched(issuer, now)

    async def _searched(self, issuer: str, now: int) -> TrustPath:
        until = now + self._bounds.retry
        try:
            async with asyncio.timeout(self._bounds.search):
                fetching = resolve(issuer, self._anchors, now=now)
                found = await follow(fetching, self._fetched)
        except TimeoutError:
            found, until = NO_PATH, until + int(self._bounds.search)
        if found.entities:
            until = min(now + self._bounds.seconds, found.expires_at)
        self._kept[issuer] = now, until, found
        self._kept.move_to_end(issuer)
        while len(self._kept) > ISSUERS_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _fetched(self, address: str) -> bytes | None:
        try:
            answer = await self._http.request("GET", address, headers={"accept": MEDIA_TYPE})
        except HttpError:
            return None
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        good = answer.status == _OK and kind == MEDIA_TYPE and len(answer.body) <= MAX_BYTES
        return answer.body if good else None


def load_authorities(federation: Path | None, lists: Mapping[str, Path]) -> Authorities:
    """Return what files say of authorities besides certificates.

    Args:
        federation: JSON file with a JWK Set by each entity identifier; None for none.
        lists: by the address of a trusted list a file or folder with the certificates on it.

    Raises:
        FederationAnchorsError, AnchorsError: a file cannot be read, or is not that.
    """
    listed = {name: load_anchors(path) for name, path in lists.items()}
    return Authorities(Federation(_anchors(federation)), listed)


def _anchors(path: Path | None) -> Anchors:
    if path is None:
        return {}
    try:
        return parse_anchors(path.read_bytes())
    except OSError as error:
        raise FederationAnchorsError(f"{path} cannot be read") from error
    except OpenIdError as error:
        raise FederationAnchorsError(f"{path}: {error.detail}") from error
