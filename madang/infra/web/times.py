"""Times as people of an office read them."""

from datetime import UTC, datetime, timedelta


def day_and_minute(seconds: int, *, utc_offset_hours: int) -> str:
    """Return a moment on the office's calendar and clock, such as "2026-02-02 11:40".

    Args:
        seconds: since the epoch.
        utc_offset_hours: of the office's clock.
    """
    return (
        f"{datetime.fromtimestamp(seconds, UTC) + timedelta(hours=utc_offset_hours):%Y-%m-%d %H:%M}"
    )
