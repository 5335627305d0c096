import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base58
from madang.core.encoding.errors import EncodingError

# The test vectors of draft-msporny-base58 section 5.
VECTORS = {
    b"Hello World!": "2NEpo7TZRRrLZSi2U",
    b"The quick brown fox jumps over the lazy dog.": (
        "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"
    ),
    bytes.fromhex("0000287fb4cd"): "11233QC4",
}


@pytest.mark.parametrize("data", VECTORS)
def test_the_vectors_of_the_draft(data: bytes) -> None:
    assert base58.encode(data) == VECTORS[data]
    assert base58.decode(VECTORS[data]) == data


@pytest.mark.parametrize(("data", "text"), [(b"", ""), (b"\0", "1"), (b"\0\1", "12"), (b"9", "z")])
def test_the_smallest_values(data: bytes, text: str) -> None:
    assert (base58.encode(data), base58.decode(text)) == (text, data)


@given(st.binary(max_size=base58.MAX_BYTES))
def test_any_bytes_come_back(data: bytes) -> None:
    assert base58.decode(base58.encode(data)) == data


@given(st.text(max_size=40) | st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabc", max_size=40))
def test_any_text_has_one_value_or_none(text: str) -> None:
    try:
        data = base58.decode(text)
    except EncodingError:
        return
    assert base58.encode(data) == text


@pytest.mark.parametrize("letter", ["0", "O", "I", "l", "+", " ", "é", "\u0661"])
def test_letters_outside_the_alphabet_are_refused(letter: str) -> None:
    with pytest.raises(EncodingError, match="another letter"):
        base58.decode(f"2N{letter}p")


def test_the_length_is_bounded_on_both_ways() -> None:
    longest = b"\xff" * base58.MAX_BYTES
    assert base58.decode(base58.encode(longest)) == longest
    with pytest.raises(EncodingError, match="at most 128"):
        base58.encode(longest + b"\0")
    with pytest.raises(EncodingError, match="at most 128"):
        base58.decode("1" * 129)
    with pytest.raises(EncodingError, match="too long"):
        base58.decode("z" * 10_000)
    with pytest.raises(EncodingError, match="too long for 3"):
        base58.decode(base58.encode(b"four"), max_bytes=3)
