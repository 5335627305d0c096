"""The beat of the publication; what the chain does not answer now is asked again."""

import asyncio
import logging

from ledger_node.accreditation.usecases import Publication
from ledger_node.condition import WAITS, word

RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


async def publish(publication: Publication, told: str = "") -> str:
    """Publish what is due; return the fixed word for what that waits for, "" for nothing.

    Args:
        publication: what is published.
        told: the word of the last time, which is not logged again.
    """
    try:
        await publication.refresh()
    except WAITS as error:
        waiting = word(error)
        if waiting != told:
            _log.warning("the accreditations wait: %s", error)
        return waiting
    return ""


async def publishing(publication: Publication, seconds: float) -> None:
    """Publish what is due again and again; ends when cancelled."""
    waiting = ""
    while True:
        waiting = await publish(publication, waiting)
        await asyncio.sleep(min(seconds, RETRY_SECONDS) if waiting else seconds)
