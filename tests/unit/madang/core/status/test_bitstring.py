import gzip
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.status.bitstring import (
    LENGTH,
    MALFORMED_VALUE,
    MIN_ENTRIES,
    RANGE,
    Bitstring,
    decode,
)
from madang.core.status.errors import BitstringError


@pytest.mark.parametrize("size", range(1, 9))
@given(data=st.data())
def test_what_is_set_is_read_and_neighbours_stay(size: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**size - 1), min_size=1, max_size=40))
    bits = Bitstring(size, bytearray((len(values) * size + 7) // 8))
    for index in data.draw(st.permutations(range(len(values)))):
        bits.set(index, values[index])
    again = decode(bits.encode(), size)
    assert [again.get(index) for index in range(len(values))] == values


def test_the_first_status_is_the_leftmost_bit() -> None:
    bits = Bitstring.of_entries()
    bits.set(0, 1)
    bits.set(9, 1)
    assert bits.values[:2] == b"\x80\x40"
    assert len(bits.values) == 16 * 1024


def test_statuses_cross_bytes() -> None:
    bits = Bitstring(3, bytearray(3))
    bits.set(2, 0b101)
    assert bits.values == bytearray([0b00000010, 0b10000000, 0])


def test_the_list_is_multibase_base64url_of_gzip() -> None:
    bits = Bitstring.of_entries()
    text = bits.encode()
    assert text[0] == "u"
    assert gzip.decompress(base64url.decode(text[1:])) == bytes(bits.values)


def test_few_entries_are_refused() -> None:
    with pytest.raises(BitstringError) as refused:
        Bitstring.of_entries(MIN_ENTRIES - 1)
    assert refused.value.code == LENGTH


@pytest.mark.parametrize("size", [0, -1, 9])
def test_sizes(size: int) -> None:
    with pytest.raises(BitstringError) as refused:
        Bitstring(size, bytearray(8))
    assert refused.value.code == MALFORMED_VALUE


@pytest.mark.parametrize(("index", "value"), [(-1, 0), (8, 0), (10**12, 0), (0, 2), (0, -1)])
def test_indexes_and_values_out_of_range(index: int, value: int) -> None:
    with pytest.raises(BitstringError) as refused:
        Bitstring(1, bytearray(1)).set(index, value)
    assert refused.value.code == RANGE


PACKED = gzip.compress(bytes(100), mtime=0)


@pytest.mark.parametrize(
    "encoded",
    [
        None,
        "",
        "u",
        "u!",
        "z" + base64url.encode(PACKED),
        "u" + base64url.encode(PACKED) + "==",
        "u" + base64url.encode(PACKED[:-3]),
        "u" + base64url.encode(PACKED + b"x"),
        "u" + base64url.encode(b"\x78\x9c"),
    ],
)
def test_a_malformed_list_is_refused(encoded: object) -> None:
    with pytest.raises(BitstringError) as refused:
        decode(encoded)
    assert refused.value.code == MALFORMED_VALUE


def test_a_bomb_is_not_unpacked() -> None:
    bomb = "u" + base64url.encode(gzip.compress(bytes(50_000_000)))
    with pytest.raises(BitstringError, match="more than 1000000 bytes"):
        decode(bomb, max_bytes=1_000_000)


@given(st.text(max_size=40) | st.binary(max_size=60).map(lambda b: "u" + base64url.encode(b)))
def test_any_text_gives_bits_or_the_one_error(encoded: str) -> None:
    with suppress(BitstringError):
        decode(encoded, max_bytes=1000)
