"""A resident's log-in for one authorization request: its states, and how one becomes another."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NewType

from issuer.proofing.model import ProofingId
from issuer.sources.model import PersonId
from madang.core.catalog.certificate_type import IdentityLevel, TypeId

PresentationId = NewType("PresentationId", str)


class Device(StrEnum):
    """Where the wallet is that presents the Digital ID."""

    THIS = "this"
    OTHER = "other"


class Trouble(StrEnum):
    """Why a way of logging in did not lead on; the page says it and what to do."""

    PRESENTATION_DECLINED = "presentation_declined"
    PRESENTATION_EXPIRED = "presentation_expired"
    PRESENTATION_REFUSED = "presentation_refused"
    DIGITAL_ID_UNKNOWN = "digital_id_unknown"
    DIGITAL_ID_NOT_VALID = "digital_id_not_valid"
    VERIFIER_AWAY = "verifier_away"
    PROVIDER_AWAY = "provider_away"
    PROVIDER_DECLINED = "provider_declined"
    PROVIDER_REFUSED = "provider_refused"
    LEVEL_UNKNOWN = "level_unknown"
    NOT_IN_REGISTER = "not_in_register"
    ANOTHER_PERSON = "another_person"


@dataclass(frozen=True, slots=True)
class Visit:
    """What every state knows.

    Attributes:
        authorization: id of the request that waits.
        csrf: token that this visit's forms carry.
        tries: how often a way was begun.
        expires_at: epoch seconds.
    """

    authorization: str
    csrf: str = field(repr=False)
    tries: int
    expires_at: int

    def tried(self) -> "Visit":
        """Return the visit after a way was begun."""
        return replace(self, tries=self.tries + 1)


@dataclass(frozen=True, slots=True)
class Choosing:
    """The person has not chosen a way, or the one that was chosen did not lead on."""

    visit: Visit
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Presenting:
    """A wallet is asked for the Digital ID.

    Attributes:
        presentation: the verifier's id.
        device: where the wallet is.
        link: what the wallet reads.
        looked_at: when the verifier was asked last, epoch seconds.
    """

    visit: Visit
    presentation: PresentationId
    device: Device
    link: str
    looked_at: int


@dataclass(frozen=True, slots=True)
class AtProvider:
    """The browser is at the OpenID provider.

    Attributes:
        state_hash: of the request's `state`.
        nonce: of the request.
        code_verifier: of the request.
    """

    visit: Visit
    state_hash: bytes = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """It is known who the person is; what is left is to agree.

    Attributes:
        person: key in the municipality's register.
        level: how strongly that is known.
        proofing: what records it; None when the person is known by the Digital ID.
    """

    visit: Visit
    person: PersonId
    level: IdentityLevel
    proofing: ProofingId | None = None


SignIn = Choosing | Presenting | AtProvider | Known


class Missing(StrEnum):
    """Why a certificate that was asked for is not given."""

    NOT_OFFERED = "not_offered"
    PROOFING_REQUIRED = "proofing_required"
    LEVEL_TOO_LOW = "level_too_low"
    NOTHING_TO_CERTIFY = "nothing_to_certify"


@dataclass(frozen=True, slots=True)
class Asked:
    """A certificate that a wallet asks for.

    Attributes:
        type_id: which.
        configurations: the formats asked for, by credential configuration id.
        missing: why it is not given; None when it can be.
    """

    type_id: TypeId
    configurations: tuple[str, ...]
    missing: Missing | None = None


class TooManyTries(Exception):  # noqa: N818 - a state of the visit
    """So many ways were begun that this request takes no more."""


class NotKnownYet(Exception):  # noqa: N818 - a state of the visit
    """Somebody agrees who has not logged in, or not any more."""


class NothingToGive(Exception):  # noqa: N818 - a state of the register
    """The person agrees, but nothing that was asked for can be given."""


class NoProvider(LookupError):  # noqa: N818 - a state of the settings
    """This municipality has no OpenID provider."""


class NoSuchWay(LookupError):  # noqa: N818 - a state of the visit
    """What was called for belongs to another way of logging in, or to none."""


class UpstreamError(RuntimeError):
    """The OpenID provider cannot be used, or what it sent does not hold.

    Attributes:
        trouble: what the person is told.
        code: fixed word for the journal.
    """

    def __init__(self, trouble: Trouble, code: str) -> None:
        super().__init__(code)
        self.trouble = trouble
        self.code = code


class VerifierAway(RuntimeError):  # noqa: N818 - a state of the other service
    """The municipality's verifier did not answer, or not as agreed."""
