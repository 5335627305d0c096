"""What the counter asks of the issuer and the verifier, and how they refuse."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from counter.cases.model import (
    Document,
    Link,
    Offerable,
    OfferAnswer,
    OfferId,
    PresentationAnswer,
    PresentationId,
    ProofingId,
    TypeId,
)


@dataclass(frozen=True, slots=True)
class Clerk:
    """For whom the counter acts.

    Attributes:
        tenant: the municipality.
        pseudonym: what journals and other services see.
        roles: role names.
    """

    tenant: str
    pseudonym: str
    roles: frozenset[str]


class Office(StrEnum):
    """The services that the counter calls."""

    ISSUER = "issuer"
    VERIFIER = "verifier"


class Refused(StrEnum):
    """Why an office refuses; each tells the clerk something else to do."""

    NOT_IN_REGISTER = "not_in_register"
    NOTHING_TO_CERTIFY = "nothing_to_certify"
    TYPE_UNKNOWN = "type_unknown"
    PROOFING_UNKNOWN = "proofing_unknown"
    LEVEL_TOO_LOW = "level_too_low"
    DIGITAL_ID_REQUIRED = "digital_id_required"
    PROOFING_REQUIRED = "proofing_required"
    PRESENTATION_REFUSED = "presentation_refused"
    PRESENTATION_USED = "presentation_used"
    DIGITAL_ID_UNKNOWN = "digital_id_unknown"
    DIGITAL_ID_NOT_VALID = "digital_id_not_valid"
    OFFER_UNKNOWN = "offer_unknown"
    OFFER_ISSUED = "offer_issued"
    OFFER_TOO_OLD = "offer_too_old"
    ALREADY_DECIDED = "already_decided"
    OTHER = "office_refused"


class OfficeRefused(RuntimeError):  # noqa: N818 - a refusal, not a mistake of ours
    """An office refuses.

    Attributes:
        office: which one.
        code: why.
        certificate_type: the type concerned, when the office names one.
    """

    def __init__(self, office: Office, code: Refused, certificate_type: str | None = None) -> None:
        super().__init__(f"{office.value}: {code.value}")
        self.office = office
        self.code = code
        self.certificate_type = certificate_type


class OfficeUnreachable(RuntimeError):  # noqa: N818 - a state of the other service
    """An office does not answer, or not in a form that we know.

    Attributes:
        office: which one.
    """

    def __init__(self, office: Office) -> None:
        super().__init__(f"no answer from the {office.value}")
        self.office = office


class IssuerOffice(Protocol):
    """The issuer. Every call raises OfficeRefused or OfficeUnreachable."""

    async def types(self, clerk: Clerk) -> tuple[Offerable, ...]:
        """Return what this municipality may attest."""
        ...

    async def prove(self, clerk: Clerk, document: Document) -> ProofingId:
        """Compare a document with the register."""
        ...

    async def offer_to_proven(
        self, clerk: Clerk, proofing: ProofingId, types: tuple[TypeId, ...]
    ) -> Link:
        """Offer to the person of a proofing."""
        ...

    async def offer_to_holder(self, clerk: Clerk, result: str, types: tuple[TypeId, ...]) -> Link:
        """Offer to the holder of a presented Digital ID."""
        ...

    async def renew(self, clerk: Clerk, offer: OfferId) -> Link:
        """Give an offer a new code."""
        ...

    async def offered(self, clerk: Clerk, offer: OfferId) -> OfferAnswer:
        """Return how an offer stands."""
        ...


class VerifierOffice(Protocol):
    """The verifier. Every call raises OfficeRefused or OfficeUnreachable."""

    async def ask(self, clerk: Clerk) -> Link:
        """Open a presentation whose result this municipality's issuer may act on."""
        ...

    async def presentation(self, clerk: Clerk, presentation: PresentationId) -> PresentationAnswer:
        """Return how a presentation stands."""
        ...
