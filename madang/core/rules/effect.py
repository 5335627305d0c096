"""Which version of a programme is in force on a day, and whether versions follow one another."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from madang.core.encoding import base64url
from madang.core.rules.errors import RuleError
from madang.core.rules.model import Rule


def in_force(rules: Sequence[Rule], day: date) -> Rule:
    """Return the one version of a programme that governs a day.

    Args:
        rules: all versions of one programme, in any order.
        day: the governing day, in the rules' time zone.

    Raises:
        RuleError: no rules, rules of several programmes, versions that overlap or leave a gap, or
            a day before the first or after the last one.
    """
    ordered = in_order(rules)
    for rule in ordered:
        if rule.covers(day):
            return rule
    first, last = ordered[0].effective_from, ordered[-1].effective_to
    expected = f"a day from {first.isoformat()}" + (f" to {last.isoformat()}" if last else " on")
    raise RuleError(ordered[0].programme, expected, day.isoformat())


def in_order(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """Return the versions of one programme by date of effect; errors as of `in_force`."""
    if not rules:
        raise RuleError("rules", "at least one version", "none")
    ordered = tuple(sorted(rules, key=lambda rule: rule.effective_from))
    for before, after in pairwise(ordered):
        _check_pair(before, after)
    return ordered


def check_succession(rules: Sequence[Rule]) -> None:
    """Check that each version names the digest of the one before it, and the first names none.

    Raises:
        RuleError: a version does not; the message gives the digest that it should name, because
            a version in force is never edited and a new one is made instead.
    """
    before: Rule | None = None
    for rule in in_order(rules):
        wanted = None if before is None else before.digest
        if rule.predecessor != wanted:
            raise RuleError(
                f"{rule.programme} {rule.version} $.predecessor", _named(wanted), "another"
            )
        before = rule


def _check_pair(before: Rule, after: Rule) -> None:
    place = f"{after.programme} {after.version} $.effective_from"
    if before.programme != after.programme:
        raise RuleError(place, f"a version of {before.programme}", after.programme)
    if before.effective_to is None or before.effective_to >= after.effective_from:
        end = before.effective_to.isoformat() if before.effective_to else "the end of all days"
        expected = f"a day after {end}, when version {before.version} ends (overlap)"
        raise RuleError(place, expected, after.effective_from.isoformat())
    next_day = before.effective_to + timedelta(days=1)
    if after.effective_from != next_day:
        expected = f"{next_day.isoformat()}, the day after version {before.version} ends (gap)"
        raise RuleError(place, expected, after.effective_from.isoformat())


def _named(digest: bytes | None) -> str:
    return "null" if digest is None else base64url.encode(digest)
