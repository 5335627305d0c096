"""The mobile driving licence: its elements and what each looks like (ISO/IEC 18013-5 section 7.2).

Nothing above this module knows these names; other document types have elements of their own.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.times import day_of, seconds_of
from madang.core.formats.mdoc.verdict import Failure

DOC_TYPE: Final = "org.iso.18013.5.1.mDL"
NAME_SPACE: Final = "org.iso.18013.5.1"
MAX_CHARACTERS: Final = 150
MANDATORY: Final = (
    *("family_name", "given_name", "birth_date", "issue_date", "expiry_date"),
    *("issuing_country", "issuing_authority", "document_number", "portrait"),
    *("driving_privileges", "un_distinguishing_sign"),
)
_SEXES: Final = (0, 1, 2, 9)
_CODE_MEMBERS: Final = frozenset({"code", "sign", "value"})
_AGE_OVER: Final = re.compile(r"age_over_([0-9]{2})")
_BIOMETRIC: Final = re.compile(r"biometric_template_[a-z_]+")
Form = Callable[[Any], bool]


def _text(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return isinstance(value, str) and 0 < len(value) <= MAX_CHARACTERS


def _latin(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return _text(value) and all(ord(character) <= 0xFF for character in value)  # noqa: PLR2004


def _country(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return isinstance(value, str) and re.fullmatch("[A-Z]{2}", value) is not None


def _octets(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return isinstance(value, bytes) and bool(value)


def _number(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return type(value) is int and value >= 0


def _truth(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return isinstance(value, bool)


def _sex(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return type(value) is int and value in _SEXES


def _reads(read: Callable[[Any], object]) -> Form:
    def fits(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
        try:
            read(value)
        except MdocError:
            return False
        return True

    return fits


_day, _moment = _reads(day_of), _reads(seconds_of)


def _day_or_moment(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    return _day(value) or _moment(value)


def _privileges(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    """An array of categories with their days and restrictions (section 7.2.4)."""
    return isinstance(value, list | tuple) and all(map(_privilege, value))


def _privilege(value: Any) -> bool:  # noqa: ANN401 - any CBOR value
    if not isinstance(value, dict) or not _text(value.get("vehicle_category_code")):
        return False
    days = (value[name] for name in ("issue_date", "expiry_date") if name in value)
    codes = value.get("codes", [])
    return (
        all(map(_day, days))
        and isinstance(codes, list | tuple)
        and all(isinstance(code, dict) and _code(code) for code in codes)
    )


def _code(value: Mapping[Any, Any]) -> bool:
    known = (value[name] for name in _CODE_MEMBERS if name in value)
    return "code" in value and all(isinstance(each, str) for each in known)


ELEMENTS: Final[Mapping[str, Form]] = MappingProxyType(
    {
        "family_name": _latin,
        "given_name": _latin,
        "birth_date": _day,
        "issue_date": _day_or_moment,
        "expiry_date": _day_or_moment,
        "issuing_country": _country,
        "issuing_authority": _latin,
        "document_number": _latin,
        "portrait": _octets,
        "driving_privileges": _privileges,
        "un_distinguishing_sign": _latin,
        "administrative_number": _latin,
        "sex": _sex,
        "height": _number,
        "weight": _number,
        "eye_colour": _latin,
        "hair_colour": _latin,
        "birth_place": _latin,
        "resident_address": _latin,
        "portrait_capture_date": _moment,
        "age_in_years": _number,
        "age_birth_year": _number,
        "issuing_jurisdiction": _latin,
        "nationality": _country,
        "resident_city": _latin,
        "resident_state": _latin,
        "resident_postal_code": _latin,
        "resident_country": _country,
        "family_name_national_character": _text,
        "given_name_national_character": _text,
        "signature_usual_mark": _octets,
    }
)
"""What the value of each element has to look like (table 5); ages and biometrics have patterns."""


def failures(elements: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield what is wrong with the elements of a whole mDL: missing, or of another form.

    Args:
        elements: values by identifier, those of NAME_SPACE. Elements that are not known pass.
    """
    for name in MANDATORY:
        if name not in elements:
            yield Failure("mdl_element_missing", "ISO 18013-5 7.2.1", f"{name} is missing")
    yield from malformed(elements)


def malformed(elements: Mapping[str, Any]) -> Iterator[Failure]:
    """Yield which of the presented elements do not have the form of their type."""
    for name, value in elements.items():
        fits = _form(name)
        if fits is not None and not fits(value):
            detail = f"{name} does not have the form of its element"
            yield Failure("mdl_element_malformed", "ISO 18013-5 7.2.1", detail)


def _form(name: str) -> Form | None:
    if _AGE_OVER.fullmatch(name):
        return _truth
    return _octets if _BIOMETRIC.fullmatch(name) else ELEMENTS.get(name)


def nearest_age(elements: Mapping[str, Any], asked: int) -> str | None:
    """Return the age_over_NN that answers whether the holder is over `asked` (section 7.2.5).

    The nearest one that is true for this age or a greater one; else the nearest one that is false
    for this age or a lesser one; else None, and the answer stays open.
    """
    ages = {}
    for name, value in elements.items():
        match = _AGE_OVER.fullmatch(name)
        if match is not None and isinstance(value, bool):
            ages[int(match[1])] = value
    over = min((age for age, reached in ages.items() if reached and age >= asked), default=None)
    under = max(
        (age for age, reached in ages.items() if not reached and age <= asked), default=None
    )
    nearest = under if over is None else over
    return None if nearest is None else f"age_over_{nearest:02d}"
