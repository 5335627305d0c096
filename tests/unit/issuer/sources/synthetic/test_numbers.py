"""Numbers have the right form and can belong to nobody."""

import re
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuer.sources.synthetic.numbers import (
    check_digit,
    licence_number,
    masked,
    resident_number,
    serials,
)


def test_the_check_digit_is_the_known_one() -> None:
    """By hand: 9*2 + 1*5 + 1*7 + 1*8 + 2*9 + 3*2 + 4*3 + 5*4 + 6*5 = 124; 11 - 124 mod 11 = 8."""
    assert check_digit("900101123456") == 8


@given(st.integers(0, 2**32), st.dates(date(1920, 1, 1), date(2026, 1, 1)))
def test_a_resident_number_is_nobody_s(seed: int, birthdate: date) -> None:
    number = resident_number(Random(seed), birthdate)  # noqa: S311 - sample data
    digits = number.replace("-", "")
    assert (len(number), len(digits), number[6]) == (14, 13, "-")
    assert digits[:6] == birthdate.strftime("%y%m%d")
    assert digits[6] == "9"
    assert int(digits[12]) != check_digit(digits[:12])


def test_the_printed_form_shows_the_date_of_birth_alone() -> None:
    assert masked("970412-9123456") == "970412-*******"


def test_a_licence_number_is_nobody_s() -> None:
    drawn = {licence_number(Random(n), date(2021, 5, 10)) for n in range(50)}  # noqa: S311 - sample
    assert len(drawn) == 50
    assert all(re.fullmatch(r"00-21-[0-9]{6}-[0-9]{2}", number) for number in drawn)


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_serials_are_all_different(count: int) -> None:
    drawn = list(serials(Random(7), "X", count))  # noqa: S311 - sample data
    assert len(set(drawn)) == count
    assert all(len(serial) == 10 and serial[0] == "X" for serial in drawn)
