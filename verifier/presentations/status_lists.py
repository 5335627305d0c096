"""Fetches status lists within bounds and keeps verified ones as long as their issuer allows."""

from collections import OrderedDict
from dataclasses import dataclass

from madang.core.envelope import jws
from madang.core.envelope.errors import EnvelopeError
from madang.core.protocol.oid4vp.status_check import UNREACHABLE, StatusLookup, read_status_list
from madang.core.protocol.oid4vp.verdict import StatusSource
from madang.core.status import token_status_list
from madang.core.status.token_status_list import StatusError
from madang.core.trust.model import TrustList
from madang.infra.http import HttpClient, HttpError

_OK = 200


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is accepted and kept.

    Attributes:
        list_bytes: largest list, also when unpacked.
        seconds: longest time that a list is kept.
        lists: most lists kept.
    """

    list_bytes: int
    seconds: int
    lists: int


class FetchedStatusLists:
    """Implements `StatusLists` over HTTP.

    A list is kept per address, type and issuer, because whose it must be is part of what was
    verified. A failure is never kept.
    """

    def __init__(self, http: HttpClient, trust: TrustList, bounds: Bounds) -> None:
        self._http = http
        self._trust = trust
        self._bounds = bounds
        self._kept: OrderedDict[StatusSource, tuple[int, StatusLookup]] = OrderedDict()

    async def lookup(self, source: StatusSource, *, now: int) -> StatusLookup:
        """Return the list, or why there is none that can be relied upon."""
        until, kept = self._kept.get(source, (0, None))
        if kept is not None and now < until:
            return kept
        self._kept.pop(source, None)
        try:
            compact = await self._fetch(source.uri)
        except StatusError as error:
            return error
        limit = self._bounds.list_bytes
        found = read_status_list(compact, source, trust=self._trust, now=now, max_bytes=limit)
        if not isinstance(found, StatusError):
            self._keep(source, found, now + self._seconds(compact, now))
        return found

    async def _fetch(self, uri: str) -> str:
        headers = {"accept": token_status_list.MEDIA_TYPE}
        try:
            answer = await self._http.request("GET", uri, headers=headers)
        except HttpError as error:
            raise StatusError(UNREACHABLE, str(error)) from error
        if answer.status != _OK:
            raise StatusError(UNREACHABLE, f"the list's address answered {answer.status}")
        try:
            return answer.body.decode("ascii")
        except UnicodeDecodeError as error:
            raise StatusError("status_list_malformed", "the answer is no JWT") from error

    def _keep(self, source: StatusSource, found: StatusLookup, until: int) -> None:
        self._kept[source] = until, found
        while len(self._kept) > self._bounds.lists:
            self._kept.popitem(last=False)

    def _seconds(self, compact: str, now: int) -> int:
        """Return how long a verified list may be kept (Token Status List sections 5.1 and 13.7)."""
        try:
            claims = jws.claims(jws.parse(compact, max_bytes=self._bounds.list_bytes))
        except EnvelopeError:
            return 0
        ttl, expires = claims.get("ttl"), claims.get("exp")
        seconds = min(ttl, self._bounds.seconds) if isinstance(ttl, int) else self._bounds.seconds
        return min(seconds, expires - now) if isinstance(expires, int) else seconds
