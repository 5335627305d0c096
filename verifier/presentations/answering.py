"""Verifying a posted answer, and what an accepted or a refused one leads to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from madang.core.protocol.dcql.authorities import Authorities
from madang.core.protocol.limits import Limits
from madang.core.protocol.message import load
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.errors import VpCode, VpError, refusing
from madang.core.protocol.oid4vp.presented import Policy
from madang.core.protocol.oid4vp.request import by_dc_api
from madang.core.protocol.oid4vp.response import (
    Answer,
    Came,
    PostedAnswer,
    PostedError,
    open_answer,
    parse_handed_over,
    parse_posted,
)
from madang.core.protocol.oid4vp.status_check import StatusLookup
from madang.core.protocol.oid4vp.transaction_type import TransactionTypes
from madang.core.protocol.oid4vp.type_check import KnownDocument, KnownType
from madang.core.protocol.oid4vp.verdict import PresentationVerdict, Standing, StatusSource
from madang.core.protocol.oid4vp.verification import Examined, conclude, examine
from madang.core.protocol.openid.federation import Federation
from madang.core.trust.snapshot import SnapshotError
from madang.infra.trust import Trust
from verifier.presentations.model import (
    Checked,
    Judgement,
    Open,
    Proved,
    Reason,
    Terms,
    Use,
    refusal,
)
from verifier.presentations.opening import ClosedPresentationError, Presentations, present_open

NOTHING_PRESENTED = "nothing_presented"


class StatusLists(Protocol):
    """Status lists of the issuers, verified."""

    async def lookup(self, source: StatusSource, *, now: int) -> StatusLookup:
        """Return the list, or why there is none that can be relied upon."""
        ...


class Places(Protocol):
    """Where issuers stand in a federation."""

    async def place(self, issuers: Collection[str], *, now: int) -> Federation:
        """Return the federation with the place of each of these issuers."""
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
        documents: the same by `docType`.
        transaction_types: what holders may be asked to authorize.
        authorities: what is known of issuers besides their certificates.
        federation: where issuers stand in one.
    """

    trust: Trust
    lists: StatusLists
    lapses: Mapping[Use, frozenset[str]]
    limits: Limits
    max_age: int
    max_skew: int
    allow_loopback_http: bool
    types: Mapping[str, KnownType]
    documents: Mapping[str, KnownDocument]
    transaction_types: TransactionTypes
    authorities: Authorities
    federation: Places

    async def check(self, terms: Terms, answer: Answer, asked: Asked, *, now: int) -> Checked:
        """Verify an answer in all steps; nothing raises.

        For a registered purpose a type of the catalogue counts from its accredited issuers alone.
        """
        try:
            trust = self.trust.at(now, elsewhere=not terms.purpose)
        except SnapshotError as error:
            return refusal(Reason(error.code))
        policy = Policy(
            trust=trust,
            now=now,
            max_age=self.max_age,
            max_skew=self.max_skew,
            allow_loopback_http=self.allow_loopback_http,
            types=self.types,
            documents=self.documents,
            transaction_types=self.transaction_types,
            authorities=self.authorities,
        )
        examined = examine(answer, asked, policy, limits=self.limits)
        if examined.federated:
            placed = await self.federation.place(examined.federated, now=now)
            policy = replace(policy, authorities=self.authorities.placed(placed))
            examined = examine(answer, asked, policy, limits=self.limits)
        statuses = {
            source: await self.lists.lookup(source, now=now) for source in examined.status_sources
        }
        return self._checked(terms.use, examined, conclude(examined, statuses), now)

    def _checked(
        self, use: Use, examined: Examined, verdict: PresentationVerdict, now: int
    ) -> Checked:
        trust = examined.policy.trust
        heard = [
            None if each.status_age is None else now - each.status_age for each in verdict.standings
        ]
        oldest = min((at for at in heard if at is not None), default=None)
        reasons = _reasons(verdict)
        if not examined.presented:
            reasons = (*reasons, Reason(NOTHING_PRESENTED))
        codes = {reason.code for reason in reasons}
        if not self.lapses[use].issuperset(codes):
            return Checked((), "", Judgement(reasons, oldest, verdict.basis))
        proved = []
        for item, standing, at in zip(examined.presented, verdict.standings, heard, strict=True):
            if item.issuer_digest is None or standing.vct is None:
                raise AssertionError("an answer without other failures has been read and asked for")
            valid = standing.standing is Standing.VALID
            proved.append(
                Proved(
                    query_id=item.query_id,
                    format=item.format,
                    type_id=trust.type_id(standing.vct) or standing.vct,
                    issuer=standing.issuer or "",
                    standing=standing.standing,
                    claims=item.released if valid else {},
                    issuer_digest=item.issuer_digest,
                    holder=item.holder if item.bound else None,
                    status_as_of=at,
                )
            )
        holder = next((each.holder for each in proved if each.holder), "")
        return Checked(tuple(proved), holder, Judgement((), oldest, verdict.basis))


