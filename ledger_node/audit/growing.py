"""How a log has grown, hour by hour of a day, or day by day of a month."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from ledger_node.audit.drawing import Period
from ledger_node.audit.model import Criteria
from ledger_node.audit.usecases import AuditedLog
from madang.core.merkle.entry import HOUR, EntryKind

DAYS: Final = 30
HOURS: Final = 24
_DAY: Final = 24 * HOUR


class Step(StrEnum):
    """How long a period is."""

    DAY = "day"
    HOUR = "hour"


@dataclass(frozen=True, slots=True)
class Growth:
    """The periods up to a day.

    Attributes:
        step: how long each is.
        day: the last day.
        periods: the earliest first.
    """

    step: Step
    day: date
    periods: list[Period]

    @property
    def kinds(self) -> list[EntryKind]:
        """The kinds of which there were entries."""
        return [kind for kind in EntryKind if any(kind.value in p.counts for p in self.periods)]

    @property
    def earlier(self) -> date:
        """The day with which the periods before these end."""
        return self.day - timedelta(days=DAYS if self.step is Step.DAY else 1)

    @property
    def later(self) -> date:
        """The day with which the periods after these end."""
        return self.day + timedelta(days=DAYS if self.step is Step.DAY else 1)


def growth(log: AuditedLog, step: Step, day: date | None, utc_offset_hours: int) -> Growth | None:
    """Return the growth of 30 days or of the 24 hours of one; None while the log is empty.

    Args:
        log: whose.
        step: day or hour.
        day: the last one, on the office's calendar; None for that of the latest entry.
        utc_offset_hours: of the office's clock.
    """
    offset = utc_offset_hours * HOUR
    with log() as state:
        newest, hour = state.newest(), state.last_hour()
        if newest is None or hour is None:
            return None
        last = day or (_EPOCH + timedelta(seconds=hour + offset)).date()
        until = (datetime(last.year, last.month, last.day, tzinfo=UTC) - _EPOCH) // _SECOND
        until += _DAY - offset
        width = _DAY if step is Step.DAY else HOUR
        since = until - width * (DAYS if step is Step.DAY else HOURS)
        rows = state.growth(max(0, since), max(0, until))
        behind, _ = state.search(Criteria(since=max(0, until)), (0, newest.size), None, 1)
    counts: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for at, kind, count in rows:
        counts[(at - since) // width][kind] += count
    size = None if behind.more else newest.size - behind.count - sum(each[2] for each in rows)
    return Growth(step, last, _periods(counts, since + offset, width, size, until + offset))


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


def _periods(
    counts: dict[int, dict[str, int]], since: int, width: int, size: int | None, until: int
) -> list[Period]:
    periods = []
    for number in range((until - since) // width):
        found = counts.get(number, {})
        piled: dict[str, int] = {
            kind.value: found[kind.value] for kind in EntryKind if kind.value in found
        }
        size = None if size is None else size + sum(piled.values())
        begins = _EPOCH + timedelta(seconds=since + number * width)
        name = f"{begins:%Y-%m-%d}" if width == _DAY else f"{begins:%H:%M}"
        periods.append(Period(name, piled, size))
    return periods
