"""RLP in its one form, held against the package rlp."""

from contextlib import suppress
from typing import Any

import pytest
import rlp as package
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.storage import rlp

ITEMS = st.recursive(
    st.binary(max_size=80), lambda inner: st.lists(inner, max_size=6), max_leaves=9
)


def code(data: bytes) -> str:
    with pytest.raises(EvidenceError) as told:
        rlp.decode(data)
    return told.value.code


@given(ITEMS)
def test_an_item_is_written_as_others_write_it_and_comes_back(item: Any) -> None:
    data = rlp.encode(item)
    assert data == package.encode(item)
    assert rlp.decode(data) == item


@given(st.binary(max_size=64))
def test_any_bytes_are_an_item_in_its_one_form_or_the_one_error(data: bytes) -> None:
    with suppress(EvidenceError):
        assert rlp.encode(rlp.decode(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        "",
        "8100",  # a byte that stands for itself
        "b800",  # a long length for none
        "b837" + "00" * 55,  # a long length for 55
        "b90038" + "00" * 56,  # a length that begins with zero
        "f800",  # the same for lists
        "83dead",  # cut short
        "c483dead",
        "c18100",
        "c281ff00",  # something behind
        "00" * 2,
        "bfffffffffffffffff",  # a length beyond everything
        "ff" + "ff" * 8,
    ],
)
def test_another_form_is_refused(data: str) -> None:
    assert code(bytes.fromhex(data)) == "rlp"


def test_an_item_that_reaches_beyond_its_list_is_refused() -> None:
    assert code(bytes.fromhex("c283ffffff")) == "rlp"


def test_depth_and_size_have_bounds() -> None:
    deep = b"\xc0"
    for _ in range(rlp.MAX_DEPTH - 1):
        deep = bytes([0xC0 + len(deep)]) + deep
    rlp.decode(deep)
    assert code(bytes([0xC0 + len(deep)]) + deep) == "rlp"
    long = rlp.encode(bytes(rlp.MAX_BYTES - 4))
    rlp.decode(long)
    assert code(rlp.encode(bytes(rlp.MAX_BYTES))) == "rlp"


def test_a_list_is_asked_for() -> None:
    assert rlp.decode_list(b"\xc1\x07") == [b"\x07"]
    with pytest.raises(EvidenceError, match="a list was expected"):
        rlp.decode_list(b"\x07")
