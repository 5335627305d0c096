"""The register's port: look a person up for identity proofing, read the person's record."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NewType, Protocol

from madang.core.encoding.strict_json import Json

PersonId = NewType("PersonId", str)
"""A person's permanent key in one municipality's register; says nothing about the person."""
Record = Mapping[str, Json]
"""What the register holds of one person, grouped by source.

Groups: ``person``, ``household``, ``income``, ``lease``, ``employment``, ``housing_support``,
``appointment``, ``driving_licence``. A group of which the register knows nothing is absent, never
empty.
"""


@dataclass(frozen=True, slots=True)
class IdentityEvidence:
    """What a clerk reads from the document that a person shows at the counter."""

    name: str
    birthdate: date
    document_number: str


class UnknownPersonError(LookupError):
    """This municipality's register has no such person; another one's may."""

    def __init__(self, tenant: str) -> None:
        super().__init__(f"the register of {tenant} has no person of this id; identify again")


class Register(Protocol):
    """A civil register as certificates need it."""

    def identify(self, tenant: str, evidence: IdentityEvidence) -> PersonId | None:
        """Return whom the evidence names, or None when any part of it does not agree."""

    def record(self, tenant: str, person: PersonId, day: date, groups: Collection[str]) -> Record:
        """Return what the register says of a person on a day, in these groups and no others.

        A certificate asks for what it is made of alone; a group of which there is nothing to say
        is left out.

        Predicates (age reached, income at or below, none or present) are worked out here, so that
        a certificate type only names paths.

        Raises:
            UnknownPersonError: the municipality's register has no such person.
        """
