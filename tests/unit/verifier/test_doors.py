"""Every door of the verifier is as its mark says."""

import asyncio

from madang.access.review import House, describe_routes, review
from madang.access.staff import Staff
from madang.infra.web.marks import Caller
from tests.unit.verifier.world import NEIGHBOUR, NOW, TENANT, City
from verifier.app import build


def test_nobody_comes_in_who_must_not(city: City) -> None:
    staff = Staff(city.deps.database, city.deps.ids, city.settings)
    app = build(city.settings, city.deps)
    house = House(app, "verifier", TENANT, NEIGHBOUR, staff, NOW)
    assert asyncio.run(review(house)) == ()


def test_what_is_open_to_wallets_is_known(city: City) -> None:
    routes = describe_routes(build(city.settings, city.deps))
    found = {
        (route.method, route.path)
        for route in routes
        if route.access is not None and route.access.caller is Caller.PROTOCOL
    }
    assert found == {
        ("GET", "/{tenant}/verifier/request/{presentation}"),
        ("POST", "/{tenant}/verifier/request/{presentation}"),
        ("POST", "/{tenant}/verifier/response/{presentation}"),
        ("GET", "/{tenant}/verifier/request/{presentation}/here"),
        ("POST", "/{tenant}/verifier/request/{presentation}/here"),
        ("POST", "/{tenant}/verifier/response/{presentation}/here"),
        ("GET", "/{tenant}/verifier/present/{presentation}/request"),
        ("POST", "/{tenant}/verifier/present/{presentation}/answer"),
        ("POST", "/{tenant}/verifier/api/requests"),
        ("GET", "/{tenant}/verifier/api/requests/{presentation}"),
        ("GET", "/{tenant}/verifier/api/requests/{presentation}/events"),
    }
