from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.rules.kleene import NO, UNKNOWN, YES, fold, opposite
from madang.core.rules.model import GroupKind, Truth

TRUTHS = st.lists(st.sampled_from(list(Truth)), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (YES, YES, YES, YES),
        (YES, NO, NO, YES),
        (YES, UNKNOWN, UNKNOWN, YES),
        (NO, NO, NO, NO),
        (NO, UNKNOWN, NO, UNKNOWN),
        (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    ],
)
def test_the_tables_of_kleene(one: Truth, other: Truth, both: Truth, either: Truth) -> None:
    for pair in ([one, other], [other, one]):
        assert fold(GroupKind.ALL, 0, pair) is both
        assert fold(GroupKind.ANY, 0, pair) is either
        assert fold(GroupKind.NONE, 0, pair) is opposite(either)


def test_unknown_stays_unknown_when_negated() -> None:
    assert [opposite(value) for value in (YES, NO, UNKNOWN)] == [NO, YES, UNKNOWN]


def completions(results: list[Truth]) -> list[list[Truth]]:
    """Return every way in which the unknown results could still turn out."""
    return [list(way) for way in product(*([YES, NO] if r is UNKNOWN else [r] for r in results))]


@pytest.mark.parametrize("kind", GroupKind)
@given(results=TRUTHS, data=st.data())
def test_a_result_is_known_exactly_when_no_gap_can_change_it(
    kind: GroupKind, results: list[Truth], data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, len(results)))
    outcomes = {fold(kind, count, way) for way in completions(results)}
    expected = outcomes.pop() if len(outcomes) == 1 else UNKNOWN
    assert fold(kind, count, results) is expected


@given(results=TRUTHS)
def test_at_least_has_all_and_any_as_its_ends(results: list[Truth]) -> None:
    assert fold(GroupKind.AT_LEAST, 1, results) is fold(GroupKind.ANY, 0, results)
    assert fold(GroupKind.AT_LEAST, len(results), results) is fold(GroupKind.ALL, 0, results)
