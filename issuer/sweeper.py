"""Deletes what has expired, again and again."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial

from issuer.issuance import store
from issuer.offers.store import PresentationStore
from issuer.office import Office
from madang.infra.background import background, repeat


def sweep(office: Office) -> None:
    """Delete nonces, kept answers and taken presentations that are over."""
    now = office.clock.now()
    with office.database.transaction() as session:
        store.sweep(session, now)
        PresentationStore(session).sweep(now)


@contextlib.asynccontextmanager
async def sweeping(office: Office) -> AsyncIterator[None]:
    """Sweep while the block lasts."""
    async with background(repeat(partial(sweep, office), office.settings.sweep_seconds)):
        yield
