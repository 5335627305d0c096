"""Pieces of CBOR are what the whole encoder writes."""

from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import cbor
from madang.core.encoding.cbor_pieces import (
    NEGATIVE,
    UNSIGNED,
    head,
    octets,
    text,
    unwrapped,
    unwrapped_bytes,
    wrapped,
)
from madang.core.encoding.errors import EncodingError


@given(st.integers(0, 2**64 - 1))
def test_heads_are_those_of_cbor(number: int) -> None:
    assert head(UNSIGNED, number) == cbor.dumps(number)
    assert head(NEGATIVE, number) == cbor.dumps(-1 - number)


@given(st.text(), st.binary(max_size=300))
def test_fragments_are_those_of_cbor(words: str, data: bytes) -> None:
    assert text(words) == cbor.dumps(words)
    assert octets(data) == cbor.dumps(data)
    assert wrapped(data) == cbor.dumps(cbor.Tag(24, data))


def test_only_bytes_in_tag_24_are_unwrapped() -> None:
    assert unwrapped(cbor.loads(wrapped(b"x"))) == b"x"
    for other in (b"x", cbor.Tag(24, "x"), cbor.Tag(25, b"x"), None, [24]):
        assert unwrapped(other) is None


@given(st.binary(max_size=300))
def test_wrapped_bytes_come_back(data: bytes) -> None:
    whole = wrapped(data)
    assert unwrapped_bytes(whole) == data
    assert unwrapped_bytes(whole + b"\x00") is None
    assert unwrapped_bytes(whole[:-1]) is None


@given(st.binary(max_size=40).map(lambda data: b"\xd8\x18" + data))
def test_what_stands_behind_the_tag_is_read_as_the_decoder_reads_it(data: bytes) -> None:
    try:
        expected = unwrapped(cbor.loads(data))
    except EncodingError:
        expected = None
    assert unwrapped_bytes(data) == expected


def test_heads_longer_than_needed_are_read() -> None:
    for head_of_three in ("43", "5803", "590003", "5a00000003", "5b0000000000000003"):
        assert unwrapped_bytes(bytes.fromhex("d818" + head_of_three) + b"abc") == b"abc"
    for other in ("", "d8", "d818", "d81c43616263", "d81863616263", "d8185f4361626300ff"):
        assert unwrapped_bytes(bytes.fromhex(other)) is None


def test_lengths_of_a_reserved_size_are_not_read() -> None:
    # One byte less than such a head would have, so that nothing is left behind it.
    for additional in (28, 29, 30, 31):
        short = (1 << additional - 24) - 1
        assert unwrapped_bytes(bytes((0xD8, 24, 0x40 | additional)) + bytes(short)) is None
