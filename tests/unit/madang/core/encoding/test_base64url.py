import contextlib

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
