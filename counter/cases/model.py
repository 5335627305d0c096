"""A case and its stages. It knows ids and states, and nothing about the person."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NewType, TypeAlias

CaseId = NewType("CaseId", str)
OfferId = NewType("OfferId", str)
PresentationId = NewType("PresentationId", str)
ProofingId = NewType("ProofingId", str)
TypeId = NewType("TypeId", str)


class Evidence(StrEnum):
    """Which document the person showed."""

    RESIDENT_CARD = "resident_card"
    DRIVING_LICENCE = "driving_licence"
    PASSPORT = "passport"


class OfferState(StrEnum):
    """How an offer stands, as the issuer says."""

    OFFERED = "offered"
    CODE_USED = "code_used"
    ISSUED = "issued"
    EXPIRED = "expired"
    BURNT = "burnt"


class WalletEvent(StrEnum):
    """What a wallet says became of what it was sent (OpenID4VCI 1.0 section 11)."""

    ACCEPTED = "credential_accepted"
    FAILURE = "credential_failure"
    DELETED = "credential_deleted"


@dataclass(frozen=True, slots=True)
class OfferAnswer:
    """How an offer stands.

    Attributes:
        state: as the issuer says.
        events: what the wallet said last, by certificate type; its own words are not among it.
    """

    state: OfferState
    events: Mapping[TypeId, WalletEvent] = field(default_factory=dict)


class PresentationState(StrEnum):
    """How a presentation stands, as the verifier says."""

    OPEN = "open"
    REFUSED = "refused"
    ANSWERED = "answered"
    EXPIRED = "expired"


class Ground(StrEnum):
    """On what an offer was made."""

    DOCUMENT = "document"
    DIGITAL_ID = "digital_id"

    @property
    def step(self) -> int:
        """Return the step of a case at which such an offer is made."""
        return 1 if self is Ground.DOCUMENT else 3


@dataclass(frozen=True, slots=True)
class Opened:
    """Nobody is known yet."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Certificates wait for the person's wallet, or were fetched.

    Attributes:
        offer: the issuer's id.
        ground: on what it was made.
        types: what was offered.
        state: as last seen.
    """

    offer: OfferId
    ground: Ground
    types: tuple[TypeId, ...]
    state: OfferState = OfferState.OFFERED

    @property
    def waiting(self) -> bool:
        """Tell whether the wallet may still act."""
        return self.state in {OfferState.OFFERED, OfferState.CODE_USED}

    @property
    def renewable(self) -> bool:
        """Tell whether a new code would help."""
        return self.state not in {OfferState.OFFERED, OfferState.ISSUED}


@dataclass(frozen=True, slots=True)
class Asked:
    """The person was asked to present the Digital ID.

    Attributes:
        presentation: the verifier's id.
        state: as last seen.
        failures: codes of why the last answer was refused.
        status_as_of: epoch seconds: from when the status of what was shown is, where its issuer
            could not be reached again in time; None otherwise.
    """

    presentation: PresentationId
    state: PresentationState = PresentationState.OPEN
    failures: tuple[str, ...] = ()
    status_as_of: int | None = None

    @property
    def waiting(self) -> bool:
        """Tell whether the wallet may still act."""
        return self.state is PresentationState.OPEN


Stage: TypeAlias = Opened | Offered | Asked


class WrongStep(RuntimeError):  # noqa: N818 - a state of the case
    """The case is at another step, for example because a form was sent twice."""


@dataclass(frozen=True, slots=True)
class Case:
    """One person at the counter.

    Attributes:
        id: opaque.
        tenant: the municipality.
        opened_at: epoch seconds.
        stage: what happened last.
    """

    id: CaseId
    tenant: str
    opened_at: int
    stage: Stage = Opened()

    @property
    def step(self) -> int:
        """Return the present step of the three, from 1; 4 when all are done."""
        stage = self.stage
        if isinstance(stage, Opened):
            return 1
        if isinstance(stage, Asked):
            return 3 if stage.state is PresentationState.ANSWERED else 2
        return stage.ground.step + (stage.state is OfferState.ISSUED)

    @property
    def waiting(self) -> bool:
        """Tell whether the wallet may act now, so that the page looks again."""
        return not isinstance(self.stage, Opened) and self.stage.waiting

    @property
    def askable(self) -> bool:
        """Tell whether the person can be asked to present the Digital ID."""
        stage = self.stage
        if isinstance(stage, Asked):
            # Also when it was answered: the answer counts for minutes, and for one offer.
            return not stage.waiting
        if isinstance(stage, Offered) and stage.ground is Ground.DIGITAL_ID:
            return not stage.waiting
        # Also while a Digital ID waits: the person may hold one already.
        return True

    def unproven(self) -> "Case":
        """Return this case if identity can be proved now; WrongStep otherwise."""
        if not isinstance(self.stage, Opened):
            raise WrongStep
        return self

    def idle(self) -> "Case":
        """Return this case if a presentation can be asked for; WrongStep otherwise."""
        if not self.askable:
            raise WrongStep
        return self

    def answered(self) -> Asked:
        """Return the presentation that was answered; WrongStep if none was."""
        if not isinstance(self.stage, Asked) or self.stage.state is not PresentationState.ANSWERED:
            raise WrongStep
        return self.stage

    def offered(self, offer: str) -> Offered:
        """Return the offer if it is the case's; WrongStep otherwise."""
        if not isinstance(self.stage, Offered) or self.stage.offer != offer:
            raise WrongStep
        return self.stage

    def at(self, stage: Stage) -> "Case":
        """Return the case at a stage."""
        return replace(self, stage=stage)


@dataclass(frozen=True, slots=True)
class Link:
    """What a wallet scans and types; deleted as soon as it is of no more use.

    Attributes:
        thing: id of the offer or presentation.
        uri: content of the QR picture.
        tx_code: what the clerk tells the person; empty for a presentation.
        expires_at: epoch seconds.
    """

    thing: str
    uri: str = field(repr=False)
    tx_code: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True, slots=True)
class Document:
    """What the clerk reads from the person's document: passed on, never kept.

    Attributes:
        birthdate: as YYYY-MM-DD.
    """

    name: str = field(repr=False)
    birthdate: str = field(repr=False)
    document_number: str = field(repr=False)
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Offerable:
    """A certificate type that the issuer can offer.

    Attributes:
        id: the type.
        names: its name per language.
        requires_digital_id: whether a Digital ID has to be presented first.
    """

    id: TypeId
    names: Mapping[str, str]
    requires_digital_id: bool


@dataclass(frozen=True, slots=True)
class PresentationAnswer:
    """What the verifier says of a presentation.

    Attributes:
        state: how it stands.
        failures: codes of why the last answer was refused.
        result: the verifier's signed word for the issuer, once answered.
        status_as_of: see `Asked`.
    """

    state: PresentationState
    failures: tuple[str, ...]
    result: str | None = field(default=None, repr=False)
    status_as_of: int | None = None
