"""Status lists of issuers: fetched within bounds, kept as long as their issuers allow.

A list is used without the network while its `ttl` lasts, counted from when it was fetched, and no
longer than this service's own bound. After that it is fetched again. Where that cannot be, the list
kept is used until it expires or a bound of this verifier is reached, and whoever asked is told its
age once its `ttl` is over; after that there is no status, and no status is a
refusal. Redirects are not followed: the issuer's signature names the address.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from madang.core.protocol.oid4vp.status_check import (
    UNREACHABLE,
    AgedList,
    StatusLookup,
    VerifiedList,
    read_status_list,
)
from madang.core.protocol.oid4vp.verdict import StatusSource
from madang.core.status import identifier_list, token_cwt, token_jwt
from madang.core.status.errors import StatusError
from madang.core.trust.snapshot import SnapshotError
from madang.infra.http import HttpClient, HttpError
from madang.infra.trust import Trust
from verifier.presentations.list_shelf import KeptList, ListShelf

OUTDATED: Final = "status_list_outdated"
_OK: Final = 200
_FORMS: Final = (token_jwt.MEDIA_TYPE, token_cwt.MEDIA_TYPE, identifier_list.MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is accepted and kept.

    Attributes:
        list_bytes: largest list, also when unpacked.
        seconds: longest time that a list is used without asking again, whatever it allows.
        offline: longest time that a list is used where nobody answers, whatever it allows.
        lists: most lists kept.
        bytes: most bytes of all lists kept.
        retry: seconds that a failure is kept, so that an address is not asked at every turn.
    """

    list_bytes: int
    seconds: int
    offline: int
    lists: int
    bytes: int
    retry: int


@dataclass(frozen=True, slots=True)
class _Known:
    """A list that was verified for one source.

    Attributes:
        read: the list.
        fetched_at: epoch seconds.
        fresh_until: when a newer one is asked for.
        useful_until: when it is of no use any more.
    """

    read: VerifiedList
    fetched_at: int
    fresh_until: int
    useful_until: int

    def in_time(self, now: int) -> bool:
        """Tell whether the list may be used without asking for a newer one."""
        return self.fetched_at <= now < self.fresh_until and not self.expired(now)

    def expired(self, now: int) -> bool:
        """Tell whether the list is of no use."""
        return now >= self.useful_until


