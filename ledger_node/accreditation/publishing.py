"""The beat of the publication; what the chain does not answer now is asked again.

A registry that has outgrown what readers take is not signed: what was published stays, and the
next look comes with the beat, since another second changes nothing.
"""

import asyncio
import logging

from ledger_node.accreditation.usecases import Publication
from ledger_node.condition import WAITS, word
from madang.core.trust.snapshot import TOO_LARGE, SnapshotError

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
    except SnapshotError as error:
        if error.code != told:
            _log.error("the accreditations are not signed, the last ones stay: %s", error)
        return error.code
    return ""


def pause(waiting: str, seconds: float) -> float:
    """Return the seconds until the next look: few only for what may be over by then.

    Args:
        waiting: what the last look waits for, as `publish` returns it.
        seconds: the beat.
    """
    return seconds if waiting in ("", TOO_LARGE) else min(seconds, RETRY_SECONDS)


async def publishing(publication: Publication, seconds: float) -> None:
    """Publish what is due again and again; ends when cancelled."""
    waiting = ""
    while True:
        waiting = await publish(publication, waiting)
        await asyncio.sleep(pause(waiting, seconds))
