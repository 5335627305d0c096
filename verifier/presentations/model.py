"""A presentation and its states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, TypeAlias

from madang.core.encoding.strict_json import Json
from madang.core.protocol.oid4vp.verdict import Standing
from madang.core.trust.registry import Basis

PresentationId = NewType("PresentationId", str)


class Use(StrEnum):
    """What an accepted answer is for."""

    IDENTIFICATION = "identification"
    ELIGIBILITY = "eligibility"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked and how; fixed for the life of a presentation.

    Attributes:
        tenant: the municipality that asks.
        purpose: the registered purpose.
        audience: who may act on the result; empty when nobody outside may.
        query: DCQL query, as JSON.
        client_id: the verifier's full identifier in this request.
        nonce: fresh.
        state: fresh.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
    """

    id: PresentationId
    tenant: str
    use: Use
    purpose: str
    audience: str
    query: Json
    client_id: str
    nonce: str
    state: str
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer was accepted; nothing else is any more."""

    terms: Terms
    result: str | None = None
    status_as_of: int | None = None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """No answer is accepted any more: too many were refused, or the wallet declined."""

    terms: Terms
    failures: tuple[str, ...]
    status_as_of: int | None = None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody answered in time."""

    terms: Terms
    failures: tuple[str, ...] = ()
    status_as_of: int | None = None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Waits for an answer.

    Attributes:
        key: the private JWK for this one request; gone with the state.
        tries: how many answers were refused.
        failures: codes of the last refused answer.
        status_as_of: here and in the states that follow, epoch seconds: when the oldest status of
            the last answer was heard of, where its list could not be fetched again in time.
        basis: likewise: the state of the accreditations that the last answer was judged by.
    """

    terms: Terms
    key: Mapping[str, str] = field(repr=False)
    tries: int = 0
    failures: tuple[str, ...] = ()
    status_as_of: int | None = None
    basis: Basis | None = None

    def accepted(self, result: str | None, status_as_of: int | None = None) -> Answered:
        """Close with an accepted answer."""
        return Answered(self.terms, result, status_as_of)

    def refused(
        self, failures: tuple[str, ...], status_as_of: int | None = None, *, most: int
    ) -> "Open | Refused":
        """Count a refused answer; the last try closes."""
        tries = self.tries + 1
        if tries >= most:
            return Refused(self.terms, failures, status_as_of)
        return Open(self.terms, self.key, tries, failures, status_as_of)

    def declined(self, code: str) -> Refused:
        """Close because the wallet says no."""
        return Refused(self.terms, (code,))


Presentation: TypeAlias = Open | Answered | Refused | Expired


@dataclass(frozen=True, slots=True)
class Proved:
    """A presented credential that is genuine and the holder's.

    Attributes:
        type_id: the catalogue's id of the type.
        issuer: who signed it.
        standing: valid, or how it has lapsed.
        claims: what was asked for; nothing when it has lapsed.
        issuer_digest: SHA-256 of the issuer-signed JWT.
        status_as_of: epoch seconds: when its status was heard of, where its list could not be
            fetched again in time; None otherwise.
    """

    type_id: str
    issuer: str
    standing: Standing
    claims: Mapping[str, object] = field(repr=False)
    issuer_digest: bytes = field(repr=False)
    status_as_of: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer after its verification.

    Attributes:
        credentials: what was proved; nothing when the answer is refused.
        holder: thumbprint of the one holder key; empty when refused.
        failures: codes of the reasons for a refusal; empty for an answer that counts.
        status_as_of: the oldest of all that was presented, also when refused; None where every
            status was in its time.
        basis: the state of the accreditations; None when none was known that may be relied on.
    """

    credentials: tuple[Proved, ...]
    holder: str
    failures: tuple[str, ...]
    status_as_of: int | None = None
    basis: Basis | None = None


def refusal(code: str) -> Checked:
    """Return the outcome of an answer of which nothing was looked at."""
    return Checked((), "", (code,))
