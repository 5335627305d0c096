"""The catalogue's certificates as mdocs: what to ask of one in place of an SD-JWT VC."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import Path
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.protocol.dcql.either_format import AsMdoc, in_either_format
from madang.infra.catalogue import Catalogue
from madang.infra.tenancy import Addresses


@dataclass(frozen=True, slots=True)
class Mdocs:
    """Knows the mdoc beside each SD-JWT VC; what was found once is kept, for purposes ask alike."""

    catalogue: Catalogue
    addresses: Addresses
    _kept: dict[tuple[str, tuple[Path, ...]], AsMdoc | None] = field(default_factory=dict)

    def also(
        self, query: Mapping[str, Any], asks: Mapping[str, Collection[Path]]
    ) -> dict[str, Any]:
        """Return a query for SD-JWT VCs that mdocs can answer too, where a purpose lists those.

        Args:
            query: of types and paths, as `in_either_format` takes it.
            asks: what the purpose lists, per `vct` and `docType`.
        """
        return in_either_format(query, partial(self._listed, asks))

    def _listed(
        self, asks: Mapping[str, Collection[Path]], vct: str, paths: tuple[Path, ...]
    ) -> AsMdoc | None:
        if (vct, paths) not in self._kept:
            self._kept[vct, paths] = self._find(vct, paths)
        found = self._kept[vct, paths]
        if found is None or found.doc_type not in asks:
            return None
        return found if {*found.elements} <= {*asks[found.doc_type]} else None

    def _find(self, vct: str, paths: tuple[Path, ...]) -> AsMdoc | None:
        """Return the same claims as elements; None if one is in none, as what lies in an array."""
        types = self.catalogue.types.values()
        kind = next((t for t in types if self.catalogue.vct(self.addresses, t.id) == vct), None)
        if kind is None or MSO_MDOC not in kind.formats:
            return None
        domain = self.catalogue.domain
        if not all(mdoc.element_paths(domain, kind, [path]) for path in paths):
            return None
        return AsMdoc(mdoc.doc_type(domain, kind), mdoc.element_paths(domain, kind, paths))
