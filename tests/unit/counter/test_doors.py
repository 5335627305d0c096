"""Every door of the counter is as its mark says."""

from madang.access.review import House, describe_routes, review
from madang.access.staff import Staff
from madang.infra.web.marks import Caller
from tests.unit.counter.world import NOW, OTHER, TENANT, World, run


def test_no_route_lets_somebody_in_who_must_stay_outside(world: World) -> None:
    staff = Staff(world.deps.database, world.deps.ids, world.settings)
    assert run(review(House(world.app, "counter", TENANT, OTHER, staff, NOW))) == ()


def test_only_sign_in_health_and_style_are_open(world: World) -> None:
    open_paths = {
        route.path
        for route in describe_routes(world.app)
        if route.access is not None and route.access.caller is Caller.ANYBODY
    }
    assert open_paths == {
        "/health",
        "/openapi.json",
        "/style.css",
        "/{tenant}/counter/sign-in",
    }


def test_everything_else_is_for_staff(world: World) -> None:
    callers = {route.access and route.access.caller for route in describe_routes(world.app)}
    assert callers == {Caller.ANYBODY, Caller.STAFF}
