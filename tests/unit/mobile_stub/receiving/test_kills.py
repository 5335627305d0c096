"""The wallet killed before and after every request and every write, started again: it goes on."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from mobile_stub.adapters.network import Network
from mobile_stub.receiving.model import UNTOLD, WAITING
from mobile_stub.wallet import open_wallet
from tests.unit.mobile_stub.receiving.page import Page, bound_well
from tests.unit.mobile_stub.receiving.provider import PROVIDER
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import NOW, World, run


class Killed(BaseException):
    """No code of the wallet may catch it: a process that is gone handles nothing."""


class Steps:
    """Counts steps and dies at one; the dead do nothing more."""

    def __init__(self, last: int | None) -> None:
        self.count, self.last = 0, last

    @property
    def dead(self) -> bool:
        return self.last is not None and self.count > self.last

    def step(self) -> None:
        self.count += 1
        if self.dead:
            raise Killed


class Wire(httpx.AsyncBaseTransport):
    """Dies before a request is sent, or after it was answered and before the answer came."""

    def __init__(self, inner: httpx.AsyncBaseTransport, steps: Steps) -> None:
        self.inner, self.steps = inner, steps

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.steps.step()
        answer = await self.inner.handle_async_request(request)
        self.steps.step()
        return answer


class Disk:
    """Dies before a write is durable, or just after."""

    def __init__(self, inner: Any, steps: Steps) -> None:
        self.inner, self.steps = inner, steps

    def execute(self, sql: str, *values: Any) -> Any:
        if self.steps.dead:
            raise Killed
        if sql != "COMMIT":
            return self.inner.execute(sql, *values)
        self.steps.step()
        self.inner.execute(sql)
        self.steps.step()
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def by_log_in(office: Office) -> str:
    return office.by_log_in("digital_id", "lease")


def by_code(office: Office) -> str:
    return office.pre_authorized(tx_code=False)


def later(office: Office) -> str:
    office.pending = 0
    return office.by_log_in()


def several(office: Office) -> str:
    office.server_metadata["authorization_details_types_supported"] = ["openid_credential"]
    office.several = 2
    return office.by_log_in()


FLOWS: dict[str, tuple[Callable[[Office], str], int, int]] = {
    "log-in": (by_log_in, 96, 6),
    "code": (by_code, 63, 3),
    "deferred": (later, 89, 3),
    "several": (several, 96, 6),
}
"""How it begins, how many steps it has, how many copies it gives."""


def started(world: World, steps: Steps) -> None:
    settings = world.settings.model_copy(update={"provider": PROVIDER})
    world.wallet = open_wallet(settings, Network(settings, Wire(world.net, steps)))
    world.vault._connection = Disk(world.vault._connection, steps)  # type: ignore[assignment]


def through(world: World, office: Office, page: Page, scan: str | None, flow: str) -> str:
    """Take what is offered as a person does, from the link or from the scan that is kept."""
    if scan is None:
        return run(world.wallet.open(FLOWS[flow][0](office))).id
    run(world.wallet.receiver.accept(world.vault.scan(scan), None, NOW, page))
    if world.vault.papers(WAITING):
        run(world.wallet.receiver.waiting(NOW, early=True))
    return scan


def killed_at(last: int | None, flow: str, world: World, office: Office, page: Page) -> Steps:
    """Kill the wallet at a step after the offer was opened."""
    scan = through(world, office, page, None, flow)
    world.vault.close()
    steps = Steps(last)
    started(world, steps)
    try:
        through(world, office, page, scan, flow)
    except Killed:
        world.vault.close()
        world.open(provider=PROVIDER)
        through(world, office, page, scan, flow)
    return steps


def proved(office: Office) -> set[PublicKey]:
    """Return the keys that were proved to the issuer in all requests together."""
    headers = [
        jws.parse(proof).header for body in office.requests for proof in body["proofs"]["jwt"]
    ]
    return {PublicKey.from_jwk(header["jwk"]) for header in headers}


@pytest.mark.parametrize("flow", FLOWS)
def test_these_are_all_steps(flow: str, world: World, office: Office, page: Page) -> None:
    assert killed_at(None, flow, world, office, page).count == FLOWS[flow][1]


@pytest.mark.parametrize(
    ("flow", "step"), [(flow, step) for flow in FLOWS for step in range(FLOWS[flow][1])]
)
def test_a_wallet_that_was_killed_goes_on(
    flow: str, step: int, world: World, office: Office, page: Page
) -> None:
    killed_at(step, flow, world, office, page)
    assert len(world.vault.copies()) == FLOWS[flow][2]
    assert bound_well(world)
    assert proved(office) == {each.public_key for each in world.vault.signers(3)}
    # One answer may have been lost on its way; it was to the same keys, and under the same grant.
    assert len(office.delivered) <= FLOWS[flow][2] // 3 + 1
    assert len(page.opened) <= 2
    assert world.vault.papers(WAITING) == world.vault.papers(UNTOLD) == {}
