import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url, cbor
from madang.core.status.errors import StatusError
from madang.core.status.token_status_list import (
    APPLICATION_SPECIFIC,
    INVALID,
    SUSPENDED,
    VALID,
    WIDTHS,
    PackedList,
    StatusList,
    cwt_reference,
    reference,
)

URI = "https://i/statuslists/1"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["bits", "lst", "aggregation_uri", "status_list", "uri", "idx"]), inner
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("bits", WIDTHS)
@given(data=st.data())
def test_what_is_set_is_read_and_neighbours_stay(bits: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=40))
    statuses = StatusList.of_size(len(values), bits)
    order = data.draw(st.permutations(range(len(values))))
    for index in order:
        statuses.set(index, values[index])
    packed = statuses.pack("https://i/statuslists")
    for again in (PackedList.from_json(packed.to_json()), PackedList.from_cbor(packed.to_cbor())):
        assert again == packed
        unpacked = again.unpack()
        assert [unpacked.get(index) for index in range(len(values))] == values


@pytest.mark.parametrize("bits", WIDTHS)
@given(data=st.data())
def test_one_bit_tells_what_is_valid(bits: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**bits - 1), min_size=1, max_size=40))
    statuses = StatusList.of_size(len(values), bits)
    for index, value in enumerate(values):
        statuses.set(index, value)
    told = statuses.in_one_bit()
    assert told.bits == 1
    assert len(told) - len(statuses) in range(8)
    assert [told.get(index) for index in range(len(values))] == [int(v > 0) for v in values]


def test_values_of_the_registry() -> None:
    assert (VALID, INVALID, SUSPENDED) == (0, 1, 2)
    assert sorted(APPLICATION_SPECIFIC) == [3, 12, 13, 14, 15]


def test_the_first_status_is_in_the_least_significant_bits() -> None:
    statuses = StatusList.of_size(4)
    statuses.set(1, SUSPENDED)
    assert statuses.values == b"\x08"


def test_without_an_aggregation_nothing_is_said_about_it() -> None:
    assert StatusList.of_size(8).pack().to_json().keys() == {"bits", "lst"}


def test_any_decompressor_reads_the_list() -> None:
    statuses = StatusList.of_size(1000)
    statuses.set(999, INVALID)
    assert zlib.decompress(statuses.pack().lst) == bytes(statuses.values)


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"bits": 1},
        {"bits": 3, "lst": "eNoDAAAAAAE"},
        {"bits": True, "lst": "eNoDAAAAAAE"},
        {"bits": "1", "lst": "eNoDAAAAAAE"},
        {"bits": 1, "lst": "!"},
        {"bits": 1, "lst": b"\x00"},
        {"bits": 1, "lst": "AAAA"},
        {"bits": 1, "lst": "eNoDAAAAAAE", "aggregation_uri": 7},
    ],
)
def test_a_malformed_list_is_refused(value: object) -> None:
    with pytest.raises(StatusError) as refused:
        PackedList.from_json(value).unpack()
    assert refused.value.code == "status_list_malformed"


def test_a_list_in_cbor_holds_bytes() -> None:
    with pytest.raises(StatusError):
        PackedList.from_cbor(StatusList.of_size(8).pack().to_json())
    with pytest.raises(StatusError):
        PackedList.from_cbor({"bits": 9, "lst": b""})


def test_a_bomb_is_not_unpacked() -> None:
    bomb = PackedList(1, zlib.compress(bytes(50_000_000), 9))
    with pytest.raises(StatusError) as refused:
        bomb.unpack(max_bytes=1_000_000)
    assert refused.value.code == "status_list_too_large"
    assert len(PackedList(1, zlib.compress(bytes(100))).unpack(max_bytes=100)) == 800


def test_cut_data_and_bytes_behind_the_end_are_refused() -> None:
    packed = zlib.compress(bytes(100))
    for data in (packed[:-2], packed + b"x", zlib.compress(b"x", wbits=31)):
        with pytest.raises(StatusError) as refused:
            PackedList(1, data).unpack()
        assert refused.value.code == "status_list_malformed"


@pytest.mark.parametrize("index", [-1, 16, 10**12])
def test_an_index_beyond_the_list_is_refused(index: int) -> None:
    with pytest.raises(StatusError) as refused:
        StatusList.of_size(16).get(index)
    assert refused.value.code == "status_index_out_of_range"


@pytest.mark.parametrize("value", [2, -1])
def test_a_value_without_room_is_refused(value: int) -> None:
    with pytest.raises(StatusError) as refused:
        StatusList.of_size(4, 1).set(0, value)
    assert refused.value.code == "status_value"


def test_references() -> None:
    said = {"status_list": {"uri": URI, "idx": 3, "more": 1}, "other": {}}
    assert reference({}) is None
    assert cwt_reference({1: "iss"}) is None
    assert reference({"status": said}) == (URI, 3)
    assert cwt_reference({65535: said}) == (URI, 3)


def test_a_security_object_refers_in_the_same_way() -> None:
    said = {"docType": "org.example", "status": {"status_list": {"uri": URI, "idx": 412}}}
    assert reference(cbor.loads(cbor.dumps(said))) == (URI, 412)


@pytest.mark.parametrize(
    "status",
    [
        1,
        {},
        {"status_list": {}},
        {"status_list": {"uri": URI}},
        {"status_list": {"uri": 1, "idx": 1}},
        {"status_list": {"uri": URI, "idx": True}},
        {"status_list": {"uri": URI, "idx": "1"}},
    ],
)
def test_a_malformed_reference_is_refused(status: object) -> None:
    for refer in (lambda: reference({"status": status}), lambda: cwt_reference({65535: status})):
        with pytest.raises(StatusError) as refused:
            refer()
        assert refused.value.code == "status_reference_malformed"


@given(ANYTHING)
def test_reading_raises_only_its_own_error(value: object) -> None:
    for read in (PackedList.from_json, PackedList.from_cbor):
        with suppress(StatusError):
            read(value).unpack(max_bytes=1000)
    with suppress(StatusError):
        reference({"status": value})


@given(st.binary(max_size=200))
def test_any_bytes_unpack_or_are_refused(data: bytes) -> None:
    with suppress(StatusError):
        PackedList.from_json({"bits": 1, "lst": base64url.encode(data)}).unpack(max_bytes=1000)


def test_one_change_of_a_million_does_not_touch_the_rest() -> None:
    statuses = StatusList.of_size(1_000_000)
    before = bytes(statuses.values)
    statuses.set(500_000, SUSPENDED)
    changed = [at for at, (a, b) in enumerate(zip(before, statuses.values, strict=True)) if a != b]
    assert changed == [125_000]
