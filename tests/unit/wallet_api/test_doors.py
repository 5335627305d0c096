"""The guide is open to everybody; the provider asks for proofs, or for an administrator."""

import asyncio

from madang.access.review import House, describe_routes, review
from madang.infra.web.marks import Caller
from tests.unit.wallet_api.conftest import NOW, Reader
from wallet_api.app import build


def test_every_door_is_as_its_mark_says(reader: Reader) -> None:
    app = build(reader.settings, reader.deps)
    house = House(app, "wallet", "hanbit", "saebyeol", None, NOW)
    assert asyncio.run(review(house)) == ()


def test_what_anybody_may_call_is_read_only_and_one_door_is_for_staff(reader: Reader) -> None:
    routes = describe_routes(build(reader.settings, reader.deps))
    callers = {
        caller: {route.path for route in routes if route.access and route.access.caller is caller}
        for caller in Caller
    }
    anybody = {route.method for route in routes if route.path in callers[Caller.ANYBODY]}
    assert anybody == {"GET"}
    assert callers[Caller.SERVICE] == {"/{tenant}/wallet/api/instances/revoke"}
    assert callers[Caller.STAFF] == set()
    assert all(path.startswith("/{tenant}/wallet/") for path in callers[Caller.PROTOCOL])
