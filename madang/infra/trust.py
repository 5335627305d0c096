"""What is known beforehand of others: anchors and log keys on disk, the federation's trust list."""

from pathlib import Path

from madang.core.merkle.note import VerifierKey
from madang.core.trust.model import Attester, TrustList
from madang.infra.catalogue import Catalogue
from madang.infra.tenancy import Addresses


def load_anchors(folder: Path, tenant: str) -> tuple[bytes, ...]:
    """Return a municipality's roots in DER, from `<folder>/<tenant>/*.der`; none if there is none.

    Without an anchor nothing of that municipality is trusted.
    """
    return tuple(path.read_bytes() for path in sorted((folder / tenant).glob("*.der")))


def load_log_key(folder: Path, tenant: str) -> VerifierKey:
    """Return the key of a municipality's log, from `<folder>/<tenant>.vkey`."""
    return VerifierKey.parse((folder / f"{tenant}.vkey").read_text("utf-8").strip())


def load_trust(folder: Path, catalogue: Catalogue, addresses: Addresses) -> TrustList:
    """Return who attests which type.

    Args:
        folder: the anchors, a folder for each municipality.
        catalogue: types and the federation's agreement.
        addresses: identifiers of the issuers.
    """
    attesters = {
        tenant.id: Attester(
            issuer=addresses.identifier(tenant.id, "issuer"),
            tenant=tenant.id,
            anchors=load_anchors(folder, tenant.id),
        )
        for tenant in catalogue.tenants
    }
    by_vct = {
        catalogue.vct(addresses, type_id): tuple(attesters[t] for t in tenants)  # type: ignore[index]
        for type_id, tenants in catalogue.federation.attesters.items()
    }
    types = {catalogue.vct(addresses, type_id): str(type_id) for type_id in catalogue.types}
    return TrustList(by_vct, types)
