"""The verifier's checks of a whole answer, in the steps of ``verdict.Step``.

``examine`` goes through steps 1 to 8 and names the status lists that step 9 needs: those of
credentials whose issuer was verified, so that an answer cannot make us fetch what it likes. The
caller fetches them (``status_check.read_status_list``), and ``conclude`` gives the verdict. Nothing
here raises: whatever fails becomes a failure with its code.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from madang.core.formats.identifiers import MSO_MDOC, SD_JWT_VC
from madang.core.protocol.dcql.authorities import authority_types
from madang.core.protocol.dcql.authority import OPENID_FEDERATION
from madang.core.protocol.dcql.check import check_answer
from madang.core.protocol.dcql.credential import Fit, MisfitCode
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.presented import (
    UNAUTHENTIC,
    Examination,
    Policy,
    Presented,
    unreadable,
)
from madang.core.protocol.oid4vp.presented_mdoc import examine_mdoc
from madang.core.protocol.oid4vp.presented_sd_jwt import examine_sd_jwt
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.status_check import StatusLookup, status_age, status_failure
from madang.core.protocol.oid4vp.transaction_check import transaction_failures
from madang.core.protocol.oid4vp.verdict import (
    EXPIRED,
    REVOKED,
    SUSPENDED,
    CredentialStanding,
    PresentationVerdict,
    Standing,
    StatusSource,
    Step,
    StepFailure,
    VerifiedCredential,
)


@dataclass(frozen=True)
class Examined:
    """An answer after steps 1 to 8.

    Attributes:
        asked: what it answers.
        policy: what it was held against.
        presented: each presentation with its own failures.
        failures: those of the answer as a whole.
    """

    asked: Asked
    policy: Policy
    presented: tuple[Presented, ...]
    failures: tuple[StepFailure, ...]

    @property
    def status_sources(self) -> tuple[StatusSource, ...]:
        """The status lists to fetch, each once."""
        found = (item.status.source for item in self.presented if item.status is not None)
        return tuple(dict.fromkeys(found))

    @property
    def federated(self) -> tuple[str, ...]:
        """The verified issuers whose place in a federation decides, and is not known yet."""
        found = (item.issuer for item in self.presented if self._awaits_federation(item))
        known = self.policy.authorities.federation.members
        return tuple(dict.fromkeys(each for each in found if each and each not in known))

    def _awaits_federation(self, item: Presented) -> bool:
        query = self.asked.query.credential(item.query_id)
        if query is None or item.fit is None or OPENID_FEDERATION not in authority_types([query]):
            return False
        if not any(misfit.code is MisfitCode.AUTHORITY for misfit in item.fit.misfits):
            return False
        failures = item.failures
        return not any(f.step is Step.ISSUER or f.code in UNAUTHENTIC for f in failures)


def examine(
    answer: Answer, asked: Asked, policy: Policy, *, limits: Limits = DEFAULT_LIMITS
) -> Examined:
    """Go through steps 1 to 8.

    Args:
        answer: decrypted, not trusted in any part.
        asked: of this session.
        policy: trust, time and tolerances.
        limits: bounds on size and number of disclosures.
    """
    presented = tuple(
        _examine_one(query_id, text, asked, policy, limits)
        for query_id, texts in answer.vp_token.items()
        for text in texts
    )
    failures = (
        *_session(answer, asked),
        *transaction_failures(asked.transaction_data, presented),
        *_one_holder(presented),
        *_query(answer, asked, presented),
    )
    return Examined(asked, policy, presented, failures)


def _examine_one(
    query_id: str, text: str, asked: Asked, policy: Policy, limits: Limits
) -> Presented:
    """Examine what came under an id that was asked for; anything else is not looked at."""
    query = asked.query.credential(query_id)
    if query is None:
        return Presented(query_id)
    held = Examination(query, asked, policy, limits)
    if query.format == SD_JWT_VC:
        return examine_sd_jwt(text, held)
    if query.format == MSO_MDOC:
        return examine_mdoc(text, held)
    detail = f"{query.format} is not verified here"
    return unreadable(query, "format_unsupported", "OpenID4VP 1.0 appendix B", detail)


def conclude(
    examined: Examined, statuses: Mapping[StatusSource, StatusLookup]
) -> PresentationVerdict:
    """Go through step 9 and give the verdict.

    Args:
        examined: the answer after the other steps.
        statuses: per source the verified list, or the error that kept it from us; a source that
            is left out counts as unreachable.
    """
    own = [_with_status(item, statuses) for item in examined.presented]
    failures = [*examined.failures, *(failure for found in own for failure in found)]
    failures.sort(key=lambda failure: failure.step)
    standings = tuple(
        CredentialStanding(
            query_id=item.query_id,
            vct=item.type,
            issuer=item.issuer,
            standing=_standing(found) if item.format else Standing.REFUSED,
            status_age=None if item.status is None else status_age(item.status, statuses),
        )
        for item, found in zip(examined.presented, own, strict=True)
    )
    basis = examined.policy.trust.registry.basis
    if failures:
        return PresentationVerdict((), None, tuple(failures), standings, basis)
    credentials = tuple(_verified(item, examined) for item in examined.presented)
    holder = next((item.holder for item in examined.presented if item.bound), None)
    return PresentationVerdict(credentials, holder, (), standings, basis)


def _session(answer: Answer, asked: Asked) -> Iterator[StepFailure]:
    if asked.state is None:
        return
    if not hmac.compare_digest((answer.state or "").encode(), asked.state.encode()):
        clause = "OpenID4VP 1.0 section 5.3"
        detail = "state is not that of this session"
        yield StepFailure(Step.SESSION, "state", clause, detail)


def _one_holder(presented: tuple[Presented, ...]) -> Iterator[StepFailure]:
    """Several credentials count as one person's only if one holder key is proved for all.

    Of a credential that the query wants without such a proof, nobody says whose it is.
    """
    proved = [item for item in presented if item.bound and item.fit is not None]
    clause = "OpenID4VP 1.0 section 14.1"
    if len({item.holder for item in proved}) > 1:
        detail = "the credentials are bound to different holder keys"
        yield StepFailure(Step.HOLDER, "holder_keys_differ", clause, detail)


def _query(answer: Answer, asked: Asked, presented: tuple[Presented, ...]) -> Iterator[StepFailure]:
    """Hold the answer against the query, once every presentation could be read."""
    by_id: dict[str, list[Fit]] = {query_id: [] for query_id in answer.vp_token}
    for item in presented:
        if asked.query.credential(item.query_id) is None:
            continue
        if item.fit is None:
            return
        by_id[item.query_id].append(item.fit)
    for found in check_answer(asked.query, by_id):
        yield StepFailure(Step.QUERY, found.code, found.clause, found.detail, found.query_id)


def _with_status(
    item: Presented, statuses: Mapping[StatusSource, StatusLookup]
) -> tuple[StepFailure, ...]:
    if item.status is None:
        return item.failures
    failure = status_failure(item.query_id, item.status, statuses)
    return item.failures if failure is None else (*item.failures, failure)


def _standing(failures: tuple[StepFailure, ...]) -> Standing:
    codes = {failure.code for failure in failures}
    steps = {failure.step for failure in failures}
    if Step.FORM in steps:
        return Standing.REFUSED
    if Step.ISSUER in steps or codes & UNAUTHENTIC:
        return Standing.UNTRUSTED
    by_code = {
        REVOKED: Standing.REVOKED,
        SUSPENDED: Standing.SUSPENDED,
        EXPIRED: Standing.EXPIRED,
    }
    if codes - by_code.keys():
        return Standing.REFUSED
    return next((word for code, word in by_code.items() if code in codes), Standing.VALID)


def _verified(item: Presented, examined: Examined) -> VerifiedCredential:
    if item.type is None or item.issuer is None or item.issuer_digest is None:
        raise AssertionError("a presentation without failures has been read and trusted")
    return VerifiedCredential(
        query_id=item.query_id,
        format=item.format,
        vct=item.type,
        type_id=examined.policy.trust.type_id(item.type) or item.type,
        issuer=item.issuer,
        claims=item.released,
        issuer_digest=item.issuer_digest,
        issued_at=item.issued_at,
        expires_at=item.expires_at,
        holder=item.holder if item.bound else None,
        status=item.status,
    )
