"""The verifier's checks of a whole answer, in the steps of ``verdict.Step``.

``examine`` goes through steps 1 to 6 and names the status lists that step 7 needs: those of
credentials whose issuer was verified, so that an answer cannot make us fetch what it likes. The
caller fetches them (``status_check.read_status_list``), and ``conclude`` gives the verdict. Nothing
here raises: whatever fails becomes a failure with its code.
"""

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from madang.core.formats.sd_jwt.key_binding import BindingExpectation
from madang.core.protocol.dcql.check import check_answer
from madang.core.protocol.dcql.credential import Credential
from madang.core.protocol.dcql.model import DcqlQuery
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.presented import UNAUTHENTIC, Policy, Presented, examine_one
from madang.core.protocol.oid4vp.response import Answer
from madang.core.protocol.oid4vp.status_check import StatusLookup, status_age, status_failure
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
    """An answer after steps 1 to 6.

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


def examine(
    answer: Answer, asked: Asked, policy: Policy, *, limits: Limits = DEFAULT_LIMITS
) -> Examined:
    """Go through steps 1 to 6.

    Args:
        answer: decrypted, not trusted in any part.
        asked: of this session.
        policy: trust, time and tolerances.
        limits: bounds on size and number of disclosures.
    """
    binding = BindingExpectation(asked.audience, asked.nonce, policy.max_age, policy.max_skew)
    presented = tuple(
        examine_one(
            query_id,
            text,
            policy,
            binding,
            binding_required=_binding_required(asked.query, query_id),
            limits=limits,
        )
        for query_id, texts in answer.vp_token.items()
        for text in texts
    )
    failures = (*_state(answer, asked), *_one_holder(presented), *_query(answer, asked, presented))
    return Examined(asked, policy, presented, failures)


def conclude(
    examined: Examined, statuses: Mapping[StatusSource, StatusLookup]
) -> PresentationVerdict:
    """Go through step 7 and give the verdict.

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
            vct=item.text("vct"),
            issuer=item.text("iss"),
            standing=_standing(found),
            status_age=None if item.status is None else status_age(item.status, statuses),
        )
        for item, found in zip(examined.presented, own, strict=True)
    )
    basis = examined.policy.trust.registry.basis
    if failures:
        return PresentationVerdict((), None, tuple(failures), standings, basis)
    credentials = tuple(_verified(item, examined) for item in examined.presented)
    holder = next((item.holder for item in examined.presented), None)
    return PresentationVerdict(credentials, holder, (), standings, basis)


def _binding_required(query: DcqlQuery, query_id: str) -> bool:
    asked = query.credential(query_id)
    return asked is None or asked.require_cryptographic_holder_binding


def _state(answer: Answer, asked: Asked) -> Iterator[StepFailure]:
    if asked.state is None:
        return
    if not hmac.compare_digest((answer.state or "").encode(), asked.state.encode()):
        clause = "OpenID4VP 1.0 section 5.3"
        detail = "state is not that of this session"
        yield StepFailure(Step.STATE, "state", clause, detail)


def _one_holder(presented: tuple[Presented, ...]) -> Iterator[StepFailure]:
    """Several credentials count as one person's only if one holder key is proved for all."""
    if len(presented) < 2:  # noqa: PLR2004  # one credential has one holder
        return
    clause = "OpenID4VP 1.0 section 14.1"
    readable = [item for item in presented if item.sd_jwt is not None]
    unproved = [item for item in readable if item.sd_jwt and item.sd_jwt.key_binding is None]
    if unproved or any(item.holder is None for item in readable):
        detail = "several credentials need a proof of the holder key each"
        yield StepFailure(Step.HOLDER, "holder_key_unproved", clause, detail)
    if len({item.holder for item in readable}) > 1:
        detail = "the credentials are bound to different holder keys"
        yield StepFailure(Step.HOLDER, "holder_keys_differ", clause, detail)


def _query(answer: Answer, asked: Asked, presented: tuple[Presented, ...]) -> Iterator[StepFailure]:
    """Hold the answer against the query, once every presentation could be read."""
    if any(not item.claims for item in presented):
        return
    by_id: dict[str, list[Credential]] = {query_id: [] for query_id in answer.vp_token}
    for item in presented:
        by_id[item.query_id].append(item.as_credential())
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
    asked = examined.asked.query.credential(item.query_id)
    vct, issuer = item.text("vct"), item.text("iss")
    if asked is None or item.sd_jwt is None or vct is None or issuer is None:
        raise AssertionError("a presentation without failures has been read, asked for and trusted")
    payload = item.sd_jwt.payload
    return VerifiedCredential(
        query_id=item.query_id,
        vct=vct,
        type_id=examined.policy.trust.type_id(vct) or vct,
        issuer=issuer,
        claims=item.released(asked),
        issuer_digest=item.sd_jwt.issuer_digest,
        issued_at=payload.get("iat"),
        expires_at=payload.get("exp"),
        status=item.status,
    )
