"""tdate and full-date: one form each, in whole seconds of UTC."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding.cbor import Tag
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.times import day_of, full_date, seconds_of, tdate


@given(st.integers(-62_135_596_800, 253_402_300_799))
def test_moments_come_back(seconds: int) -> None:
    assert seconds_of(tdate(seconds)) == seconds


def test_the_form_of_a_moment() -> None:
    assert tdate(0) == Tag(0, "1970-01-01T00:00:00Z")
    assert seconds_of(Tag(0, "2020-10-01T13:30:02Z")) == 1_601_559_002


@pytest.mark.parametrize(
    "value",
    [
        None,
        "2020-10-01T13:30:02Z",
        1_601_559_002,
        Tag(0, 1_601_559_002),
        Tag(1, 1_601_559_002),
        Tag(1004, "2020-10-01"),
        Tag(0, "2020-10-01T13:30:02.5Z"),
        Tag(0, "2020-10-01T13:30:02+00:00"),
        Tag(0, "2020-10-01T13:30:02z"),
        Tag(0, "2020-10-01 13:30:02Z"),
        Tag(0, "2020-10-01T24:00:00Z"),
        Tag(0, "2020-10-01T13:30:60Z"),
        Tag(0, "2020-13-01T13:30:02Z"),
        Tag(0, "2021-02-29T13:30:02Z"),
        Tag(0, "٢٠٢٠-10-01T13:30:02Z"),
        Tag(0, "0000-10-01T13:30:02Z"),
        Tag(0, "2020-10-01T13:30:02Z\n"),
        Tag(0, b"2020-10-01T13:30:02Z"),
    ],
)
def test_other_moments_are_refused(value: object) -> None:
    with pytest.raises(MdocError) as refused:
        seconds_of(value)
    assert refused.value.code == "malformed_time"


@given(st.dates())
def test_days_come_back(day: date) -> None:
    assert day_of(full_date(day)) == day


@pytest.mark.parametrize(
    "value",
    [
        None,
        "2020-10-01",
        Tag(1004, 18_536),
        Tag(100, "2020-10-01"),
        Tag(1004, "20201001"),
        Tag(1004, "2020-W40-4"),
        Tag(1004, "2021-02-29"),
        Tag(1004, "2020-10-01T00:00:00Z"),
    ],
)
def test_other_days_are_refused(value: object) -> None:
    with pytest.raises(MdocError) as refused:
        day_of(value)
    assert refused.value.code == "malformed_date"
