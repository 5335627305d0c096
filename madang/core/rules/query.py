"""Derives from a rule the smallest request that can settle it (DCQL, OpenID4VP 1.0 section 6).

One entry per certificate, with the claims that its conditions name and no others. A certificate
that every way to a yes needs is required. Where groups leave a choice, ``credential_sets`` lists
the sets that suffice, the one with the fewest claims first, so that a resident who lacks one
alternative can still answer with another.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from madang.core.encoding.strict_json import Json
from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.rules.decision import Asked
from madang.core.rules.errors import RuleError
from madang.core.rules.evaluate import asked_on
from madang.core.rules.model import Condition, CredentialAlias, GroupKind, Node, Rule
from madang.core.rules.resolve import require_in_force

MAX_SETS = 64
"""How many sets of certificates a rule may leave to the resident's choice."""

Choice = frozenset[CredentialAlias]


def derive_query(
    rule: Rule, *, day: date, vct_of: Callable[[str], str], partial: bool = False
) -> Json:
    """Return the DCQL query of a rule for a day; the same rule and day give the same bytes.

    Args:
        rule: a rule in force on the day.
        day: the governing day.
        vct_of: gives the ``vct`` of a certificate type.
        partial: whether a wallet that lacks a certificate may still answer with the others. The
            outcome is then unknown and says what is missing, where otherwise nothing would come.

    Raises:
        RuleError: the rule is not in force, a parameter has no value, or too many choices.
    """
    require_in_force(rule, day)
    asked = asked_on(rule, day)
    choices = sufficient_sets(rule)
    needs = [need for need in rule.credentials if any(need.alias in c for c in choices)]
    entries: list[Json] = [
        {
            "id": need.alias,
            "format": SD_JWT_VC,
            "meta": {"vct_values": [vct_of(need.type_id)]},
            "claims": [{"path": list(path)} for path in _paths(asked, need.alias)],
        }
        for need in needs
    ]
    if partial:
        sets = [{"options": [[need.alias]], "required": False} for need in needs]
        return {"credentials": entries, "credential_sets": sets}
    if len(choices) == 1:
        return {"credentials": entries}
    order = [need.alias for need in needs]
    weight = {alias: len(_paths(asked, alias)) for alias in order}
    return {"credentials": entries, "credential_sets": [_options(choices, order, weight)]}


def sufficient_sets(rule: Rule) -> tuple[Choice, ...]:
    """Return the smallest sets of certificates out of which the rule can come to a yes.

    Raises:
        RuleError: more than `MAX_SETS`.
    """
    return tuple(_choices(rule.conditions, wanted=True))


def _paths(asked: Sequence[Asked], alias: CredentialAlias) -> tuple[tuple[str, ...], ...]:
    mine = (item.path for item in asked if item.condition.credential == alias)
    return tuple(dict.fromkeys(mine))


def _options(
    choices: Iterable[Choice], order: list[CredentialAlias], weight: dict[CredentialAlias, int]
) -> Json:
    """Return the credential set of the choices, the one with the fewest claims first."""
    options = [sorted(choice, key=order.index) for choice in choices]
    options.sort(key=lambda o: (sum(weight[a] for a in o), [order.index(a) for a in o]))
    return {"options": options}


def _choices(node: Node, *, wanted: bool) -> list[Choice]:
    """Return the smallest sets whose claims can make a node yes (or no, when not ``wanted``)."""
    if isinstance(node, Condition):
        return [frozenset({node.credential})]
    inner = wanted is not (node.kind is GroupKind.NONE)
    members = [_choices(member, wanted=inner) for member in node.members]
    needed = _needed(node.kind, node.count, len(members), wanted=wanted)
    return _pick(members, needed)


def _pick(members: Sequence[list[Choice]], needed: int) -> list[Choice]:
    """Return the smallest unions of one choice each out of ``needed`` of the members."""
    ways: list[list[Choice]] = [[frozenset()], *([] for _ in range(needed))]
    for member in members:
        for size in range(needed, 0, -1):
            longer = [x | y for x in ways[size - 1] for y in member]
            ways[size] = _smallest([*ways[size], *longer])
    return ways[needed]


def _needed(kind: GroupKind, count: int, size: int, *, wanted: bool) -> int:
    """Return how many members of a group have to turn out right for it to be as wanted."""
    every, one = (size, 1) if wanted else (1, size)
    if kind is GroupKind.AT_LEAST:
        return count if wanted else size - count + 1
    return one if kind is GroupKind.ANY else every


def _smallest(choices: Iterable[Choice]) -> list[Choice]:
    """Drop what another choice is contained in; keep the order otherwise."""
    distinct = sorted(dict.fromkeys(choices), key=lambda choice: (len(choice), sorted(choice)))
    kept: list[Choice] = []
    for choice in distinct:
        if not any(smaller <= choice for smaller in kept):
            kept.append(choice)
    if len(kept) > MAX_SETS:
        raise RuleError("$.conditions", f"at most {MAX_SETS} sets of certificates", f"{len(kept)}")
    return kept
