"""Loads `catalog/`: certificate types, municipalities, the federation's agreement, rules.

Every error names the file, the key and what was expected, because people edit these files.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, TypeId, vct
from madang.core.catalog.errors import CatalogError
from madang.core.catalog.federation import FEDERATION_FILE, Federation, parse_federation
from madang.core.catalog.parser import parse_type
from madang.core.catalog.reader import load
from madang.core.encoding import strict_json
from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json
from madang.core.rules import effect, texts
from madang.core.rules.errors import RuleError
from madang.core.rules.model import Rule
from madang.core.rules.parser import parse_rule
from madang.core.rules.texts import Texts
from madang.infra.tenancy import Addresses, Tenant, TenantId, Tenants

_NOT_RULES = {"texts.json", "cases.json"}


@dataclass(frozen=True, slots=True)
class Programme:
    """A benefit with all its dated versions.

    Attributes:
        id: name of the folder and of the registered purpose.
        rules: versions by date of effect.
        documents: each version as it was read, by its digest.
        texts: words for people.
    """

    id: str
    rules: tuple[Rule, ...]
    documents: Mapping[bytes, Json]
    texts: Texts

    def in_force(self, day: date) -> Rule:
        """Return the version that governs a day; RuleError if there is none."""
        return effect.in_force(self.rules, day)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that is data.

    Attributes:
        types: certificate types by id.
        tenants: the municipalities.
        federation: who attests and who may ask what.
        programmes: benefits by id.
    """

    types: Mapping[TypeId, CertificateType]
    tenants: Tenants
    federation: Federation
    programmes: Mapping[str, Programme]

    def vct(self, addresses: Addresses, type_id: str) -> str:
        """Return the one `vct` of a type for all municipalities; KeyError for an unknown type."""
        base = addresses.identifier(self.federation.lead, "issuer")
        return vct(base, self.types[TypeId(type_id)])

    @property
    def domain(self) -> str:
        """Return the domain under which the federation's document types stand, reversed."""
        return mdoc.reverse_domain(self.tenants.get(self.federation.lead).host)

    def doc_type(self, type_id: str) -> str:
        """Return the one `docType` of a type for all municipalities; KeyError as above."""
        return mdoc.doc_type(self.domain, self.types[TypeId(type_id)])


def load_catalogue(folder: Path) -> Catalogue:
    """Read the whole folder.

    Raises:
        CatalogError: naming file, key and what was expected.
    """
    types = {t.id: t for t in map(_type, _folders(folder / "certificates"))}
    tenants = tuple(map(_tenant, sorted((folder / "tenants").glob("*.json"))))
    agreement = _read(folder / FEDERATION_FILE)
    federation = parse_federation(agreement, types, [tenant.id for tenant in tenants])
    programmes = {p.id: p for p in map(_programme, _folders(folder / "rules"))}
    return Catalogue(types, Tenants(tenants), federation, programmes)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CatalogError(str(folder), "", "a folder", "nothing")
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CatalogError(str(path), "", "a file that can be read", str(error)) from error


def _type(folder: Path) -> CertificateType:
    files = {path.name: _read(path) for path in folder.glob("*.json")}
    return parse_type(files, folder.name)


def _tenant(path: Path) -> Tenant:
    node = load({path.name: _read(path)}, path.parent.name, path.name)
    node.only("id", "names", "host", "region_code")
    return Tenant(
        id=TenantId(node.matching("id", path.stem, "the name of the file")),
        names=node.texts("names"),
        host=node.text("host"),
        region_code=node.matching("region_code", r"\d{2}", "two digits"),
    )


def _programme(folder: Path) -> Programme:
    paths = [path for path in sorted(folder.glob("*.json")) if path.name not in _NOT_RULES]
    documents = [_json(path) for path in paths]
    found = [_rule(path, document) for path, document in zip(paths, documents, strict=True)]
    words_path = folder / "texts.json"
    with _named(words_path):
        words = texts.parse_texts(_json(words_path))
    for path, rule in zip(paths, found, strict=True):
        with _named(path):
            texts.check(rule, words)
    with _named(folder):
        rules = effect.in_order(found)
    by_digest = {rule.digest: each for rule, each in zip(found, documents, strict=True)}
    return Programme(folder.name, rules, by_digest, words)


def _rule(path: Path, document: Json) -> Rule:
    with _named(path):
        return parse_rule(document)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file or folder in which a rule is out of order."""
    try:
        yield
    except RuleError as error:
        raise CatalogError(str(path), error.place, error.expected, error.found) from error


def _json(path: Path) -> Json:
    try:
        return strict_json.loads(_read(path))
    except EncodingError as error:
        raise CatalogError(str(path), "", "JSON", str(error)) from error
