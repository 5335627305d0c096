"""Templates of texts, and how money, dates and numbers are written in each language.

A template is a sentence with places such as ``{deposit_ceiling:krw}``: a name, and the form in
which its value is written.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date

from madang.core.rules.operators import day_of, whole

FORMS = ("krw", "date", "number", "year", "term", "text", "proof")
"""How a value can be written; ``term`` is looked up in the texts, ``proof`` shows no value."""

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*):([a-z]+)\}")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MONEY = {"ko": "{}원", "en": "KRW {}", "ja": "{}ウォン"}
_YEAR = {"ko": "{}년", "en": "{}", "ja": "{}年"}
_DATE = {"ko": "{0}년 {1}월 {2}일", "en": "{2} {3} {0}", "ja": "{0}年{1}月{2}日"}


def places(template: str) -> tuple[tuple[str, str], ...]:
    """Return the (name, form) pairs of a template.

    Raises:
        ValueError: a brace outside a well formed place, or a form that does not exist.
    """
    if set("{}") & set(_PLACE.sub("", template)):
        raise ValueError(f"a brace outside of {{name:form}} in {template!r}")
    found = tuple((match[1], match[2]) for match in _PLACE.finditer(template))
    for name, form in found:
        if form not in FORMS:
            raise ValueError(f"{{{name}:{form}}}: the form is none of {', '.join(FORMS)}")
    return found


def fill(template: str, values: Mapping[str, object], language: str) -> str:
    """Return a template with its values written in; a name without a value stays visible."""

    def written(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        return write(values[match[1]], match[2], language)

    return _PLACE.sub(written, template)


def write(value: object, form: str, language: str) -> str:
    """Return a value in the form and language; one that does not fit the form as plain text."""
    writer = _WRITERS.get(form)
    return (writer(value, language) if writer else None) or str(value)


def _money(value: object, language: str) -> str | None:
    amount = whole(value)
    return None if amount is None else _MONEY.get(language, "KRW {}").format(f"{amount:,}")


def _number(value: object, _language: str) -> str | None:
    amount = whole(value)
    return None if amount is None else f"{amount:,}"


def _year(value: object, language: str) -> str | None:
    year = whole(value)
    return None if year is None else _YEAR.get(language, "{}").format(year)


def _date(value: object, language: str) -> str | None:
    day = value if isinstance(value, date) else day_of(value)
    if day is None:
        return None
    template = _DATE.get(language, day.isoformat())
    return template.format(day.year, day.month, day.day, _MONTHS[day.month - 1])


_WRITERS: dict[str, Callable[[object, str], str | None]] = {
    "krw": _money,
    "number": _number,
    "year": _year,
    "date": _date,
}
