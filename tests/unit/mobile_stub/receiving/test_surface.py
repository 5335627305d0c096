"""The wallet's own addresses for a log-in, for what waits, and for wishes."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx
import pytest

from mobile_stub.adapters.browser import DeviceBrowser
from mobile_stub.app import build
from tests.unit.mobile_stub.receiving.page import Page
from tests.unit.mobile_stub.receiving.provider import PROVIDER
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import ISSUER, NOW, World, run


def asked(world: World) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=build(world.wallet))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8410")


def called(world: World, method: str, path: str, **more: Any) -> httpx.Response:
    async def call() -> httpx.Response:
        async with asked(world) as client:
            return await client.request(method, path, **more)

    return run(call())


@pytest.fixture
def waiting(world: World) -> World:
    """Return a wallet whose browser is opened by somebody else."""
    world.vault.close()
    world.open(provider=PROVIDER, browser="wait")
    return world


def test_a_log_in_goes_through_the_wallets_own_address(
    waiting: World, office: Office, page: Page
) -> None:
    opened, browser = asyncio.Event(), waiting.wallet.receiver.browser
    assert isinstance(browser, DeviceBrowser)
    browser._launch = lambda _url: opened.set()

    async def story() -> dict[str, Any]:
        async with asked(waiting) as client:
            link = {"link": office.by_log_in()}
            scan = (await client.post("/open", json=link)).json()
            accept = client.post(f"/scans/{scan['id']}/accept")
            done = asyncio.create_task(_awaited(accept))
            await opened.wait()
            url = (await client.get("/log-in")).json()["url"]
            back = await page.authorize(url)
            answer = await client.get(back)
            assert answer.status_code == 200
            found: dict[str, Any] = (await done).json()
            return found

    assert run(story())["credentials"][0]["copies"] == 3


async def _awaited(call: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    return await call


def test_nobody_is_let_in_who_is_not_waited_for(waiting: World) -> None:
    assert called(waiting, "GET", "/callback?code=1&state=2").status_code == 410
    assert called(waiting, "GET", "/log-in").json() == {"url": None}


def test_a_wallet_for_test_tools_follows_by_itself(world: World, office: Office) -> None:
    world.vault.close()
    world.open(provider=PROVIDER, browser="follow")
    page = Page(office)

    async def story() -> Any:
        scan = await world.wallet.open(office.by_log_in())
        browser = world.wallet.receiver.browser
        assert browser is not None
        assert browser.redirect_uri == page.redirect_uri
        return scan.preview

    assert run(story())["needs_browser"]


def test_what_waits_is_fetched_on_demand(world: World, office: Office, page: Page) -> None:
    office.pending = 0
    scan = run(world.wallet.open(office.by_log_in()))
    run(world.wallet.receiver.accept(scan, None, NOW - 60, page))
    assert called(world, "POST", "/waiting").json()["credentials"][0]["copies"] == 3
    assert called(world, "POST", "/waiting").json() == {"credentials": []}


def test_a_certificate_is_fetched_again_on_demand(world: World, office: Office, page: Page) -> None:
    scan = run(world.wallet.open(office.by_log_in()))
    (told,) = run(world.wallet.receiver.accept(scan, None, NOW, page))
    answer = called(world, "POST", f"/credentials/{told['digests'][0]}/renew")
    assert answer.json()["copies"] == 3
    unknown = called(world, "POST", "/credentials/unknown/renew")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "unknown_copy")


def test_a_wish_becomes_an_offer(world: World, office: Office) -> None:
    wish = {"issuer": ISSUER, "configurations": ["lease"]}
    link = called(world, "POST", "/wishes", json=wish).json()["link"]
    assert run(world.wallet.open(link)).preview["certificates"] == {"lease": {"en": "Lease"}}
    assert office.codes == {}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"issuer": 1}', b'{"issuer": "x", "configurations": [1]}', b"{"]
)
def test_a_wish_that_cannot_be_read_is_told(body: bytes, world: World) -> None:
    answer = called(world, "POST", "/wishes", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
