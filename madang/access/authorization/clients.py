"""Clients: from a file, and entered by an administrator's API."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from madang.access.authorization.errors import ClientRefused
from madang.access.authorization.policy import Ground
from madang.access.authorization.store import Clients
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.oauth.errors import OAuthError, invalid_client
from madang.core.protocol.oauth.key_set import NamedKey, candidates, parse_key_set, signing_keys
from madang.core.protocol.oauth.registration import (
    ClientRegistration,
    parse_registration,
    read_registration,
)
from madang.infra.http import HttpError
from madang.infra.settings import SettingsFileError

FileClients = Mapping[str, Mapping[str, ClientRegistration]]
"""By municipality and client_id."""
_AGAIN_SECONDS = 10
"""How soon a key set is fetched again for a key that was not in it, or when it did not come."""


class ClientsFileError(SettingsFileError):
    """The file of clients cannot be used; the text names file, place and expectation."""


def load_clients(path: Path | None, *, allow_loopback_http: bool = False) -> FileClients:
    """Read clients from JSON: `{"<tenant>": [client metadata by the names of RFC 7591, …]}`.

    Raises:
        ClientsFileError: no such file, no such JSON, or two clients of one id.
    """
    if path is None:
        return {}
    try:
        value = strict_json.loads(path.read_bytes())
    except (OSError, EncodingError) as error:
        raise ClientsFileError(f"{path}: {error}") from error
    if not isinstance(value, dict) or not all(isinstance(each, list) for each in value.values()):
        raise ClientsFileError(f"{path}: an array of clients for each municipality was expected")
    found: dict[str, dict[str, ClientRegistration]] = {}
    for tenant, listed in value.items():
        for each in listed:
            client = read_registration(
                each,
                lambda reason: ClientsFileError(f"{path}: {reason}"),
                allow_loopback_http=allow_loopback_http,
            )
            if client.client_id in found.setdefault(tenant, {}):
                raise ClientsFileError(f"{path}: {client.client_id} stands twice in {tenant}")
            found[tenant][client.client_id] = client
    return found


@dataclass(frozen=True, slots=True)
class ClientBook:
    """Finds clients and changes those that were entered by API.

    Attributes:
        ground: database and policy.
        from_file: those that only the operator changes.
    """

    ground: Ground
    from_file: FileClients

    def find(self, tenant: str, client_id: str) -> ClientRegistration | None:
        """Return a client; None for an unknown one."""
        fixed = self.from_file.get(tenant, {}).get(client_id)
        if fixed is not None:
            return fixed
        with self.ground.database.reading() as session:
            kept = Clients(session).get(tenant, client_id)
        return None if kept is None else self._read(kept)

    def all(self, tenant: str) -> list[ClientRegistration]:
        """Return every client of a municipality."""
        with self.ground.database.reading() as session:
            kept = [self._read(each) for each in Clients(session).all(tenant)]
        return [*self.from_file.get(tenant, {}).values(), *kept]

    def parse(self, body: bytes) -> ClientRegistration:
        """Read client metadata of an administrator's call; ClientRefused if it is none."""
        loopback = self.ground.policy.allow_loopback_http
        return parse_registration(body, ClientRefused, allow_loopback_http=loopback)

    def check_changeable(self, tenant: str, client_id: str) -> None:
        """Refuse to change what stands in the file."""
        if client_id in self.from_file.get(tenant, {}):
            told = "this client stands in the operator's file and is changed there"
            raise ClientRefused(told, "client_fixed", 409)

    def _read(self, kept: str) -> ClientRegistration:
        return read_registration(strict_json.loads(kept), ValueError, allow_loopback_http=True)


@dataclass(slots=True)
class _Fetched:
    keys: tuple[NamedKey, ...]
    at: int


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """Keys of clients; fetched ones are kept for a while.

    Attributes:
        ground: HTTP, clock and policy.
    """

    ground: Ground
    _kept: dict[str, _Fetched] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)

    async def candidates(
        self, client: ClientRegistration, header: Mapping[str, object]
    ) -> tuple[PublicKey, ...]:
        """Return the keys of a client that a JWS may be signed with.

        Raises:
            OAuthError: ``invalid_client``: its key set cannot be fetched or read.
        """
        if client.jwks is not None:
            return candidates(signing_keys(client.jwks, invalid_client), header)
        if client.jwks_uri is None:
            return ()
        now, kept = self.ground.clock.now(), self._kept.get(client.jwks_uri)
        if kept is None or now >= kept.at + self.ground.policy.key_seconds:
            kept = await self._fetch(client.jwks_uri, now)
        found = candidates(kept.keys, header)
        if not found and now >= kept.at + _AGAIN_SECONDS:
            found = candidates((await self._fetch(client.jwks_uri, now)).keys, header)
        return found

    async def _fetch(self, uri: str, now: int) -> _Fetched:
        """Fetch a key set; one that did not come is not asked for again at once."""
        if now < self._failed.get(uri, now - _AGAIN_SECONDS) + _AGAIN_SECONDS:
            raise _unreadable()
        try:
            fetched = _Fetched(await self._read(uri), now)
        except OAuthError:
            # It may have taken long: the time counts from the end.
            self._failed[uri] = self.ground.clock.now()
            raise
        self._kept[uri] = fetched
        self._failed.pop(uri, None)
        return fetched

    async def _read(self, uri: str) -> tuple[NamedKey, ...]:
        try:
            answer = await self.ground.http.request("GET", uri, headers={"accept": "*/*"})
        except HttpError:
            raise _unreadable() from None
        if answer.status != 200 or len(answer.body) > self.ground.policy.key_bytes:  # noqa: PLR2004
            raise _unreadable()
        return parse_key_set(answer.body, invalid_client)


def _unreadable() -> OAuthError:
    return invalid_client("the client's jwks_uri gives no key set within the limits")
