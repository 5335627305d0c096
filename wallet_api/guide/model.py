"""What the guide shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from madang.core.catalog.certificate_type import CertificateType

Words = Mapping[str, str]
"""One text per language."""


class NotInGuide(LookupError):  # noqa: N818 - a state of the catalogue
    """This municipality has no such certificate or programme."""


@dataclass(frozen=True, slots=True)
class AskedCertificate:
    """One certificate that a programme asks for.

    Attributes:
        type_id: the certificate.
        names: its name.
        claims: labels of the claims asked, and of no others.
        required: whether every way to a yes needs it.
    """

    type_id: str
    names: Words
    claims: tuple[Words, ...]
    required: bool


@dataclass(frozen=True, slots=True)
class ProgrammeGuide:
    """One programme.

    Attributes:
        id: the programme.
        titles: its name.
        laws: on what it rests.
        version: version of the rule in force; empty when none is.
        since: first day of that version.
        asks: what it asks today, by the derived query; empty when that is not known today.
    """

    id: str
    titles: Words
    laws: Words
    version: str
    since: date | None
    asks: tuple[AskedCertificate, ...]


@dataclass(frozen=True, slots=True)
class Guide:
    """What one municipality offers.

    Attributes:
        names: the municipality.
        certificates: those it attests.
        programmes: those it is registered for.
    """

    names: Words
    certificates: tuple[CertificateType, ...]
    programmes: tuple[ProgrammeGuide, ...]
