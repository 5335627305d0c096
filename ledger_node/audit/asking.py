"""What an auditor typed, read into what is to be looked for; each mistake has its name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from ledger_node.audit.model import Criteria
from madang.core.merkle.entry import HOUR, MAX_ISSUER, EntryKind

FIRST_YEAR, LAST_YEAR = 1971, 9998
_NUMBER = re.compile(r"[0-9]{1,15}")


class QuestionError(ValueError):
    """A field cannot be read.

    Attributes:
        field: its name; `audit.wrong.<field>` says what was expected.
    """

    def __init__(self, field: str) -> None:
        super().__init__(f"the field {field} cannot be read")
        self.field = field


@dataclass(frozen=True, slots=True)
class Asked:
    """The fields of one question.

    Attributes:
        fields: as they were typed.
        utc_offset_hours: of the clock by which times were typed.
    """

    fields: Mapping[str, str]
    utc_offset_hours: int

    def number(self, name: str) -> int | None:
        """Return a whole number of at most 15 digits; None for an empty field.

        Raises:
            QuestionError: it is another text.
        """
        text = self._text(name)
        if text and not _NUMBER.fullmatch(text):
            raise QuestionError(name)
        return int(text) if text else None

    def hour(self, name: str) -> int | None:
        """Return the epoch seconds of the full hour of a time such as "2026-02-02T11:00"."""
        text = self._text(name)
        if not text:
            return None
        try:
            local = datetime.fromisoformat(text).replace(tzinfo=UTC)
            seconds = (local - timedelta(hours=self.utc_offset_hours)).timestamp()
        except (ValueError, OverflowError):
            raise QuestionError(name) from None
        if seconds < 0:
            raise QuestionError(name)
        return int(seconds) // HOUR * HOUR

    def day(self, name: str) -> date | None:
        """Return a day such as "2026-02-02"; None for an empty field."""
        text = self._text(name)
        try:
            day = date.fromisoformat(text) if text else None
        except ValueError:
            raise QuestionError(name) from None
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise QuestionError(name)
        return day

    def criteria(self) -> Criteria:
        """Return which entries are wanted: kind, issuer, from, to (that hour too), block."""
        until, issuer = self.hour("to"), self._text("issuer")
        if len(issuer) > MAX_ISSUER:
            raise QuestionError("issuer")
        return Criteria(
            kind=self._kind(),
            issuer=issuer,
            since=self.hour("from"),
            until=None if until is None else until + HOUR,
            block=self.number("block"),
        )

    def _kind(self) -> EntryKind | None:
        text = self._text("kind")
        try:
            return EntryKind(text) if text else None
        except ValueError:
            raise QuestionError("kind") from None

    def _text(self, name: str) -> str:
        return self.fields.get(name, "").strip()
