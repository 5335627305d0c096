"""What a registry begins with: `catalog/federation.json` as records and leases.

That file is the agreement on the day of founding, for a development city or a federation's first
deployment. From then on the registry alone says who may do what; changes are proposed there.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import Path
from madang.core.catalog.federation import Purpose
from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.trust.accreditation import (
    KINDS,
    Document,
    Issuer,
    Kind,
    Log,
    RegisteredPurpose,
    Verifier,
    Witness,
    encode_document,
    texts_hash,
)
from madang.core.trust.registry import tenant_key
from madang.infra.catalogue import Catalogue
from madang.infra.tenancy import Addresses, TenantId


@dataclass(frozen=True, slots=True)
class Founding:
    """One record that the deployer enters before the registry is sealed.

    Attributes:
        kind: what it accredits.
        body: the body's address on the chain.
        document: the bytes that the contract takes.
    """

    kind: Kind
    body: str
    document: bytes


@dataclass(frozen=True, slots=True)
class Founders:
    """What is known of the municipalities, each by tenant id.

    Attributes:
        accounts: their addresses on the chain; also members and first holders of their leases.
        anchors: DER of their roots.
        log_keys: verifier keys of their logs: of checkpoints, and of the second line.
        witness_keys: verifier keys of their witnesses; a municipality may have none.
    """

    accounts: Mapping[str, str]
    anchors: Callable[[str], Sequence[bytes]]
    log_keys: Callable[[str], tuple[str, str]]
    witness_keys: Mapping[str, str]


def founding(
    catalogue: Catalogue, addresses: Addresses, founders: Founders, *, start: int, end: int
) -> tuple[Founding, ...]:
    """Return the founding records: of each municipality issuer, verifier, log and witness.

    Args:
        catalogue: types, municipalities, the agreement.
        addresses: identifiers of the services.
        founders: keys and accounts.
        start: first second that the documents are valid, since the epoch.
        end: last such second.

    Raises:
        AccreditationError: a document that the contract or a reader would not take.
    """
    made = _Founded(catalogue, addresses, founders, start, end)
    return tuple(
        Founding(KINDS[type(document)], founders.accounts[tenant], encode_document(document))
        for tenant in catalogue.tenants.ids()
        for document in made.documents(tenant)
    )


def founding_leases(catalogue: Catalogue, founders: Founders) -> tuple[tuple[bytes, str], ...]:
    """Return for each tenant how the contract names it, and the address that holds its lease."""
    ids = catalogue.tenants.ids()
    return tuple((tenant_key(tenant), founders.accounts[tenant]) for tenant in ids)


@dataclass(frozen=True, slots=True)
class _Founded:
    catalogue: Catalogue
    addresses: Addresses
    founders: Founders
    start: int
    end: int

    def documents(self, tenant: TenantId) -> Iterator[Document]:
        types = tuple(self._types(tenant))
        if types:
            common = self._common(tenant, "issuer")
            yield Issuer(*common, types=types, anchors=self._anchors(tenant))
        purposes = tuple(self._purposes(tenant))
        if purposes:
            common = self._common(tenant, "verifier")
            yield Verifier(*common, anchors=self._anchors(tenant), purposes=purposes)
        yield self._log(tenant)
        if tenant in self.founders.witness_keys:
            log = self.addresses.identifier(tenant, "log")
            identifier = f"{log.removesuffix('/log')}/witness"
            common = (identifier, tenant, self.start, self.end)
            yield Witness(*common, key=self.founders.witness_keys[tenant])

    def _common(self, tenant: TenantId, service: str) -> tuple[str, str, int, int]:
        return self.addresses.identifier(tenant, service), tenant, self.start, self.end

    def _anchors(self, tenant: TenantId) -> tuple[bytes, ...]:
        return tuple(sha256(der).digest() for der in self.founders.anchors(tenant))

    def _types(self, tenant: TenantId) -> Iterator[str]:
        for type_id, tenants in self.catalogue.federation.attesters.items():
            if tenant in tenants:
                yield from type_names(self.catalogue, self.addresses, type_id)

    def _purposes(self, tenant: TenantId) -> Iterator[RegisteredPurpose]:
        for purpose in self.catalogue.federation.purposes:
            if tenant in purpose.verifiers:
                asks = dict(self._asks(purpose))
                yield RegisteredPurpose(purpose.id, texts_hash(purpose.texts), asks)

    def _asks(self, purpose: Purpose) -> Iterator[tuple[str, tuple[Path, ...]]]:
        """Yield what may be asked of each type, in each format that it allows."""
        for type_id, paths in purpose.asks.items():
            kind = self.catalogue.types[type_id]
            if SD_JWT_VC in kind.formats:
                yield self.catalogue.vct(self.addresses, type_id), paths
            if MSO_MDOC in kind.formats:
                elements = mdoc.element_paths(self.catalogue.domain, kind, paths)
                yield self.catalogue.doc_type(type_id), elements

    def _log(self, tenant: TenantId) -> Log:
        key, second = self.founders.log_keys(tenant)
        return Log(
            *self._common(tenant, "log"),
            origin=self.addresses.log_origin(tenant),
            key=key,
            second_key=second,
            owner=self.founders.accounts[tenant],
        )


def type_names(catalogue: Catalogue, addresses: Addresses, type_id: str) -> Iterator[str]:
    """Yield how a type is named in each format that it allows: `vct`, `docType`."""
    formats = catalogue.types[type_id].formats  # type: ignore[index]
    if SD_JWT_VC in formats:
        yield catalogue.vct(addresses, type_id)
    if MSO_MDOC in formats:
        yield catalogue.doc_type(type_id)
