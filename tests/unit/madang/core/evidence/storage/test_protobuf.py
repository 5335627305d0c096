"""Messages in their one form."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.evidence.errors import EvidenceError
from madang.core.evidence.storage import protobuf

UINT64 = st.integers(0, 2**64 - 1)


@given(UINT64)
def test_a_number_comes_back(number: int) -> None:
    data = protobuf.varint(number)
    assert protobuf.read_varint(data + b"\xff") == (number, len(data))


@pytest.mark.parametrize(
    ("number", "data"), [(0, "00"), (1, "01"), (300, "ac02"), (-1, "ff" * 9 + "01")]
)
def test_numbers_are_written_as_the_specification_shows(number: int, data: str) -> None:
    assert protobuf.varint(number).hex() == data


@pytest.mark.parametrize(
    "data", ["", "80", "8000", "ff" * 9 + "02", "80" * 10 + "01", "ff" * 9 + "7f"]
)
def test_a_number_in_another_form_is_refused(data: str) -> None:
    with pytest.raises(EvidenceError):
        protobuf.read_varint(bytes.fromhex(data))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_message_in_its_one_form_or_the_one_error(data: bytes) -> None:
    with suppress(EvidenceError):
        assert b"".join(map(written, protobuf.fields(data))) == data


def written(field: tuple[int, int | bytes]) -> bytes:
    number, value = field
    if isinstance(value, bytes):
        return protobuf.bytes_field(number, value)
    return protobuf.number_field(number, value)


def test_fields_are_read_in_order() -> None:
    data = (
        protobuf.number_field(1, 7) + protobuf.bytes_field(4, b"a") + protobuf.bytes_field(4, b"b")
    )
    assert protobuf.fields(data) == [(1, 7), (4, b"a"), (4, b"b")]
    assert protobuf.number_field(3, 0) == protobuf.bytes_field(3, b"") == b""
    assert protobuf.bytes_field(3, b"", always=True) == b"\x1a\x00"
    assert protobuf.fixed_field(2, 0) == b""
    assert protobuf.fixed_field(2, 1) == b"\x11\x01" + bytes(7)


@pytest.mark.parametrize(
    "data",
    [
        "0801" + "0801"[:2],
        "1001" + "0801",
        "0800",
        "0a00",
        "0001",
        "09" + "00" * 8,
        "0a05ff",
        "0d01",
    ],
)
def test_another_form_is_refused(data: str) -> None:
    with pytest.raises(EvidenceError):
        protobuf.fields(bytes.fromhex(data))


def test_the_number_of_fields_has_a_bound() -> None:
    one = protobuf.number_field(1, 1)
    assert len(protobuf.fields(one * protobuf.MAX_FIELDS)) == protobuf.MAX_FIELDS
    with pytest.raises(EvidenceError):
        protobuf.fields(one * (protobuf.MAX_FIELDS + 1))
