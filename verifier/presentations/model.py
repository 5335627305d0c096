"""A presentation and its states."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NewType, TypeAlias

from madang.core.protocol.oid4vp.verdict import Standing
from madang.core.trust.registry import Basis

PresentationId = NewType("PresentationId", str)

GIVEN: Final = b""
"""Takes the place of a response code's hash when the result was given: no code has this hash."""


class Use(StrEnum):
    """What an accepted answer is for."""

    IDENTIFICATION = "identification"
    ELIGIBILITY = "eligibility"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a request is sent and answered; the members are named as on the wire.

    Attributes:
        response_mode: direct_post, direct_post.jwt, dc_api or dc_api.jwt.
        by_value: whether the link holds the request itself, and not where it is fetched.
        request_uri_method: get or post.
        transaction_data: as sent, base64url text each.
        return_to: where the holder's browser goes after an answer on the same device; empty for a
            request that is made for no browser.
    """

    response_mode: str = "direct_post.jwt"
    by_value: bool = False
    request_uri_method: str = "get"
    transaction_data: tuple[str, ...] = ()
    return_to: str = ""


USUAL: Final = Manner()
"""By reference, and encrypted to the address of the request."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked and how; fixed for the life of a presentation.

    Attributes:
        tenant: the municipality that asks.
        purpose: the registered purpose; empty for what is asked outside the registry.
        audience: who may act on the result; empty when nobody outside may.
        query: DCQL query, as JSON text.
        client_id: the verifier's full identifier in this request; one of the prefix
            `redirect_uri` is the response address behind that prefix.
        nonce: fresh.
        state: fresh.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970.
        asker: the service, key or page that may have the result.
    """

    id: PresentationId
    tenant: str
    use: Use
    purpose: str
    audience: str
    query: str
    client_id: str
    nonce: str
    state: str
    issued_at: int
    expires_at: int
    manner: Manner = USUAL
    asker: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an answer was refused; for whoever asked, never for the wallet.

    Attributes:
        code: fixed word.
        clause: section of the specification; empty where the reason is ours.
        detail: what came and what was expected; no claim values.
        step: number of the failed step of the verification; None for what could not be read.
        credential: id of the credential query concerned, or None.
    """

    code: str
    clause: str = ""
    detail: str = ""
    step: int | None = None
    credential: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the last answer came to.

    Attributes:
        reasons: why it was refused.
        status_as_of: epoch seconds: when the oldest of its statuses was heard of, where its list
            could not be fetched again in time.
        basis: the state of the accreditations that it was judged by.
    """

    reasons: tuple[Reason, ...] = ()
    status_as_of: int | None = None
    basis: Basis | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of each reason, once."""
        return tuple(dict.fromkeys(reason.code for reason in self.reasons))


NOT_JUDGED: Final = Judgement()
"""As it is before an answer came."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer was accepted; nothing else is any more.

    Attributes:
        result: what whoever asked may act on.
        held: SHA-256 of the response code that the result is given for; None when it is free.
        browser: SHA-256 of the token of the browser that the answer has to come back to.
    """

    terms: Terms
    result: str | None = None
    held: bytes | None = field(default=None, repr=False)
    judged: Judgement = NOT_JUDGED
    browser: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """No answer is accepted any more: too many were refused, or the wallet declined."""

    terms: Terms
    judged: Judgement


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody answered in time."""

    terms: Terms
    judged: Judgement = NOT_JUDGED


@dataclass(frozen=True, slots=True)
class Open:
    """Waits for an answer.

    Attributes:
        key: the private JWK for this one request; gone with the state.
        tries: how many answers were refused.
        judged: what the last refused answer came to.
        browser: SHA-256 of the token of the browser that opened the request's page.
    """

    terms: Terms
    key: Mapping[str, str] = field(repr=False)
    tries: int = 0
    judged: Judgement = NOT_JUDGED
    browser: bytes | None = field(default=None, repr=False)

    def accepted(
        self, result: str | None, judged: Judgement, *, held: bytes | None = None
    ) -> Answered:
        """Close with an accepted answer."""
        return Answered(self.terms, result, held, judged, self.browser)

    def refused(self, judged: Judgement, *, most: int) -> "Open | Refused":
        """Count a refused answer; the last try closes."""
        tries = self.tries + 1
        if tries >= most:
            return Refused(self.terms, judged)
        return Open(self.terms, self.key, tries, judged, self.browser)

    def declined(self, code: str) -> Refused:
        """Close because the wallet says no."""
        return Refused(self.terms, Judgement((Reason(code),)))


Presentation: TypeAlias = Open | Answered | Refused | Expired


@dataclass(frozen=True, slots=True)
class Proved:
    """A presented credential that is genuine and the holder's.

    Attributes:
        query_id: the credential query that it answers.
        format: the credential format.
        type_id: the catalogue's id of the type; the type's own name for one that it lacks.
        issuer: who signed it.
        standing: valid, or how it has lapsed.
        claims: what was asked for; nothing when it has lapsed.
        issuer_digest: SHA-256 of what its issuer signed.
        holder: thumbprint of the key that was proved for it; None where none was asked for.
        status_as_of: epoch seconds: when its status was heard of, where its list could not be
            fetched again in time; None otherwise.
    """

    query_id: str
    format: str
    type_id: str
    issuer: str
    standing: Standing
    claims: Mapping[str, object] = field(repr=False)
    issuer_digest: bytes = field(repr=False)
    holder: str | None = None
    status_as_of: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer after its verification.

    Attributes:
        credentials: what was proved; nothing when the answer is refused.
        holder: thumbprint of the one holder key; empty when none was proved.
        judged: why it is refused; without a reason the answer counts.
    """

    credentials: tuple[Proved, ...]
    holder: str
    judged: Judgement


def refusal(reason: Reason) -> Checked:
    """Return the outcome of an answer of which nothing was looked at."""
    return Checked((), "", Judgement((reason,)))
