import contextlib
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError


@given(st.binary())
def test_what_is_encoded_decodes(data: bytes) -> None:
    assert base64url.decode(base64url.encode(data)) == data


@given(st.text())
def test_decoding_raises_only_its_own_error(text: str) -> None:
    with contextlib.suppress(EncodingError):
        assert base64url.encode(base64url.decode(text)) == text


@pytest.mark.parametrize("text", ["YQ==", "YR", "a", "a+/b", "YQ\n", "Ł", " YQ"])
def test_padding_other_letters_spare_bits_and_odd_lengths_are_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        base64url.decode(text)


def has_value(text: str) -> bool:
    try:
        base64url.decode(text)
    except EncodingError:
        return False
    return True


def test_exactly_the_texts_that_encoding_makes_are_accepted() -> None:
    made = {base64url.encode(bytes([number])) for number in range(256)}
    characters = list(map(chr, range(256)))
    assert {text for text in map("".join, product(characters, repeat=2)) if has_value(text)} == made
    assert not any(map(has_value, characters))


def test_the_last_of_three_characters_leaves_no_bits() -> None:
    made = {base64url.encode(bytes([7, number])) for number in range(256)}
    starts = {text[:2] for text in made}
    texts = {start + chr(last) for start in starts for last in range(256)}
    assert set(filter(has_value, texts)) == made


@given(st.lists(st.binary(max_size=40)))
def test_many_at_once_are_as_one_by_one(items: list[bytes]) -> None:
    assert base64url.encode_all(items) == list(map(base64url.encode, items))
    assert base64url.encode_all(iter(items)) == base64url.encode_all(items)
    lines = "".join(f"{base64url.encode(item)}\n" for item in items)
    assert base64url.encode_lines(items) == lines.encode()


@given(st.lists(st.binary(max_size=40)))
def test_many_are_decoded_at_once_as_one_by_one(items: list[bytes]) -> None:
    assert base64url.decode_all(base64url.encode_all(items)) == items


@given(st.lists(st.one_of(st.text(max_size=6), st.sampled_from(["YQ", "YWI", "YQ\n", "YR", ""]))))
def test_many_are_refused_at_once_where_one_of_them_is(texts: list[str]) -> None:
    try:
        found = base64url.decode_all(texts)
    except EncodingError:
        assert not all(map(has_value, texts))
    else:
        assert found == list(map(base64url.decode, texts))