class FetchedStatusLists:
    """Implements `StatusLists` over HTTP.

    A list is verified per address, type and issuer, because whose it must be is part of what was
    verified. One request at a time goes to an address; all who wait for it get its answer.
    """

    def __init__(self, http: HttpClient, trust: Trust, bounds: Bounds, shelf: ListShelf) -> None:
        self._http = http
        self._trust = trust
        self._bounds = bounds
        self._shelf = shelf
        self._known: OrderedDict[StatusSource, _Known] = OrderedDict()
        self._refused: OrderedDict[StatusSource | str, tuple[int, StatusError]] = OrderedDict()
        self._flights: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def lookup(self, source: StatusSource, *, now: int) -> StatusLookup:
        """Return the list, with its age when it is past its ttl, or why there is none."""
        known = self._known.get(source)
        if known is not None and known.in_time(now):
            return known.read.statuses
        flight = self._flights.get(source.uri)
        if flight is None:
            flight = self._flights[source.uri] = asyncio.Lock()
        async with flight:
            return await self._renewed(source, now)

    async def _renewed(self, source: StatusSource, now: int) -> StatusLookup:
        known = self._known.get(source) or self._taken_out(source, now)
        if known is not None and known.in_time(now):  # fetched while waiting, or before a restart
            return known.read.statuses
        refused = self._recent_refusal(source, now)
        found = refused or await self._fetched(source, known, now)
        if isinstance(found, _Known):
            return found.read.statuses
        if refused is None:
            self._refuse(source, found, now)
        # What was fetched and is not the issuer's word is refused; silence is not.
        excused = found.code in {UNREACHABLE, OUTDATED}
        if known is None or known.expired(now) or not excused:
            return found
        age, ttl = max(0, now - known.fetched_at), known.read.token.ttl
        if ttl is not None and age < ttl:
            return known.read.statuses
        return AgedList(known.read.statuses, age)

    async def _fetched(
        self, source: StatusSource, known: _Known | None, now: int
    ) -> _Known | StatusError:
        try:
            media_type, token = await self._fetch(source.uri)
        except StatusError as error:
            return error
        found = self._verified(source, media_type, token, fetched_at=now, now=now)
        if isinstance(found, StatusError):
            return found
        if known is not None and found.read.token.issued_at < known.read.token.issued_at:
            return StatusError(OUTDATED, "the list is older than one fetched before")
        self._keep(source, found)
        kept = KeptList(source.uri, media_type, token, now, found.useful_until)
        self._shelf.put(kept, now=now)
        return found

    async def _fetch(self, uri: str) -> tuple[str, bytes]:
        try:
            answer = await self._http.request("GET", uri, headers={"accept": ", ".join(_FORMS)})
        except HttpError as error:
            raise StatusError(UNREACHABLE, str(error)) from error
        if answer.status != _OK:
            raise StatusError(UNREACHABLE, f"the list's address answered {answer.status}")
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _FORMS:
            raise StatusError(UNREACHABLE, "something else than a status list is at its address")
        return kind, answer.body

    def _taken_out(self, source: StatusSource, now: int) -> _Known | None:
        """Return the list kept before a restart, or for another type."""
        kept = self._shelf.get(source.uri)
        if kept is None:
            return None
        found = self._verified(
            source, kept.media_type, kept.token, fetched_at=kept.fetched_at, now=now
        )
        if isinstance(found, StatusError):
            return None
        self._keep(source, found)
        return found

    def _verified(
        self, source: StatusSource, media_type: str, token: bytes, *, fetched_at: int, now: int
    ) -> _Known | StatusError:
        try:
            trust = self._trust.at(now)
        except SnapshotError as error:
            return StatusError(error.code, str(error))
        read = read_status_list(
            token,
            source,
            media_type=media_type,
            trust=trust,
            now=now,
            max_bytes=self._bounds.list_bytes,
        )
        if isinstance(read, StatusError):
            return read
        ttl, expires_at = read.token.ttl, read.token.expires_at
        seconds = self._bounds.seconds if ttl is None else min(ttl, self._bounds.seconds)
        fresh_until = fetched_at + seconds
        if expires_at is None:  # nobody said how long it may be used without news of it
            return _Known(read, fetched_at, fresh_until, fresh_until)
        useful_until = min(expires_at, fetched_at + self._bounds.offline)
        return _Known(read, fetched_at, fresh_until, useful_until)

    def _keep(self, source: StatusSource, known: _Known) -> None:
        self._refused.pop(source, None)
        self._refused.pop(source.uri, None)
        self._known[source] = known
        self._known.move_to_end(source)
        while len(self._known) > self._bounds.lists or self._size() > self._bounds.bytes:
            self._known.popitem(last=False)

    def _size(self) -> int:
        return sum(known.read.size for known in self._known.values())

    def _recent_refusal(self, source: StatusSource, now: int) -> StatusError | None:
        for key in (source.uri, source):
            until, error = self._refused.get(key, (0, None))
            if error is not None and until - self._bounds.retry <= now < until:
                return error
        return None

    def _refuse(self, source: StatusSource, error: StatusError, now: int) -> None:
        """Keep a failure: of the address when nothing came, else of what was wanted of it."""
        key = source.uri if error.code == UNREACHABLE else source
        self._refused[key] = now + self._bounds.retry, error
        self._refused.move_to_end(key)
        while len(self._refused) > self._bounds.lists:
            self._refused.popitem(last=False)
