import pytest

from madang.infra.web.times import day_and_minute


@pytest.mark.parametrize(
    ("seconds", "offset", "told"),
    [
        (0, 0, "1970-01-01 00:00"),
        (59, 0, "1970-01-01 00:00"),
        (1_770_000_000, 9, "2026-02-02 11:40"),
        (1_770_000_000, -12, "2026-02-01 14:40"),
    ],
)
def test_the_office_s_calendar_and_clock(seconds: int, offset: int, told: str) -> None:
    assert day_and_minute(seconds, utc_offset_hours=offset) == told
