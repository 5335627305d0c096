"""Growth on the office's calendar: each entry in one period, the sizes as they were."""

from datetime import date

from ledger_node.audit.growing import DAYS, HOURS, Step, growth
from ledger_node.audit.store import SqlAuditedLogs
from madang.core.merkle.entry import HOUR
from tests.unit.ledger_node.audit.world import NOW, TENANT, World

SEOUL = 9
NOW_DAY = date(2026, 11, 23)  # NOW is its 14:00 in Seoul


def log(world: World) -> SqlAuditedLogs:
    return SqlAuditedLogs(world.deps.database, TENANT)


def test_thirty_days_up_to_the_latest_entry(world: World) -> None:
    found = growth(log(world), Step.DAY, None, SEOUL)
    assert found is not None
    assert found.day == date(2026, 11, 22)
    assert (len(found.periods), found.periods[-1].name) == (DAYS, "2026-11-22")
    assert [period.total for period in found.periods] == [0] * 18 + [25] * 12
    assert [period.size for period in found.periods[-3:]] == [250, 275, 300]
    assert found.periods[0].size == 0
    assert [kind.value for kind in found.kinds] == ["credential", "status_list", "decision"]
    assert (found.earlier, found.later) == (date(2026, 10, 23), date(2026, 12, 22))


def test_the_hours_of_a_day(own: World) -> None:
    own.enter(range(300, 310), hour=NOW)
    own.enter(range(310, 313), hour=NOW + HOUR)
    found = growth(log(own), Step.HOUR, NOW_DAY, SEOUL)
    assert found is not None
    assert len(found.periods) == HOURS
    by_name = {period.name: period.total for period in found.periods if period.total}
    assert by_name == {"14:00": 10, "15:00": 3}
    assert (found.periods[0].size, found.periods[-1].size) == (300, 313)
    assert (found.earlier, found.later) == (date(2026, 11, 22), date(2026, 11, 24))


def test_what_came_later_does_not_change_what_was(own: World) -> None:
    found = growth(log(own), Step.DAY, date(2026, 11, 15), SEOUL)
    assert found is not None
    assert found.periods[-1].size == 125
    own.enter([300], hour=NOW)
    again = growth(log(own), Step.DAY, date(2026, 11, 15), SEOUL)
    assert again is not None
    assert again.periods == found.periods


def test_a_day_begins_at_the_office_s_midnight(own: World) -> None:
    midnight = NOW - 14 * HOUR
    own.enter([300], hour=midnight - HOUR)
    own.enter([301], hour=midnight)
    found = growth(log(own), Step.DAY, NOW_DAY, SEOUL)
    assert found is not None
    assert [period.total for period in found.periods[-2:]] == [26, 1]


def test_days_before_the_epoch_are_empty(world: World) -> None:
    found = growth(log(world), Step.DAY, date(1971, 1, 1), SEOUL)
    assert found is not None
    assert {period.total for period in found.periods} == {0}
    assert found.periods[-1].size == 0
