"""Work beside the requests: started with the application, told about when it breaks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.exc import OperationalError

_log = logging.getLogger(__name__)


@asynccontextmanager
async def background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run endless work while the block lasts.

    Work that ends by an error is logged at once, and the error is raised when the block ends, so
    that neither an operator nor a test overlooks it.
    """
    tasks = [asyncio.create_task(each) for each in work]
    for task in tasks:
        task.add_done_callback(_tell)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome


async def repeat(work: Callable[[], None], pause: float) -> None:
    """Do work on a database again and again; ends when cancelled.

    Args:
        work: is tried again after the pause when the database is locked or away.
        pause: seconds between.
    """
    while True:
        try:
            work()
        except OperationalError:
            _log.warning("the database does not answer; tried again in %g s", pause)
        await asyncio.sleep(pause)


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.critical("background work has stopped", exc_info=task.exception())
