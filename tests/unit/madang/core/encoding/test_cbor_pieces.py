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
    wrapped,
)


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
