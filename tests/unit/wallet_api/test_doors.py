"""The guide is open to everybody, and there is nothing else."""

import asyncio

from madang.access.review import House, describe_routes, review
from madang.infra.web.marks import Caller
from tests.unit.wallet_api.conftest import NOW, Reader
from wallet_api.app import build


def test_every_door_is_as_its_mark_says(reader: Reader) -> None:
    app = build(reader.settings, reader.deps)
    house = House(app, "wallet", "hanbit", "saebyeol", None, NOW)
    assert asyncio.run(review(house)) == ()


def test_pages_are_read_only(reader: Reader) -> None:
    routes = describe_routes(build(reader.settings, reader.deps))
    assert {route.method for route in routes} == {"GET"}
    assert {route.access and route.access.caller for route in routes} == {Caller.ANYBODY}
