"""Access tokens as they are given, and their renewal."""

import asyncio
from urllib.parse import parse_qs

import pytest

from mobile_stub.errors import WalletError
from mobile_stub.receiving.deliveries import Told
from tests.unit.mobile_stub.receiving.page import Page, bound_well, taken
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import NOW, World, run


def test_a_bearer_token_is_sent_as_one(world: World, office: Office) -> None:
    del office.server_metadata["dpop_signing_alg_values_supported"]
    assert taken(world, office.pre_authorized(), code="1234")[0]["copies"] == 3
    assert not any("dpop" in request.headers for request in world.net.sent)


def test_a_token_that_ends_is_renewed_before_it_is_used(
    world: World, office: Office, page: Page
) -> None:
    office.expires_in = 1
    assert taken(world, office.by_log_in(), page)[0]["copies"] == 3
    grants = [parse_qs(each.content.decode())["grant_type"][0] for each in office.sent("token")]
    assert set(grants) == {"authorization_code", "refresh_token"}


def test_a_token_that_the_issuer_does_not_take_any_more_is_renewed_once(
    world: World, office: Office, page: Page
) -> None:
    (told,) = taken(world, office.by_log_in(), page)
    office.tokens.clear()
    again = run(world.wallet.receiver.renew(told["digests"][0], NOW))
    assert again["copies"] == 3
    assert {*again["digests"]}.isdisjoint(told["digests"])
    assert len(world.vault.copies()) == 3
    assert bound_well(world)


def test_two_renewals_at_once_use_no_refresh_token_twice(
    world: World, office: Office, page: Page
) -> None:
    (told,) = taken(world, office.by_log_in(), page)
    office.tokens.clear()
    receiver, digests = world.wallet.receiver, told["digests"]

    async def both() -> list[Told]:
        return await asyncio.gather(*(receiver.renew(digest, NOW) for digest in digests[:2]))

    assert [each["copies"] for each in run(both())] == [3, 3]
    used = [parse_qs(each.content.decode()) for each in office.sent("token")]
    refreshed = {each["refresh_token"][0] for each in used if "refresh_token" in each}
    assert len(refreshed) == 2


def test_what_came_without_a_refresh_token_is_not_fetched_again_for_ever(
    world: World, office: Office
) -> None:
    (told,) = taken(world, office.pre_authorized(), code="1234")
    office.tokens.clear()
    with pytest.raises(WalletError) as refused:
        run(world.wallet.receiver.renew(told["digests"][0], NOW))
    assert refused.value.code == "not_authorized"
    assert len(world.vault.copies()) == 3
