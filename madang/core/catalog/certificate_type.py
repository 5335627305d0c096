"""The model of a certificate type: what a folder of ``catalog/certificates`` says, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from madang.core.encoding.strict_json import Json

TypeId = NewType("TypeId", str)
Texts = Mapping[str, str]
"""One text per language tag."""
Path = tuple[str | int | None, ...]
"""A claim path (OpenID4VP 1.0 section 7): key, array index, or None for every element."""

LANGUAGES = ("ko", "en", "ja")
"""The official languages: every text of the catalogue exists in all of them."""
MORE_LANGUAGES = ("zh", "vi")
"""Languages that a text may have besides."""


class ValueType(StrEnum):
    """What stands at a claim's path."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    CODE = "code"
    BYTES = "bytes"
    OBJECT = "object"
    ARRAY = "array"


class Disclosure(StrEnum):
    """Whether a claim is selectively disclosable (SD-JWT VC, claim metadata ``sd``)."""

    ALWAYS = "always"
    ALLOWED = "allowed"
    NEVER = "never"


class AuthorityKind(StrEnum):
    """Who keeps the register behind a type: the attesting municipality itself or somebody else."""

    MUNICIPALITY = "municipality"
    MINISTRY = "ministry"
    COURT = "court"
    AGENCY = "agency"


class HolderType(StrEnum):
    """Who can hold a certificate of a type."""

    INDIVIDUAL = "individual"
    BUSINESS = "business"
    INDIVIDUAL_OR_BUSINESS = "individual+business"


class IdentityLevel(StrEnum):
    """Least level to which the holder's identity was proven (names of eIDAS article 8)."""

    LOW = "low"
    SUBSTANTIAL = "substantial"
    HIGH = "high"


class Basis(StrEnum):
    """Who says a fact: official or press page, one blog, mirror, nobody yet, or this catalogue."""

    OFFICIAL = "P"
    BLOG = "B"
    MIRROR = "R"
    UNCONFIRMED = "M"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a type.

    Attributes:
        path: where it stands in the payload; None stands for every element of an array.
        source: where it comes from, ``<group>.<key>``, with ``[]`` after an array's key; None for
            an object, which has nothing but its members.
        value_type: what the value is.
        sd: whether the holder can keep it back.
        mandatory: whether a certificate without it may not be issued.
        display: its label per language.
        values: for a code, each code with its text per language; else empty.
    """

    path: Path
    source: str | None
    value_type: ValueType
    sd: Disclosure
    mandatory: bool
    display: Texts
    values: Mapping[str, Texts]


@dataclass(frozen=True, slots=True)
class Authority:
    """Who keeps the register that a certificate speaks of.

    ``name`` is the official name, which goes into the credential; ``names`` are for readers.
    """

    kind: AuthorityKind
    name: str
    names: Texts


@dataclass(frozen=True, slots=True)
class Source:
    """Where the type's name and authority were read, and how far that can be relied on."""

    name: str
    basis: Basis
    note: str


@dataclass(frozen=True, slots=True)
class MdocNames:
    """What a type that a standard defines as an mdoc is called there (ISO/IEC 18013-5).

    Attributes:
        doc_type: the document type.
        name_space: that of the standard's elements.
        own: claims that the standard does not know, by the first step of their paths; they stand
            in a namespace of ours.
    """

    doc_type: str
    name_space: str
    own: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """A whole record of a made-up person, and the payload that the type makes of it."""

    record: Mapping[str, Json]
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class CertificateType:
    """One certificate type.

    Attributes:
        id: the folder's name and the type's permanent name.
        version: part of the ``vct``; raised when claims change.
        names: the certificate's name per language.
        descriptions: one sentence for people, per language.
        issuing_authority: who keeps the register that the certificate speaks of.
        attested_by: who signs: always a municipality, never in the authority's name.
        holder_type: who can hold it.
        identity_level: least level of the proofing of identity before issue.
        requires_digital_id: issue only to the holder of a presented Digital ID.
        validity_days: days from issue to expiry.
        formats: credential formats, by their OpenID4VCI format identifiers.
        mdoc: a standard's names as an mdoc; None for those made from the type's own.
        source: where name and authority were read.
        claims: all claims, in the order of display.
        example: a record and the payload made of it.
    """

    id: TypeId
    version: int
    names: Texts
    descriptions: Texts
    issuing_authority: Authority
    attested_by: AuthorityKind
    holder_type: HolderType
    identity_level: IdentityLevel
    requires_digital_id: bool
    validity_days: int
    formats: tuple[str, ...]
    mdoc: MdocNames | None
    source: Source
    claims: tuple[Claim, ...]
    example: Example


def vct(base: str, certificate_type: CertificateType) -> str:
    """Return the type's ``vct`` (SD-JWT VC): one address for all municipalities.

    Args:
        base: the issuer identifier of the lead municipality, without a slash at the end.
        certificate_type: the type.
    """
    return f"{base}/vct/{certificate_type.id}/{certificate_type.version}"
