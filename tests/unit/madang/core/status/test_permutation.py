from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.status.permutation import KEY_BYTES, Permutation

KEY = bytes(range(32))


@pytest.mark.parametrize("size", [*range(1, 130), 255, 256, 257, 1000, 4095, 4096, 4097])
def test_every_place_is_given_once(size: int) -> None:
    order = Permutation(KEY, size)
    assert sorted(order.place(position) for position in range(size)) == list(range(size))


def test_a_large_one_gives_no_place_twice() -> None:
    order = Permutation(KEY, 1_000_000)
    seen = bytearray(1_000_000)
    for position in range(100_000):
        seen[order.place(position)] += 1
    assert sum(seen) == 100_000
    assert max(seen) == 1


@given(st.binary(min_size=32, max_size=32), st.integers(2, 10**9), st.data())
def test_places_are_inside_and_differ(key: bytes, size: int, data: st.DataObject) -> None:
    order = Permutation(key, min(size, 10**6))
    positions = st.integers(0, order.size - 1)
    one, two = data.draw(positions), data.draw(positions)
    assert 0 <= order.place(one) < order.size
    assert (order.place(one) == order.place(two)) is (one == two)


def test_the_same_key_gives_the_same_order_for_ever() -> None:
    order = Permutation(KEY, 1_000_000)
    assert [order.place(position) for position in range(4)] == GIVEN


GIVEN = [385811, 146532, 966560, 724937]
"""Written down once: a change would hand out places again that old positions had."""


def test_another_key_or_size_gives_another_order() -> None:
    size = 10_000
    orders = [Permutation(KEY, size), Permutation(bytes(32), size), Permutation(KEY, size + 1)]
    firsts = [[order.place(position) for position in range(50)] for order in orders]
    for one, two in ((0, 1), (0, 2), (1, 2)):
        assert len({*firsts[one]} & {*firsts[two]}) < 5


def test_neighbours_lie_anywhere() -> None:
    """The gaps between followers are spread like those of lots drawn, in sixteen equal classes."""
    size, drawn = 1 << 16, 4096
    order = Permutation(KEY, size)
    places = [order.place(position) for position in range(drawn + 1)]
    classes = [0] * 16
    for one, two in pairwise(places):
        classes[(two - one) % size * 16 // size] += 1
    expected = drawn / 16
    chi_square = sum((count - expected) ** 2 / expected for count in classes)
    assert chi_square < 37.7  # 15 degrees of freedom: one in a thousand lies above


@pytest.mark.parametrize("position", [-1, 10, 11])
def test_a_position_outside_is_an_error(position: int) -> None:
    with pytest.raises(ValueError, match="not below 10"):
        Permutation(KEY, 10).place(position)


@pytest.mark.parametrize(("key", "size"), [(b"", 8), (bytes(KEY_BYTES + 1), 8), (KEY, 0)])
def test_a_short_key_or_no_size_is_an_error(key: bytes, size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Permutation(key, size)
