"""The types of the catalogue as answers are held against them (SD-JWT VC Type Metadata)."""

from collections.abc import Mapping

from madang.core.catalog import metadata
from madang.core.protocol.oid4vp.type_check import KnownType
from madang.infra.catalogue import Catalogue
from madang.infra.tenancy import Addresses


def known_types(catalogue: Catalogue, addresses: Addresses) -> Mapping[str, KnownType]:
    """Return every type by its `vct`, each read once from the bytes that issuers serve."""
    named = [(catalogue.vct(addresses, each.id), each) for each in catalogue.types.values()]
    return {vct: KnownType.of(metadata.encode(each, vct), vct) for vct, each in named}
