import asyncio
from collections.abc import Sequence

from issuer.issuance.store import AnswerRow, UsedNonceRow
from issuer.offers.store import PresentationRow
from issuer.office import Office
from issuer.sweeper import sweep, sweeping
from madang.core.keys.signing import Signer
from tests.unit.issuer.world import World


def office(world: World) -> Office:
    deps = world.deps
    return Office(
        world.settings, deps.clock, deps.ids, deps.database, deps.catalogue, deps.addresses
    )


def kept(world: World) -> tuple[int, int, int]:
    return world.count(UsedNonceRow), world.count(AnswerRow), world.count(PresentationRow)


def test_what_is_over_is_deleted_and_the_rest_stays(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    copies = world.digital_id(world.people("lease")[0], holder_keys)
    world.certificates(copies[0], "lease")
    sweep(office(world))
    assert kept(world) == (1, 1, 1)
    world.clock.advance(world.settings.nonce_seconds)
    sweep(office(world))
    assert kept(world) == (0, 1, 1)
    world.clock.advance(world.settings.token_seconds)
    sweep(office(world))
    assert kept(world) == (0, 0, 0)


def test_it_runs_while_the_service_does(world: World, holder_keys: Sequence[Signer]) -> None:
    async def run() -> None:
        async with sweeping(office(world)):
            await asyncio.sleep(0)

    world.digital_id(world.people()[0], holder_keys)
    world.clock.advance(world.settings.token_seconds)
    asyncio.run(run())
    assert kept(world) == (0, 0, 0)
