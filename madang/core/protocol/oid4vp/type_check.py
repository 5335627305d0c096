"""Hold a presented credential against its type, where the verifier knows the type itself.

The rules are the verifier's own and not those of a document that was fetched, so nothing hangs on
`vct#integrity` while they hold: a corrected text changes the hash and no rule. Where one is broken,
it tells whether the credential was issued under the same document. Of an mdoc everything can be
withheld, so that its type's rules are two: what an issuer always includes, and what stands where.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType, Path
from madang.core.formats.mdoc.mso import MobileSecurityObject
from madang.core.formats.mdoc.verdict import Failure as MdocFailure
from madang.core.formats.sd_jwt import type_rules
from madang.core.formats.sd_jwt.type_extension import resolve
from madang.core.formats.sd_jwt.type_metadata import ClaimMetadata, TypeMetadata, matches
from madang.core.formats.sd_jwt.type_rules import Seen
from madang.core.formats.sd_jwt.verdict import Failure
from madang.core.formats.sd_jwt.verify import Unfolded

_CLAUSE = "SD-JWT VC Document Integrity"
_CLAIMS = "OpenID4VCI 1.0 appendix B.2"


@dataclass(frozen=True, slots=True)
class KnownType:
    """A type that a verifier knows.

    Attributes:
        document: its Type Metadata as served, to the byte.
        metadata: the same, read once and for all answers.
    """

    document: bytes
    metadata: TypeMetadata

    @classmethod
    def of(cls, document: bytes, vct: str) -> "KnownType":
        """Read the document of a type that extends no other; SdJwtError if it is not."""
        return cls(document, resolve(vct, {vct: document}.get))


def type_failures(
    payload: Mapping[str, Any], unfolded: Unfolded, known: KnownType
) -> Iterator[Failure]:
    """Yield every broken rule (SD-JWT VC Claim Metadata).

    Codes: malformed_integrity (`vct#integrity` is not text), those of ``type_rules.failures``, and
    before them type_metadata_integrity, where the credential was issued under another document.

    Args:
        payload: what the issuer signed.
        unfolded: the same with its disclosures in their places.
        known: its type.
    """
    integrity = payload.get("vct#integrity")
    if integrity is not None and not isinstance(integrity, str):
        yield Failure("malformed_integrity", _CLAUSE, "vct#integrity is not text")
    broken = tuple(type_rules.failures(known.metadata, Seen.of(unfolded)))
    if broken and isinstance(integrity, str) and not matches(known.document, integrity):
        told = "issued under another document of the type than the one in force"
        yield Failure("type_metadata_integrity", _CLAUSE, told)
    yield from broken


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document type that a verifier knows.

    Attributes:
        domain: reversed domain of the lead municipality.
        kind: the certificate type.
        mandatory: by namespace the elements that every document has.
        metadata: the type's claims as rules; none on what can be withheld.
        inside: places of the objects whose members are elements.
    """

    domain: str
    kind: CertificateType
    mandatory: Mapping[str, frozenset[str]]
    metadata: TypeMetadata
    inside: frozenset[Path]

    @classmethod
    def of(cls, domain: str, kind: CertificateType) -> Self:
        """Read the rules of a type, once and for all answers."""
        claims = [ClaimMetadata(path=each.path, mandatory=each.mandatory) for each in kind.claims]
        metadata = TypeMetadata(vct=mdoc.doc_type(domain, kind), claims=tuple(claims))
        mandatory: dict[str, frozenset[str]] = {}
        elements = [claim.path for claim in mdoc.elementary(kind)]
        for path in elements:
            above = (path[:end] for end in range(1, len(path) + 1))
            if metadata.optional.isdisjoint(above):
                name_space, name = mdoc.element_name(domain, kind, path)
                mandatory[name_space] = mandatory.get(name_space, frozenset()) | {name}
        return cls(domain, kind, mandatory, metadata, frozenset(path[:-1] for path in elements))


def document_failures(
    mso: MobileSecurityObject, shown: Mapping[str, Any], known: KnownDocument
) -> Iterator[MdocFailure]:
    """Yield every broken rule that a presented document lets see.

    Codes: claim_mandatory (of a namespace fewer digests are left than elements that the type
    demands and that were not shown, or a member is not there inside an element), claim_path (an
    element is of another kind than its members need).

    Args:
        mso: what the issuer signed.
        shown: the elements whose digests agree, as JSON by namespace.
        known: its type.
    """
    for name_space, mandatory in known.mandatory.items():
        seen = shown.get(name_space, {})
        left = len(mso.value_digests.get(name_space, {})) - len(seen)
        lacking = sorted(mandatory - seen.keys())
        if left < len(lacking):
            told = f"{left} digests are left in {name_space} for {', '.join(lacking)}"
            yield MdocFailure("claim_mandatory", _CLAIMS, told)
    payload = mdoc.released(known.domain, known.kind, shown)
    for each in type_rules.failures(known.metadata, Seen(payload, (), known.inside)):
        yield MdocFailure(each.code, _CLAIMS, each.detail)
