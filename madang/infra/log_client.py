"""Appending to a municipality's log, and reading it back: port, HTTP adapter, twin."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from madang.core.encoding import base64url, strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.merkle.entry import Entry, EntryKind
from madang.core.merkle.tiles import Tile
from madang.infra.http import HttpClient, HttpError

OK = 200
REFUSALS = (400, 409, 413, 422)
INDEX_LIMIT = 2**53
"""No log grows so far; a larger number would fit neither a database nor every reader's JSON."""


class LogUnavailable(RuntimeError):  # noqa: N818 - a state, not a mistake
    """The log did not take or answer this now; call again with the same keys."""


class LogRefused(LogUnavailable):
    """The log looked at the entries and does not take them; all of them, or one among them."""


@dataclass(frozen=True, slots=True)
class AppendEntry:
    """One entry to append.

    Attributes:
        key: idempotency key; the same key is the same entry for ever.
        kind: what was done.
        commitment: 32 bytes.
        issuer: identifier of the office.
        hour: epoch seconds rounded down to the hour.
    """

    key: str
    kind: EntryKind
    commitment: bytes
    issuer: str
    hour: int


class LogClient(Protocol):
    """What services need of a log."""

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        """Hand over entries; return the index of each key, None while it has none yet.

        Raises:
            LogUnavailable: call again with the same keys.
            LogRefused: an entry is malformed or its key is another entry's; none was taken.
        """
        ...

    async def checkpoint(self, tenant: str) -> str:
        """Return the newest checkpoint, a signed note; LogUnavailable if there is none now."""
        ...

    async def tile(self, tenant: str, tile: Tile) -> bytes:
        """Return a tile or bundle; LogUnavailable if it cannot be had now."""
        ...


Authorize = Callable[[str, str, str, bytes], Mapping[str, str]]
"""From tenant, method, URL and body to the headers that prove who calls."""


class HttpLogClient:
    """A log behind HTTP.

    Args:
        http: the network.
        address: identifier of each tenant's log.
        authorize: makes the headers of an append.
    """

    def __init__(
        self, http: HttpClient, address: Callable[[str], str], authorize: Authorize
    ) -> None:
        self._http = http
        self._address = address
        self._authorize = authorize

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        """Hand over entries; see `LogClient.append`."""
        url = f"{self._address(tenant)}/entries"
        body = strict_json.dumps({"entries": [_as_json(entry) for entry in entries]}).encode()
        headers = {
            "content-type": "application/json",
            **self._authorize(tenant, "POST", url, body),
        }
        answer = await self._send("POST", url, headers, body)
        try:
            listed = strict_json.loads(answer)["entries"]
            return {str(item["key"]): _index(item["index"]) for item in listed}
        except (EncodingError, KeyError, TypeError) as error:
            raise LogUnavailable("the log's answer is not understood") from error

    async def checkpoint(self, tenant: str) -> str:
        """Return the newest checkpoint."""
        return (await self._send("GET", f"{self._address(tenant)}/checkpoint")).decode()

    async def tile(self, tenant: str, tile: Tile) -> bytes:
        """Return a tile or bundle."""
        return await self._send("GET", f"{self._address(tenant)}/{tile.path}")

    async def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> bytes:
        try:
            answer = await self._http.request(method, url, headers=headers, content=body)
        except HttpError as error:
            raise LogUnavailable(str(error)) from error
        if answer.status in REFUSALS:
            raise LogRefused(f"{method} {url} answered {answer.status}")
        if answer.status != OK:
            raise LogUnavailable(f"{method} {url} answered {answer.status}")
        return answer.body


def _as_json(entry: AppendEntry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "kind": entry.kind.value,
        "commitment": base64url.encode(entry.commitment),
        "issuer": entry.issuer,
        "hour": entry.hour,
    }


def _index(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < INDEX_LIMIT:
        raise TypeError(f"an index is a whole number from 0 below {INDEX_LIMIT}, or null")
    return value


class MemoryLogClient:
    """A log in this process: what the HTTP adapter is held against, and for tests.

    Attributes:
        entries: what was appended, per tenant, in order.
        available: set to False to have every call fail.
    """

    def __init__(self) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.available = True
        self._indexes: dict[tuple[str, str], int] = {}

    async def append(self, tenant: str, entries: Sequence[AppendEntry]) -> Mapping[str, int | None]:
        """Append at once; a key that is known keeps its index."""
        self._check()
        log = self.entries.setdefault(tenant, [])
        for entry in entries:
            if (tenant, entry.key) in self._indexes:
                continue
            self._indexes[tenant, entry.key] = len(log)
            log.append(Entry(len(log), entry.kind, entry.hour, entry.issuer, entry.commitment))
        return {entry.key: self._indexes[tenant, entry.key] for entry in entries}

    async def checkpoint(self, tenant: str) -> str:
        """A twin publishes nothing."""
        self._check()
        raise LogUnavailable(f"no checkpoint of {tenant}")

    async def tile(self, tenant: str, tile: Tile) -> bytes:
        """A twin publishes nothing."""
        self._check()
        raise LogUnavailable(f"no {tile.path} of {tenant}")

    def _check(self) -> None:
        if not self.available:
            raise LogUnavailable("switched off")
