"""Work beside the requests."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError

from madang.infra.background import background, repeat


async def _during(work: list[Exception | None]) -> None:
    def turn() -> None:
        outcome = work.pop(0) if work else None
        if outcome is not None:
            raise outcome

    async with background(repeat(turn, 0.001)):
        await asyncio.sleep(0.1)


def test_a_database_that_was_away_does_not_end_it() -> None:
    work: list[Exception | None] = [OperationalError("BEGIN", None, Exception("locked")), None]
    asyncio.run(_during(work))
    assert work == []


def test_a_mistake_of_ours_is_told() -> None:
    with pytest.raises(KeyError):
        asyncio.run(_during([KeyError("ours")]))
