from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.encoding.errors import EncodingError

names = st.integers(-(2**64), 2**64 - 1) | st.text() | st.binary()
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(names, inner, max_size=4)
        | st.builds(Tag, st.integers(6, 20), inner)
    ),
    max_leaves=20,
)


@given(values)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert cbor.loads(cbor.dumps(value)) == value


@given(st.dictionaries(names, st.integers(), max_size=8))
def test_the_order_of_a_map_decides_nothing(members: dict[Any, Any]) -> None:
    turned = dict(reversed(members.items()))
    assert cbor.dumps(members) == cbor.dumps(turned)


def test_names_are_in_bytewise_order_not_by_length() -> None:
    # The example of RFC 8949 section 4.2.1, as far as its names are accepted here.
    written = cbor.dumps({"aa": 0, "z": 0, -1: 0, 100: 0, 10: 0, 1000: 0})
    assert written.hex() == "a6" + "0a00" + "186400" + "1903e800" + "2000" + "617a00" + "62616100"


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        cbor.loads(data)
    except EncodingError:
        return


@given(values, st.binary(min_size=1, max_size=4))
def test_nothing_stands_behind_an_item(value: Any, more: bytes) -> None:
    with pytest.raises(EncodingError):
        cbor.loads(cbor.dumps(value) + more)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("", "not CBOR"),
        ("a201020103", "Duplicate"),
        ("9f01ff", "indefinite"),
        ("5f4101ff", "indefinite"),
        ("62ff41", "not CBOR"),
        ("a18001", "name of type"),
        ("a1f501", "name of type bool"),
        ("a1f90000" + "01", "name of type float"),
        ("a1c24101" + "01", "name of type"),
        ("a2c24101" + "01" + "0102", "name of type"),
        ("9bffffffffffffffff", "not CBOR"),
        ("5bffffffffffffffff", "not CBOR"),
        ("1c", "not CBOR"),
        ("ff", "not CBOR"),
    ],
)
def test_what_could_mean_two_things_is_refused(data: str, told: str) -> None:
    with pytest.raises(EncodingError, match=told):
        cbor.loads(bytes.fromhex(data))


@pytest.mark.parametrize("number", [0, 1, 2, 4, 24, 25, 28, 29, 35, 37, 256, 258, 1004, 55799])
def test_tags_are_handed_on(number: int) -> None:
    for content in ("1940-10-09", b"\x01" * 9, [1, 2]):
        tagged = cbor2.dumps(cbor2.CBORTag(number, content))
        assert cbor.loads(tagged) == Tag(number, content)


@pytest.mark.parametrize(
    "content", [b"\x00", b"\x60", b"\x41\x01", b"\x80", b"\x82\x00\x01", b"\xa0"]
)
def test_no_tag_of_two_bytes_is_read_as_anything_else(content: bytes) -> None:
    """Nor what it holds: cbor2 by itself makes tuples of arrays in tags that it does not know."""
    tagged = b"".join(b"\xd9" + number.to_bytes(2, "big") + content for number in range(1 << 16))
    value = cbor.loads(content)
    for number, found in enumerate(cbor.loads(b"\x9a\x00\x01\x00\x00" + tagged)):
        assert type(found) is Tag
        assert (found.tag, found.value, type(found.value)) == (number, value, type(value))


def test_a_shared_reference_makes_no_loop() -> None:
    # 28([29(0)]): an array that holds itself, for a reader that follows.
    assert cbor.loads(bytes.fromhex("d81c81d81d00")) == Tag(28, [Tag(29, 0)])


def test_size_and_depth_are_bounded() -> None:
    with pytest.raises(EncodingError, match="at most 10"):
        cbor.loads(bytes(11), max_bytes=10)
    for head in (b"\x81", b"\xa1\x01", b"\xc6"):
        assert cbor.loads(head * 10 + b"\x00", max_depth=10) is not None
        with pytest.raises(EncodingError, match="depth"):
            cbor.loads(head * 11 + b"\x00", max_depth=10)
        with pytest.raises(EncodingError, match="depth"):
            cbor.loads(head * 100_000)


@pytest.mark.parametrize(
    "value", [1.5, float("nan"), {1.0: 1}, {True: 1}, {None: 1}, object(), {1}]
)
def test_what_has_no_one_form_is_not_written(value: Any) -> None:
    with pytest.raises(EncodingError):
        cbor.dumps(value)


def test_encoded_data_keeps_its_bytes() -> None:
    tagged = cbor.encoded({"b": 1, "a": 2})
    assert tagged == Tag(24, cbor.dumps({"a": 2, "b": 1}))


def test_pieces_are_read_as_one_by_one() -> None:
    pieces = [cbor.dumps(value) for value in ({"a": [1]}, "text", Tag(24, b"x"), {"a": {"b": 2}})]
    assert cbor.loads_each(pieces) == [cbor.loads(piece) for piece in pieces]
    assert cbor.loads_each([]) == []


@pytest.mark.parametrize(
    "pieces",
    [
        (b"\x01", b""),
        (b"\x01\x02", b"\x03"),
        (b"\x82\x01", b"\x02"),
        (b"\x01", b"\x62a", b"b"),
        (b"\x01", b"\xa2\x01\x02\x01\x03"),
    ],
)
def test_no_piece_reaches_into_the_next(pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(EncodingError):
        cbor.loads_each(pieces)


def test_pieces_are_bounded_together() -> None:
    assert cbor.loads_each([b"\x01"] * 10, max_bytes=10) == [1] * 10
    with pytest.raises(EncodingError, match="at most 9"):
        cbor.loads_each([b"\x01"] * 10, max_bytes=9)
    with pytest.raises(EncodingError, match="depth"):
        cbor.loads_each([b"\x01", b"\x81\x81\x01"], max_depth=1)
