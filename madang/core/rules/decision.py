"""A decision: its outcome, a row per condition, and what is still open."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from madang.core.rules.kleene import fold, opposite
from madang.core.rules.model import (
    Condition,
    ConditionId,
    CredentialAlias,
    CredentialEvidence,
    Node,
    Reason,
    Rule,
    Truth,
)
from madang.core.rules.resolve import ParameterUse


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition as it stands on the governing day.

    Attributes:
        path: the claim path with its parameters filled in.
        unconfirmed: whether the condition or a parameter rests on one blog or on memory.
    """

    condition: Condition
    type_id: str
    path: tuple[str, ...]
    parameters: tuple[ParameterUse, ...]
    unconfirmed: bool


class Row(NamedTuple):
    """The result of one condition.

    A tuple and no dataclass, because a round of applications makes millions of them.

    Attributes:
        reason: why the result is unknown; None when it is known.
        value: the claim that decided; None for a predicate and for what is unknown.
    """

    asked: Asked
    result: Truth
    reason: Reason | None
    value: object

    def __repr__(self) -> str:
        """Leave the value out: a repr may end in a log."""
        return f"Row({self.asked.condition.id}, {self.result}, {self.reason})"


@dataclass(frozen=True, slots=True)
class Standing:
    """A certificate that the rule needs: what was presented for it, and what is wrong with it.

    Attributes:
        refusal: why its claims do not count; None when they do.
    """

    alias: CredentialAlias
    type_id: str
    evidence: CredentialEvidence | None
    refusal: Reason | None


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that has to come in before the outcome can be known."""

    condition: ConditionId
    credential: CredentialAlias
    type_id: str
    path: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule says of the presented evidence on the governing day.

    Attributes:
        rows: one per condition, in the order of the rule.
        evidence: per certificate of the rule what was presented for it, or None.
        absences: per certificate of the rule why a claim of it is not there.
    """

    rule: Rule
    day: date
    outcome: Truth
    rows: tuple[Row, ...]
    evidence: tuple[CredentialEvidence | None, ...] = field(repr=False)
    absences: tuple[Reason, ...] = field(repr=False)

    @property
    def parameters_used(self) -> tuple[ParameterUse, ...]:
        """The dated parameters behind the rows, each once."""
        uses = {use.name: use for row in self.rows for use in row.asked.parameters}
        return tuple(uses.values())

    @property
    def credentials(self) -> tuple[Standing, ...]:
        """How each certificate of the rule stands."""
        three = zip(self.rule.credentials, self.evidence, self.absences, strict=True)
        return tuple(
            Standing(need.alias, need.type_id, evidence, _refusal(evidence, absence))
            for need, evidence, absence in three
        )

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What an unknown outcome waits for; empty when the outcome is known."""
        if self.outcome is not Truth.UNKNOWN:
            return ()
        still_open = open_conditions(self)
        return tuple(
            Missing(c.id, c.credential, row.asked.type_id, row.asked.path, row.reason)
            for row in self.rows
            if (c := row.asked.condition).id in still_open and row.reason is not None
        )


def open_conditions(decision: Decision) -> frozenset[ConditionId]:
    """Return the conditions with another result than a yes would need.

    A condition inside a group that is satisfied already is not among them.
    """
    results = {row.asked.condition.id: row.result for row in decision.rows}
    return frozenset(_unmet(decision.rule.conditions, Truth.YES, results))


def _refusal(evidence: CredentialEvidence | None, absence: Reason) -> Reason | None:
    return None if evidence is not None and absence is Reason.MISSING else absence


def _unmet(node: Node, wanted: Truth, results: dict[ConditionId, Truth]) -> Iterator[ConditionId]:
    if _result(node, results) is wanted:
        return
    if isinstance(node, Condition):
        yield node.id
        return
    inner = opposite(wanted) if node.kind == "none" else wanted
    for member in node.members:
        yield from _unmet(member, inner, results)


def _result(node: Node, results: dict[ConditionId, Truth]) -> Truth:
    if isinstance(node, Condition):
        return results[node.id]
    return fold(node.kind, node.count, [_result(member, results) for member in node.members])
