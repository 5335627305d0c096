"""The types of the catalogue as answers are held against them, in each of their formats."""

from collections.abc import Mapping

from madang.core.catalog import metadata
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.protocol.oid4vp.type_check import KnownDocument, KnownType
from madang.infra.catalogue import Catalogue
from madang.infra.tenancy import Addresses


def known_types(catalogue: Catalogue, addresses: Addresses) -> Mapping[str, KnownType]:
    """Return every type by its `vct`, each read once from the bytes that issuers serve."""
    named = [(catalogue.vct(addresses, each.id), each) for each in catalogue.types.values()]
    return {vct: KnownType.of(metadata.encode(each, vct), vct) for vct, each in named}


def known_documents(catalogue: Catalogue) -> Mapping[str, KnownDocument]:
    """Return every type that is issued as an mdoc too by its `docType`."""
    kinds = [each for each in catalogue.types.values() if MSO_MDOC in each.formats]
    domain = catalogue.domain
    return {catalogue.doc_type(each.id): KnownDocument.of(domain, each) for each in kinds}
