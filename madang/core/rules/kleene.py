"""Kleene's strong logic over groups: what is settled is settled, whatever is still unknown."""

from collections.abc import Sequence

from madang.core.rules.model import GroupKind, Truth

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
_OPPOSITE = {YES: NO, NO: YES, UNKNOWN: UNKNOWN}


def opposite(value: Truth) -> Truth:
    """Return the negation; unknown stays unknown."""
    return _OPPOSITE[value]


def fold(kind: GroupKind, count: int, results: Sequence[Truth]) -> Truth:
    """Return the result of a group; ``count`` matters for ``at_least`` only."""
    if kind is GroupKind.ALL:
        return _all(results)
    if kind is GroupKind.AT_LEAST:
        return _at_least(count, results)
    found = _any(results)
    return found if kind is GroupKind.ANY else _OPPOSITE[found]


def _all(results: Sequence[Truth]) -> Truth:
    if NO in results:
        return NO
    return UNKNOWN if UNKNOWN in results else YES


def _any(results: Sequence[Truth]) -> Truth:
    if YES in results:
        return YES
    return UNKNOWN if UNKNOWN in results else NO


def _at_least(count: int, results: Sequence[Truth]) -> Truth:
    sure = results.count(YES)
    if sure >= count:
        return YES
    return UNKNOWN if sure + results.count(UNKNOWN) >= count else NO
