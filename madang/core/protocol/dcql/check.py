"""The verifier's side: does an answer satisfy the query; the wallet's filtering is not trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from madang.core.protocol.dcql.credential import Fit, MisfitCode
from madang.core.protocol.dcql.model import CredentialQuery, DcqlQuery


class AnswerCode(StrEnum):
    """What is wrong with an answer as a whole; misfits of single credentials keep their code."""

    UNEXPECTED = "unexpected_presentation"
    EMPTY = "presentation_missing"
    TOO_MANY = "too_many_presentations"
    CREDENTIAL = "credential_missing"
    CREDENTIAL_SET = "credential_set_unmet"


@dataclass(frozen=True, slots=True)
class AnswerFailure:
    """One reason to refuse an answer.

    Attributes:
        code: an ``AnswerCode`` or a ``MisfitCode``.
        clause: the section that states the requirement.
        detail: names ids, types and paths, never claim values.
        query_id: the credential query concerned, or None for the answer as a whole.
    """

    code: AnswerCode | MisfitCode
    clause: str
    detail: str
    query_id: str | None = None


def check_answer(
    query: DcqlQuery, presented: Mapping[str, Sequence[Fit]]
) -> tuple[AnswerFailure, ...]:
    """Hold what was presented against the query.

    Args:
        query: as it stood in the signed request.
        presented: per query id how each presented credential fits it, with the claims that it
            discloses; for an id that was not asked for whatever came.

    Returns:
        Every reason against the answer; empty when it satisfies the query.
    """
    failures: list[AnswerFailure] = []
    answered: set[str] = set()
    for query_id, fits in presented.items():
        found = _check_entry(query.credential(query_id), query_id, fits)
        failures += found
        if not found:
            answered.add(query_id)
    return (*failures, *_check_needs(query, set(presented), answered))


def _check_entry(
    asked: CredentialQuery | None, query_id: str, fits: Sequence[Fit]
) -> list[AnswerFailure]:
    clause = "OpenID4VP 1.0 section 8.1"
    if asked is None:
        detail = "nothing was asked for under this id"
        return [AnswerFailure(AnswerCode.UNEXPECTED, clause, detail, query_id)]
    if not fits:
        detail = "the array holds no presentation"
        return [AnswerFailure(AnswerCode.EMPTY, clause, detail, query_id)]
    found = [
        AnswerFailure(misfit.code, misfit.clause, misfit.detail, query_id)
        for fit in fits
        for misfit in fit.misfits
    ]
    if len(fits) > 1 and not asked.multiple:
        detail = f"one presentation was asked for, {len(fits)} came"
        found.append(AnswerFailure(AnswerCode.TOO_MANY, clause, detail, query_id))
    return found


def _check_needs(query: DcqlQuery, presented: set[str], answered: set[str]) -> list[AnswerFailure]:
    clause = "OpenID4VP 1.0 section 6.4.2"
    if query.credential_sets is None:
        return [
            AnswerFailure(AnswerCode.CREDENTIAL, clause, "this credential is required", asked.id)
            for asked in query.credentials
            if asked.id not in presented
        ]
    return [
        AnswerFailure(AnswerCode.CREDENTIAL_SET, clause, _wanted(need.options))
        for need in query.credential_sets
        if need.required and not any(answered.issuperset(option) for option in need.options)
    ]


def _wanted(options: Sequence[Sequence[str]]) -> str:
    return "one of these was required: " + ", or ".join(" + ".join(option) for option in options)
