from collections import Counter

import pytest

from madang.infra.ids import Ids, SeededIds, SystemIds


@pytest.fixture(params=["system", "seeded"])
def ids(request: pytest.FixtureRequest) -> Ids:
    return SystemIds() if request.param == "system" else SeededIds("seed")


def test_what_is_drawn_has_the_asked_size(ids: Ids) -> None:
    assert len(ids.bytes(7)) == 7
    assert len(ids.token()) == 22
    assert len(ids.digits(6)) == 6
    assert ids.digits(6).isdecimal()


def test_nothing_is_drawn_twice(ids: Ids) -> None:
    assert len({ids.token() for _ in range(1000)}) == 1000


def test_numbers_stay_below_the_limit_and_reach_all_of_it(ids: Ids) -> None:
    counts = Counter(ids.below(3) for _ in range(3000))
    assert set(counts) == {0, 1, 2}
    assert min(counts.values()) > 800


def test_shuffling_keeps_every_item_and_changes_places(ids: Ids) -> None:
    items = list(range(50))
    shuffled = ids.shuffled(items)
    assert sorted(shuffled) == items
    assert shuffled != items
    assert items == list(range(50))
    assert ids.shuffled([]) == []


def test_a_seed_gives_the_same_again() -> None:
    first, second = SeededIds("a"), SeededIds("a")
    assert [first.token() for _ in range(3)] == [second.token() for _ in range(3)]
    assert SeededIds("a").token() != SeededIds("b").token()
