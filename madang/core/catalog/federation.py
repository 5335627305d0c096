"""Who attests what, and who may ask what for which purpose: the one place to read it from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NewType

from madang.core.catalog.certificate_type import CertificateType, Path, Texts, TypeId
from madang.core.catalog.reader import SHOWN_CHARACTERS, Node, load
from madang.core.encoding.strict_json import Json

FEDERATION_FILE = "federation.json"
PURPOSE_ID = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
PurposeId = NewType("PurposeId", str)


@dataclass(frozen=True, slots=True)
class Purpose:
    """A registered use: which verifiers may ask for which claims, and why, in words for holders.

    Attributes:
        id: the purpose's permanent name.
        texts: what the wallet shows before it answers, per language.
        verifiers: the municipalities registered for it, by tenant id.
        asks: per certificate type, the claim paths that may be asked; more is over-asking. Where
            there is none, it is enough that the certificate is shown.
    """

    id: PurposeId
    texts: Texts
    verifiers: tuple[str, ...]
    asks: Mapping[TypeId, tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Federation:
    """What the municipalities agreed on.

    Attributes:
        lead: the tenant whose address stands in every ``vct``.
        attesters: per certificate type, the tenants whose signature counts.
        purposes: the registered uses.
    """

    lead: str
    attesters: Mapping[TypeId, tuple[str, ...]]
    purposes: tuple[Purpose, ...]

    def purpose(self, purpose: str, verifier: str) -> Purpose | None:
        """Return a purpose if the verifier is registered for it."""
        found = (p for p in self.purposes if p.id == purpose and verifier in p.verifiers)
        return next(found, None)


def parse_federation(
    data: bytes, types: Mapping[TypeId, CertificateType], tenants: Collection[str]
) -> Federation:
    """Return what ``catalog/federation.json`` says, checked against types and tenants.

    Raises:
        CatalogError: naming key and what was expected, for example a type without an attester.
    """
    node = load({FEDERATION_FILE: data}, "", FEDERATION_FILE)
    node.only("lead", "attesters", "purposes")
    known = tuple(sorted(tenants))
    attesters = node.child("attesters")
    attesters.only(*types)
    purposes = tuple(_purpose(child, types, known) for child in node.children("purposes"))
    _check_once(node, purposes)
    return Federation(
        lead=node.choice("lead", known),
        attesters={type_id: attesters.strings(type_id, known) for type_id in types},
        purposes=purposes,
    )


def _purpose(
    node: Node, types: Mapping[TypeId, CertificateType], tenants: tuple[str, ...]
) -> Purpose:
    node.only("id", "texts", "verifiers", "asks")
    asks = node.child("asks")
    asks.only(*types)
    return Purpose(
        id=PurposeId(node.matching("id", PURPOSE_ID, "a name in snake_case")),
        texts=node.texts("texts"),
        verifiers=node.strings("verifiers", tenants),
        asks={TypeId(name): _paths(asks, name, types[TypeId(name)]) for name in asks.members},
    )


def _paths(node: Node, name: str, certificate_type: CertificateType) -> tuple[Path, ...]:
    claims = {claim.path for claim in certificate_type.claims}
    paths = []
    for index, value in enumerate(node.array(name, may_be_empty=True)):
        path = _path(value)
        if path not in claims or path in paths:
            expected = f"the path of a claim of {name}, each once"
            raise node.error(f"{name}[{index}]", expected, str(value)[:SHOWN_CHARACTERS])
        paths.append(path)
    return tuple(paths)


def _path(value: Json) -> Path:
    steps = value if isinstance(value, list) else []
    return tuple(step for step in steps if step is None or isinstance(step, str))


def _check_once(node: Node, purposes: tuple[Purpose, ...]) -> None:
    ids = [purpose.id for purpose in purposes]
    for index, purpose in enumerate(purposes):
        if purpose.id in ids[:index]:
            raise node.error(f"purposes[{index}].id", "an id that no other has", purpose.id)
