"""Verifying a posted answer, and what an accepted or a refused one leads to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from madang.core.protocol.dcql.model import parse_query
from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.errors import VpCode, VpError
from madang.core.protocol.oid4vp.presented import Policy
from madang.core.protocol.oid4vp.response import (
    Answer,
    PostedAnswer,
    PostedError,
    open_answer,
    parse_posted,
)
from madang.core.protocol.oid4vp.status_check import StatusLookup
from madang.core.protocol.oid4vp.type_check import KnownType
from madang.core.protocol.oid4vp.verdict import PresentationVerdict, Standing, StatusSource
from madang.core.protocol.oid4vp.verification import Examined, conclude, examine
from madang.core.trust.snapshot import SnapshotError
from madang.infra.trust import Trust
from verifier.presentations.model import Checked, Open, Proved, Refused, Terms, Use, refusal
from verifier.presentations.opening import Presentations, present_open

NOTHING_PRESENTED = "nothing_presented"


class StatusLists(Protocol):
    """Status lists of the issuers, verified."""

    async def lookup(self, source: StatusSource, *, now: int) -> StatusLookup:
        """Return the list, or why there is none that can be relied upon."""
        ...


class Conclusion(Protocol):
    """What an accepted answer leads to, in the same transaction as its acceptance."""

    def accept(self, terms: Terms, checked: Checked, *, now: int) -> str | None:
        """Act on an answer; return a result for whoever asked, or None."""
        ...


class AnswerRefusedError(ValueError):
    """An answer was refused, counted and noted.

    Attributes:
        wire: the protocol's code; the wallet learns no more.
    """

    def __init__(self, wire: str = VpCode.INVALID_REQUEST) -> None:
        super().__init__(wire)
        self.wire = wire


@dataclass(frozen=True, slots=True)
class Examiner:
    """Holds answers against their requests.

    Attributes:
        trust: who attests what.
        lists: status lists.
        lapses: per use the failures that leave a certificate genuine, so that it may be told
            as a reason; every other failure refuses.
        max_age: seconds that a proof of the holder's key counts.
        max_skew: seconds that other clocks may be off.
        allow_loopback_http: for a first run: status lists may be at http on this machine.
        types: by `vct` the types whose rules certificates are held to.
    """

    trust: Trust
    lists: StatusLists
    lapses: Mapping[Use, frozenset[str]]
    limits: Limits
    max_age: int
    max_skew: int
    allow_loopback_http: bool
    types: Mapping[str, KnownType]

    async def check(self, presentation: Open, posted: PostedAnswer, *, now: int) -> Checked:
        """Verify an answer in all steps; nothing raises but what cannot be read.

        Raises:
            VpError: it cannot be decrypted or read.
        """
        terms, keys = presentation.terms, {presentation.key["kid"]: presentation.key}
        answer = open_answer(posted, keys, limits=self.limits)
        if isinstance(answer, PostedError):
            return refusal(_wallet_error(answer))
        asked = Asked(parse_query(terms.query), terms.client_id, terms.nonce, terms.state)
        try:
            trust = self.trust.at(now)
        except SnapshotError as error:
            return refusal(error.code)
        policy = Policy(
            trust=trust,
            now=now,
            max_age=self.max_age,
            max_skew=self.max_skew,
            allow_loopback_http=self.allow_loopback_http,
            types=self.types,
        )
        examined = examine(answer, asked, policy, limits=self.limits)
        statuses = {
            source: await self.lists.lookup(source, now=now) for source in examined.status_sources
        }
        return self._checked(terms, examined, conclude(examined, statuses), now)

    def _checked(
        self, terms: Terms, examined: Examined, verdict: PresentationVerdict, now: int
    ) -> Checked:
        trust = examined.policy.trust
        heard = [
            None if each.status_age is None else now - each.status_age for each in verdict.standings
        ]
        oldest = min((at for at in heard if at is not None), default=None)
        codes = tuple(dict.fromkeys(failure.code for failure in verdict.failures))
        if not examined.presented:
            codes = (*codes, NOTHING_PRESENTED)
        if not self.lapses[terms.use].issuperset(codes):
            return Checked((), "", codes, oldest, verdict.basis)
        proved = []
        for item, standing, at in zip(examined.presented, verdict.standings, heard, strict=True):
            if item.issuer_digest is None or standing.vct is None:
                raise AssertionError("an answer without other failures has been read and asked for")
            valid = standing.standing is Standing.VALID
            proved.append(
                Proved(
                    type_id=trust.type_id(standing.vct) or standing.vct,
                    issuer=standing.issuer or "",
                    standing=standing.standing,
                    claims=item.released if valid else {},
                    issuer_digest=item.issuer_digest,
                    status_as_of=at,
                )
            )
        holder = examined.presented[0].holder or ""
        return Checked(tuple(proved), holder, (), oldest, verdict.basis)


def read_posted(body: bytes, limits: Limits) -> PostedAnswer | PostedError | VpError:
    """Read what was posted; what cannot be read is an answer too, one that is refused."""
    try:
        posted = parse_posted(body, limits=limits)
    except VpError as error:
        return error
    if isinstance(posted, Answer):
        raise AssertionError("what came in the clear was refused")  # noqa: TRY004  # our bug
    return posted


def refuse(
    presentations: Presentations, terms: Terms, checked: Checked, *, most: int, now: int
) -> None:
    """Count and note a refused answer; the last try closes the presentation.

    Raises:
        UnknownPresentationError, ClosedPresentationError: it was closed in the meantime.
    """
    presentation = present_open(presentations, terms.tenant, terms.id, now)
    refused = presentation.refused(checked.failures, checked.status_as_of, most=most)
    presentations.keep(replace(refused, basis=checked.basis))
    _note(presentations, terms, checked.failures[0], now)


def decline(presentations: Presentations, terms: Terms, error: PostedError, *, now: int) -> bool:
    """Close a presentation because the wallet reports an error (OpenID4VP 1.0 section 8.5).

    Returns:
        False when the report is not of this session: nothing is closed.

    Raises:
        UnknownPresentationError, ClosedPresentationError: it was closed in the meantime.
    """
    presentation = present_open(presentations, terms.tenant, terms.id, now)
    if error.state != terms.state:
        return False
    closed: Refused = presentation.declined(_wallet_error(error))
    presentations.keep(closed)
    _note(presentations, terms, closed.failures[0], now)
    return True


def _wallet_error(error: PostedError) -> str:
    return f"wallet_{error.code}" if error.code in list(VpCode) else "wallet_error"


def accept(
    presentations: Presentations, terms: Terms, checked: Checked, then: Conclusion, *, now: int
) -> None:
    """Close a presentation with its one accepted answer and act on it, together.

    Raises:
        UnknownPresentationError, ClosedPresentationError: another answer came first.
    """
    presentation = present_open(presentations, terms.tenant, terms.id, now)
    result = then.accept(terms, checked, now=now)
    accepted = presentation.accepted(result, checked.status_as_of)
    presentations.keep(replace(accepted, basis=checked.basis))
    _note(presentations, terms, "accepted", now)


def _note(presentations: Presentations, terms: Terms, code: str, now: int) -> None:
    presentations.note(
        terms.tenant, f"presentation.{code}", now=now, reference=terms.id, actor=None
    )
