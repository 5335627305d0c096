"""The beat of the publication; what the chain does not answer now is asked again."""

import asyncio
import logging

from ledger_node.accreditation.usecases import Publication
from ledger_node.condition import WAITS

RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


async def publish(publication: Publication) -> bool:
    """Publish what is due; False when the chain does not answer as it should."""
    try:
        await publication.refresh()
    except WAITS as error:
        _log.warning("the accreditations wait: %s", error)
        return False
    return True


async def publishing(publication: Publication, seconds: float) -> None:
    """Publish what is due again and again; ends when cancelled."""
    while True:
        done = await publish(publication)
        await asyncio.sleep(seconds if done else min(seconds, RETRY_SECONDS))
