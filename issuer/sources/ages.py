"""Age on a day, and the predicates a certificate can carry in place of a date of birth."""

from datetime import date

AGES = range(1, 121)
"""The ages for which a register answers "reached"."""
_NAMES = tuple(map(str, AGES))


def age_on(birthdate: date, day: date) -> int:
    """Return full years of life on a day; who was born on 29 February grows older on 1 March."""
    before_birthday = (day.month, day.day) < (birthdate.month, birthdate.day)
    return day.year - birthdate.year - before_birthday


def age_equal_or_over(birthdate: date, day: date) -> dict[str, bool]:
    """Tell for each age whether it was reached by a day."""
    reached = max(0, age_on(birthdate, day))
    return dict.fromkeys(_NAMES[:reached], True) | dict.fromkeys(_NAMES[reached:], False)
