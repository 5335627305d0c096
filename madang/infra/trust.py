"""What is known beforehand of others: anchors, keys of logs and witnesses, the registry."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from madang.core.merkle.cosignature import CosignerKey
from madang.core.merkle.note import VerifierKey
from madang.core.trust.foreign import NO_ANCHORS, ForeignAnchors
from madang.core.trust.model import TrustList
from madang.core.trust.registry import Registry
from madang.core.trust.snapshot import SnapshotError
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


def load_log_keys(folder: Path) -> dict[str, VerifierKey]:
    """Return the keys of all logs that are known, by municipality; none if there is no folder."""
    return {path.stem: load_log_key(folder, path.stem) for path in sorted(folder.glob("*.vkey"))}


def load_witness_keys(folder: Path) -> dict[str, CosignerKey]:
    """Return the keys of all witnesses that are known, by whose they are, from `<whose>.vkey`."""
    return {
        path.stem: CosignerKey.parse(path.read_text("utf-8").strip())
        for path in sorted(folder.glob("*.vkey"))
    }


class Accreditations(Protocol):
    """The registry as far as it is known here."""

    def registry(self, *, now: int) -> Registry:
        """Return it; SnapshotError when none is known that may be relied on."""
        ...

    def following(self) -> AbstractAsyncContextManager[None]:
        """Follow the registry's changes while the block lasts."""
        ...


def is_known(accreditations: Accreditations, *, now: int) -> bool:
    """Tell whether there is a state of the registry that may be relied on."""
    try:
        accreditations.registry(now=now)
    except SnapshotError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Trust:
    """Who attests what, at the time of asking.

    Attributes:
        accreditations: the registry.
        types: the catalogue's id of each type, by its `vct` and `docType`.
        foreign: anchors for types that are not in the catalogue.
        shared: types of it that are issued elsewhere too.
    """

    accreditations: Accreditations
    types: Mapping[str, str]
    foreign: ForeignAnchors = NO_ANCHORS
    shared: frozenset[str] = frozenset()

    def at(self, now: int, *, elsewhere: bool = True) -> TrustList:
        """Return the list; SnapshotError when there is no basis for one.

        Args:
            now: seconds since the epoch.
            elsewhere: whether shared types count that were issued elsewhere.
        """
        shared = self.shared if elsewhere else frozenset()
        return TrustList(self.accreditations.registry(now=now), self.types, self.foreign, shared)


def types_by_vct(catalogue: Catalogue, addresses: Addresses) -> dict[str, str]:
    """Return the catalogue's id of each type by its `vct`, and by its `docType`."""
    named = {catalogue.vct(addresses, type_id): str(type_id) for type_id in catalogue.types}
    return named | {catalogue.doc_type(type_id): str(type_id) for type_id in catalogue.types}


def standard_types(catalogue: Catalogue) -> frozenset[str]:
    """Return the `docType` of each type that is a standard's, and not the federation's own."""
    kinds = catalogue.types.values()
    return frozenset(kind.mdoc.doc_type for kind in kinds if kind.mdoc is not None)