def _reasons(verdict: PresentationVerdict) -> tuple[Reason, ...]:
    return tuple(
        Reason(each.code, each.clause, each.detail, each.step.value, each.query_id)
        for each in verdict.failures
    )


def read_posted(
    body: bytes, asked: Asked, keys: Mapping[str, Mapping[str, str]], limits: Limits
) -> Answer | PostedError:
    """Read what was posted, or what a browser handed over, and decrypt it.

    Args:
        body: as it came.
        asked: of this session, and the way on which the answer came.
        keys: the private keys of this one request, by `kid`.
        limits: bounds on size, nesting and number of presentations.

    Raises:
        VpError: it cannot be decrypted or read, or came in another form than was asked for.
    """
    came: Came
    if by_dc_api(asked.response_mode):
        refuse = refusing("response_form", "A.4")
        handed = load(body, limits.body_bytes, limits, refuse)
        data = handed.get("data") if isinstance(handed, dict) else None
        came = parse_handed_over(data, asked.response_mode, limits=limits)
    else:
        came = parse_posted(body, asked.response_mode, limits=limits)
    return open_answer(came, keys, limits=limits) if isinstance(came, PostedAnswer) else came


def unread(error: VpError) -> Checked:
    """Return the outcome of an answer that cannot be read."""
    return refusal(Reason(error.reason, error.clause, error.detail))


def refuse(
    presentations: Presentations, terms: Terms, checked: Checked, *, most: int, now: int
) -> None:
    """Count and note a refused answer; the last try closes the presentation.

    Raises:
        UnknownPresentationError, ClosedPresentationError: it was closed in the meantime.
    """
    presentations.hold(terms.id)
    presentation = present_open(presentations, terms.tenant, terms.id, now)
    presentations.keep(presentation.refused(checked.judged, most=most))
    _note(presentations, terms, checked.judged.codes[0], now)


def decline(
    presentations: Presentations,
    terms: Terms,
    error: PostedError,
    *,
    state: str | None,
    now: int,
) -> bool:
    """Close a presentation because the wallet reports an error (OpenID4VP 1.0 section 8.5).

    Args:
        presentations: of the transaction.
        terms: of the presentation.
        error: what the wallet said.
        state: what it has to repeat; None where the browser's own session says whose it is.
        now: seconds since 1970.

    Returns:
        False when the report is not of this session: nothing is closed.

    Raises:
        UnknownPresentationError, ClosedPresentationError: it was closed in the meantime.
    """
    presentations.hold(terms.id)
    presentation = present_open(presentations, terms.tenant, terms.id, now)
    if error.state != state:
        return False
    known = error.code if error.code in list(VpCode) else "error"
    closed = presentation.declined(f"wallet_{known}")
    presentations.keep(closed)
    _note(presentations, terms, closed.judged.codes[0], now)
    return True


def accept(
    presentations: Presentations,
    presentation: Open,
    checked: Checked,
    then: Conclusion,
    *,
    held: bytes | None,
    now: int,
) -> None:
    """Close a presentation with its one accepted answer and act on it, together.

    What was read before the answer was verified is not read again: the row changes only where it is
    still open.

    Args:
        presentations: of the transaction.
        presentation: as it was when the answer came.
        checked: the answer.
        then: what follows from it.
        held: SHA-256 of the response code that the result is held for; None for none.
        now: seconds since 1970.

    Raises:
        ClosedPresentationError: another answer came first.
    """
    terms = presentation.terms
    result = then.accept(terms, checked, now=now)
    if not presentations.keep(presentation.accepted(result, checked.judged, held=held)):
        present_open(presentations, terms.tenant, terms.id, now)
        raise ClosedPresentationError("answered")
    _note(presentations, terms, "accepted", now)


def _note(presentations: Presentations, terms: Terms, code: str, now: int) -> None:
    presentations.note(
        terms.tenant, f"presentation.{code}", now=now, reference=terms.id, actor=None
    )
