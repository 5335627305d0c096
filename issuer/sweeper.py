"""Does what falls due, again and again: statuses change in the lists, what expired is deleted."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial

from issuer.authorization.store import SignInStore
from issuer.issuance import store
from issuer.offers.store import OfferStore, PresentationStore
from issuer.office import Office
from issuer.status.list_store import ListStore
from madang.access.authorization import store as authorization
from madang.infra.background import background, repeat


def sweep(office: Office) -> None:
    """Put due changes into the lists; delete what has expired."""
    now = office.clock.now()
    with office.database.transaction() as session:
        ListStore(session).apply(now)
    with office.database.transaction() as session:
        store.sweep(session, now, office.settings.deferred_seconds)
        OfferStore(session).sweep(now)
        PresentationStore(session).sweep(now)
        SignInStore(session).sweep(now)
        authorization.sweep(session, now, keep=office.settings.token_seconds)


@contextlib.asynccontextmanager
async def sweeping(office: Office) -> AsyncIterator[None]:
    """Sweep while the block lasts."""
    async with background(repeat(partial(sweep, office), office.settings.sweep_seconds)):
        yield
