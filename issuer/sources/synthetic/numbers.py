"""Numbers of people and documents that cannot be anybody's."""

from collections.abc import Iterator
from datetime import date
from random import Random

WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
"""Weights of the resident number's check digit, as used for numbers given before October 2020."""
CENTURY_OF_NOBODY = "9"
"""Seventh digit of men born from 1800 to 1899: no living person has it."""

REGION_OF_NOBODY = "00"
"""First digits of a driving licence's number; those in use begin with 11."""


def check_digit(twelve: str) -> int:
    """Return the check digit that the first twelve digits of a real resident number call for."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, twelve, strict=True))
    return (11 - total % 11) % 10


def resident_number(rng: Random, birthdate: date) -> str:
    """Return a number with the form of a resident number that can belong to nobody."""
    twelve = f"{birthdate:%y%m%d}{CENTURY_OF_NOBODY}{rng.randrange(100_000):05d}"
    wrong = (check_digit(twelve) + rng.randint(1, 9)) % 10
    return f"{twelve[:6]}-{twelve[6:]}{wrong}"


def masked(number: str) -> str:
    """Return a resident number as certificates print it: the date of birth alone."""
    return f"{number[:6]}-*******"


def licence_number(rng: Random, day: date) -> str:
    """Return a number with the form of a driving licence's; no region has the code 00."""
    return f"{REGION_OF_NOBODY}-{day:%y}-{rng.randrange(10**6):06d}-{rng.randrange(100):02d}"


def serials(rng: Random, prefix: str, count: int) -> Iterator[str]:
    """Return different numbers of nine digits in no order, with a prefix."""
    return (f"{prefix}{number:09d}" for number in rng.sample(range(10**9), count))
