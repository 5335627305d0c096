"""What the verification of an answer found (OpenID4VP 1.0 section 8.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from madang.core.trust.registry import Basis


class Step(IntEnum):
    """The steps of the verification, in their order (docs/formats/presentation-checks.md)."""

    SESSION = 1  # the answer belongs to this session
    FORM = 2  # every presentation is one of the format that was asked for
    ISSUER = 3  # its issuer is trusted for the type, and its chain leads to an anchor
    CREDENTIAL = 4  # the issuer's signature, what it covers, its times, the rules of its type
    BINDING = 5  # the holder's key has signed for this session
    TRANSACTION = 6  # what was to be authorized has been, by one credential each
    HOLDER = 7  # all credentials are bound to one holder key
    QUERY = 8  # everything asked for is there, and under no other id
    STATUS = 9  # none is revoked or suspended, by a list that can be relied upon

    @property
    def code(self) -> str:
        """Return the fixed word for the step."""
        return self.name.lower()

    @property
    def clause(self) -> str:
        """Return the section that demands the step; each failure names its own."""
        return _CLAUSES[self]


_CLAUSES: Final = MappingProxyType(
    {
        Step.SESSION: "OpenID4VP 1.0 section 5.3",
        Step.FORM: "OpenID4VP 1.0 section 8.6, 1 and 2.1",
        Step.ISSUER: "OpenID4VP 1.0 section 8.6, 2.5; HAIP 1.0 section 6.1.1",
        Step.CREDENTIAL: "OpenID4VP 1.0 section 8.6, 2.1",
        Step.BINDING: "OpenID4VP 1.0 section 8.6, 2.3 and 2.4",
        Step.TRANSACTION: "OpenID4VP 1.0 section 8.4",
        Step.HOLDER: "OpenID4VP 1.0 section 14.1",
        Step.QUERY: "OpenID4VP 1.0 section 8.6, 2.2 and 3",
        Step.STATUS: "OpenID4VP 1.0 section 8.6, 2.5; Token Status List section 8.3",
    }
)


@dataclass(frozen=True, slots=True)
class StepFailure:
    """One failed step.

    Attributes:
        step: where it failed.
        code: fixed word, for the journal and the agency.
        clause: section of the specification that the step comes from.
        detail: what came and what was expected; no claim values.
        query_id: the credential query concerned, or None for the answer as a whole.
    """

    step: Step
    code: str
    clause: str
    detail: str
    query_id: str | None = None


EXPIRED = "expired"
REVOKED = "status_revoked"
SUSPENDED = "status_suspended"
NOT_ACCREDITED = "issuer_not_accredited"
ISSUER_SUSPENDED = "issuer_suspended"
"""Codes of failures that leave an answer genuine: it is the holder's, but counts for nothing."""

_GENUINE = frozenset({EXPIRED, REVOKED, SUSPENDED, NOT_ACCREDITED, ISSUER_SUSPENDED})


class Standing(StrEnum):
    """How one presented credential stands; told without any of its claims."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    UNTRUSTED = "untrusted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class CredentialStanding:
    """The standing of one presented credential, also where the answer is refused.

    Attributes:
        query_id: the credential query it was sent for.
        vct: its type, `vct` or `docType`; None when it could not be read.
        issuer: whom it says it is from, for an mdoc whom its certificate proves; None when that
            could not be read.
        standing: the gravest of what was found.
        status_age: seconds since the status was heard of, where its list could not be fetched
            again in time; None otherwise.
    """

    query_id: str
    vct: str | None
    issuer: str | None
    standing: Standing
    status_age: int | None = None


@dataclass(frozen=True, slots=True)
class StatusSource:
    """A status list, and whose it must be.

    Attributes:
        uri: where it is published.
        vct: type of the credential that names it, `vct` or `docType`.
        issuer: who signed that credential; must have signed the list.
        anchor: DER of what the list's chain leads to, where that credential names it.
    """

    uri: str
    vct: str
    issuer: str
    anchor: bytes | None = None


@dataclass(frozen=True, slots=True)
class StatusReference:
    """A place in a status list, or what an identifier list would name."""

    source: StatusSource
    index: int | bytes


@dataclass(frozen=True, slots=True)
class VerifiedCredential:
    """A credential all steps of which held.

    Attributes:
        query_id: the credential query it answers.
        format: its format.
        vct: its type, `vct` or `docType`.
        type_id: the catalogue's id of the type, or the type where it is a foreign one.
        issuer: who signed it, as its certificate proves.
        claims: the claims that were asked for, and no others; without ``claims`` in the query,
            those that are always disclosed. As JSON, of an mdoc by namespace and element.
        issuer_digest: SHA-256 of what the issuer signed: what the log commits to.
        issued_at: ``iat`` or ``signed``, seconds since 1970, or None.
        expires_at: ``exp`` or ``validUntil``, seconds since 1970, or None.
        holder: thumbprint (RFC 7638) of the key that was proved; None where none had to be.
        status: where its status stands, or None.
    """

    query_id: str
    format: str
    vct: str
    type_id: str
    issuer: str
    claims: Mapping[str, object]
    issuer_digest: bytes
    issued_at: int | None
    expires_at: int | None
    holder: str | None
    status: StatusReference | None


@dataclass(frozen=True, slots=True)
class PresentationVerdict:
    """The outcome for a whole answer.

    Attributes:
        credentials: none when any step failed: a refused answer releases no claim.
        holder: thumbprint (RFC 7638) of the one holder key that was proved, or None.
        failures: every failed step, in order.
        standings: how each presented credential stands.
        basis: the state of the accreditations that it rests on.
    """

    credentials: tuple[VerifiedCredential, ...]
    holder: str | None
    failures: tuple[StepFailure, ...]
    standings: tuple[CredentialStanding, ...]
    basis: Basis

    @property
    def ok(self) -> bool:
        """Tell whether nothing failed."""
        return not self.failures

    @property
    def genuine(self) -> bool:
        """Tell whether all that failed is that credentials are out of force or not accredited.

        Such an answer is refused too, but its standings may be told as reasons.
        """
        return all(failure.code in _GENUINE for failure in self.failures)
