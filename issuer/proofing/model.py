"""An identity proofing: whose document was shown, how, when and to whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from issuer.sources.model import PersonId
from madang.core.catalog.certificate_type import IdentityLevel

ProofingId = NewType("ProofingId", str)


class Method(StrEnum):
    """How identity was proven."""

    IN_PERSON_DOCUMENT = "in_person_document"
    OPENID_PROVIDER = "openid_provider"


class EvidenceKind(StrEnum):
    """Which document was shown, or which token; its number is not kept."""

    RESIDENT_CARD = "resident_card"
    DRIVING_LICENCE = "driving_licence"
    PASSPORT = "passport"
    ID_TOKEN = "id_token"  # noqa: S105 - a kind, and no token


LEVELS: Mapping[Method, IdentityLevel] = MappingProxyType(
    {Method.IN_PERSON_DOCUMENT: IdentityLevel.HIGH}
)
"""The level that each method at a counter reaches; a provider says with each log-in what it was."""

_RANK = tuple(IdentityLevel)


def reaches(level: IdentityLevel, least: IdentityLevel) -> bool:
    """Tell whether a level is at least another one."""
    return _RANK.index(level) >= _RANK.index(least)


@dataclass(frozen=True, slots=True)
class Proofing:
    """A person proved identity.

    Attributes:
        id: opaque.
        person: key in the municipality's register.
        level: what the method reaches.
        method: how.
        evidence: which document or token.
        at: epoch seconds.
        clerk: pseudonym; empty when no clerk was there.
    """

    id: ProofingId
    person: PersonId
    level: IdentityLevel
    method: Method
    evidence: EvidenceKind
    at: int
    clerk: str


class NotInRegister(LookupError):  # noqa: N818 - a state of the register
    """The register knows nobody like this; the same for every part that does not agree."""
