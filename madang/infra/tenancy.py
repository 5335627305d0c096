"""Tenants and their permanent addresses (architecture: tenants and identifiers)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NewType

TenantId = NewType("TenantId", str)

SERVICES: Final = ("issuer", "verifier", "counter", "wallet", "log", "witness")


class UnknownTenant(LookupError):  # noqa: N818 - the word of the domain
    """No municipality of this name; answered as if there were nothing (404)."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A municipality that shares the system.

    Attributes:
        id: short name, part of every identifier.
        names: name per language.
        host: host name that the municipality owns, part of its permanent identifiers.
        region_code: first two digits of its administrative code.
    """

    id: TenantId
    names: Mapping[str, str]
    host: str
    region_code: str


class Tenants:
    """All municipalities by id."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self._by_id = {tenant.id: tenant for tenant in tenants}

    def get(self, tenant_id: str) -> Tenant:
        """Return the tenant; UnknownTenant if there is none of this id."""
        try:
            return self._by_id[TenantId(tenant_id)]
        except KeyError:
            raise UnknownTenant(tenant_id) from None

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._by_id.values())

    def ids(self) -> tuple[TenantId, ...]:
        """Return the ids in the order of the catalogue."""
        return tuple(self._by_id)


class Addresses:
    """Identifiers of the services of each tenant.

    Args:
        tenants: the municipalities.
        origins: origin per service, "http://127.0.0.1:8401", for a run without the
            municipalities' own hosts; a service that is not named has `https://<host>`.
    """

    def __init__(self, tenants: Tenants, origins: Mapping[str, str] | None = None) -> None:
        self._tenants = tenants
        self._origins = {name: origin.rstrip("/") for name, origin in (origins or {}).items()}
        self._identifiers: dict[tuple[str, str], str] = {}

    def origin(self, tenant_id: str, service: str) -> str:
        """Return scheme, host and port of a service."""
        tenant = self._tenants.get(tenant_id)
        return self._origins.get(service, f"https://{tenant.host}")

    def identifier(self, tenant_id: str, service: str) -> str:
        """Return the permanent identifier `<origin>/<tenant>/<service>`."""
        known = self._identifiers.get((tenant_id, service))
        if known is None:
            known = f"{self.origin(tenant_id, service)}/{tenant_id}/{service}"
            self._identifiers[tenant_id, service] = known
        return known

    def well_known(self, tenant_id: str, service: str, name: str) -> str:
        """Return a well-known address, inserted between host and path (RFC 8615, RFC 8414)."""
        return f"{self.origin(tenant_id, service)}/.well-known/{name}/{tenant_id}/{service}"

    def log_origin(self, tenant_id: str) -> str:
        """Return the log's origin: its identifier without the scheme (C2SP tlog-checkpoint)."""
        return self.bare(tenant_id, "log")

    def bare(self, tenant_id: str, service: str) -> str:
        """Return the identifier without the scheme, as keys of notes are named (C2SP)."""
        return self.identifier(tenant_id, service).partition("://")[2]
