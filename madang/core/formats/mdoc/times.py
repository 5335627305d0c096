"""Dates and times in CBOR: tdate (RFC 8949 section 3.4.1) and full-date (RFC 8943)."""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from madang.core.encoding.cbor import Cbor, Tag
from madang.core.formats.mdoc.errors import MdocError

TDATE_TAG: Final = 0
FULL_DATE_TAG: Final = 1004
_CLAUSE: Final = "ISO 18013-5 7.2.1"
MOMENTS_KEPT: Final = 256
"""How many written moments are remembered: all copies of an hour have the same."""
_FORM: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")


def tdate(seconds: int) -> Tag:
    """Return a moment as tdate: UTC, whole seconds."""
    return Tag(TDATE_TAG, moment_text(seconds))


@lru_cache(maxsize=MOMENTS_KEPT)
def moment_text(seconds: int) -> str:
    """Return a moment as a tdate's text, `2026-11-25T09:00:00Z`."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='seconds')}Z"


def seconds_of(value: Cbor) -> int:
    """Return a tdate as seconds since the epoch.

    Raises:
        MdocError: not tag 0, a fraction of a second, or another offset than Z.
    """
    text = value.value if isinstance(value, Tag) and value.tag == TDATE_TAG else None
    if not isinstance(text, str) or _FORM.fullmatch(text) is None:
        raise MdocError("malformed_time", _CLAUSE, "a tdate in whole seconds of UTC was expected")
    return _seconds(text)


@lru_cache(maxsize=MOMENTS_KEPT)
def _seconds(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError as error:
        raise MdocError("malformed_time", _CLAUSE, "a tdate names no moment") from error


def full_date(day: date) -> Tag:
    """Return a day as full-date."""
    return Tag(FULL_DATE_TAG, day.isoformat())


def day_of(value: Cbor) -> date:
    """Return a full-date as a date; MdocError if it is none."""
    text = value.value if isinstance(value, Tag) and value.tag == FULL_DATE_TAG else None
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError as error:
        raise MdocError("malformed_date", _CLAUSE, "a full-date names no day") from error
    if day is None or day.isoformat() != text:
        raise MdocError("malformed_date", _CLAUSE, "a full-date (tag 1004) was expected")
    return day
