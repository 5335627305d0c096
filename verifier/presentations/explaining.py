"""A query in words, for the one who asks and for the one who is asked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import Path, Texts
from madang.core.encoding import base64url, strict_json
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.protocol.dcql.model import ClaimsQuery, CredentialQuery, DcqlQuery
from madang.core.protocol.oid4vp.transaction_type import OF_PROTOCOL
from madang.infra.catalogue import Catalogue
from madang.infra.tenancy import Addresses
from verifier.presentations.model import Manner


@dataclass(frozen=True, slots=True)
class AskedClaim:
    """A claim in words, and the values that alone will do."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskedCredential:
    """A certificate in words.

    Attributes:
        name: of the certificate; its type's own name where the catalogue lacks it.
        claims: what is asked of it.
        choice: number of the alternative it belongs to, from 1 on; 0 for one that is needed.
        welcome: whether it may be left out.
    """

    id: str
    name: str
    claims: tuple[AskedClaim, ...]
    choice: int
    welcome: bool


@dataclass(frozen=True, slots=True)
class Explainer:
    """Knows the catalogue's words for types and claims."""

    catalogue: Catalogue
    addresses: Addresses
    _types: dict[str, tuple[Texts, dict[Path, Texts]]] = field(default_factory=dict)

    def purpose(self, purpose: str, language: str) -> str:
        """Return what holders are told; empty outside the registry."""
        purposes = self.catalogue.federation.purposes
        return next((each.texts[language] for each in purposes if each.id == purpose), "")

    def asked(self, query: DcqlQuery, language: str) -> tuple[AskedCredential, ...]:
        """Return every certificate that is asked for, in words.

        One that may come in either format is told once: the words are the same, and which format
        it is nobody has to choose.
        """
        choices = _choices(query)
        found: dict[tuple[str, tuple[AskedClaim, ...], int, bool], AskedCredential] = {}
        for each in query.credentials:
            name = self.type_name(_type(each), language)
            claims = tuple(self._claim(_type(each), claim, language) for claim in each.claims or ())
            choice, welcome = choices.get(each.id, (0, False))
            told = (name, claims, choice, welcome)
            found.setdefault(told, AskedCredential(each.id, *told))
        return _renumbered(found.values())

    def transactions(self, manner: Manner) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Return what is to be authorized, member by member."""
        return tuple(map(_members, manner.transaction_data))

    def type_name(self, type_: str, language: str) -> str:
        """Return the name of a type."""
        known = self._known().get(type_)
        return type_ if known is None else known[0][language]

    def label(self, type_: str, path: Path, language: str) -> str:
        """Return the name of a claim; its path where the catalogue has no word."""
        known = self._known().get(type_)
        texts = None if known is None else known[1].get(path)
        return (
            ".".join("*" if s is None else str(s) for s in path) if not texts else texts[language]
        )

    def _claim(self, type_: str, claim: ClaimsQuery, language: str) -> AskedClaim:
        values = tuple(map(str, claim.values or ()))
        return AskedClaim(self.label(type_, tuple(claim.path), language), values)

    def _known(self) -> Mapping[str, tuple[Texts, dict[Path, Texts]]]:
        if not self._types:
            self._types.update(self._read())
        return self._types

    def _read(self) -> dict[str, tuple[Texts, dict[Path, Texts]]]:
        found, domain = {}, self.catalogue.domain
        for kind in self.catalogue.types.values():
            labels = {claim.path: claim.display for claim in kind.claims}
            found[self.catalogue.vct(self.addresses, kind.id)] = kind.names, labels
            found[str(kind.id)] = kind.names, labels
            elements: dict[Path, Texts] = {
                tuple(mdoc.element_name(domain, kind, claim.path)): claim.display
                for claim in mdoc.elementary(kind)
            }
            found[self.catalogue.doc_type(kind.id)] = kind.names, elements
        return found


def _type(query: CredentialQuery) -> str:
    if query.format == MSO_MDOC:
        return query.meta.doctype_value or query.format
    return (query.meta.vct_values or (query.format,))[0]


def _choices(query: DcqlQuery) -> dict[str, tuple[int, bool]]:
    """Return per credential its alternative and whether it may be left out (section 6.2)."""
    found: dict[str, tuple[int, bool]] = {}
    number = 0
    for each in query.credential_sets or ():
        several = len(each.options) > 1
        number += several
        for query_id in (query_id for option in each.options for query_id in option):
            found[query_id] = (number if several else 0, not each.required)
    return found


def _renumbered(told: Iterable[AskedCredential]) -> tuple[AskedCredential, ...]:
    """Number the alternatives anew, without those that have only one way to be told."""
    listed = tuple(told)
    ways = Counter(each.choice for each in listed)
    several = [choice for choice in ways if choice and ways[choice] > 1]
    numbers = {choice: number for number, choice in enumerate(sorted(several), 1)}
    return tuple(replace(each, choice=numbers.get(each.choice, 0)) for each in listed)


def _members(encoded: str) -> tuple[tuple[str, str], ...]:
    members: dict[str, Any] = strict_json.loads(base64url.decode(encoded))
    told = {k: v for k, v in members.items() if k == "type" or k not in OF_PROTOCOL}
    return tuple((k, v if isinstance(v, str) else strict_json.dumps(v)) for k, v in told.items())
