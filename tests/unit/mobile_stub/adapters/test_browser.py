"""The browser comes back to whoever waits for it, and to nobody else."""

import asyncio
from typing import Any

import httpx
import pytest

from mobile_stub.adapters.browser import MAX_REDIRECTS, DeviceBrowser, FollowingBrowser
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.settings import Settings
from tests.unit.mobile_stub.world import Net, run

BACK = "http://127.0.0.1:8410/callback"
PAGE = "https://issuer.example/authorize"


def test_what_came_back_is_handed_to_who_waits() -> None:
    opened: list[str] = []
    browser = DeviceBrowser(BACK, opened.append)

    async def story() -> str:
        waiting = asyncio.create_task(browser.authorize(PAGE))
        await asyncio.sleep(0)
        assert browser.opened == PAGE
        assert browser.came_back(f"{BACK}?code=1")
        assert not browser.came_back(f"{BACK}?code=2")
        return await waiting

    assert run(story()) == f"{BACK}?code=1"
    assert opened == [PAGE]
    assert browser.opened is None
    assert not browser.came_back(BACK)


def test_a_person_who_does_not_come_back_is_not_waited_for_for_ever() -> None:
    browser = DeviceBrowser(BACK, lambda _url: None, seconds=0.01)
    with pytest.raises(WalletError) as refused:
        run(browser.authorize(PAGE))
    assert refused.value.code == "log_in_over"
    assert browser.opened is None


def test_another_log_in_ends_the_one_before() -> None:
    browser = DeviceBrowser(BACK, lambda _url: None)

    async def story() -> str:
        first = asyncio.create_task(browser.authorize(PAGE))
        await asyncio.sleep(0)
        second = asyncio.create_task(browser.authorize(f"{PAGE}?2"))
        await asyncio.sleep(0)
        with pytest.raises(WalletError):
            await first
        assert browser.opened == f"{PAGE}?2"
        browser.came_back(f"{BACK}?code=2")
        return await second

    assert run(story()) == f"{BACK}?code=2"


def following(net: Net) -> FollowingBrowser:
    return FollowingBrowser(BACK, Network(Settings(), net))


def to(where: str) -> Any:
    return lambda _request: (302, b"", {"location": where})


def test_redirects_are_followed_to_the_wallets_own_address() -> None:
    net = Net()
    net.routes["GET", PAGE] = to("/next")
    net.routes["GET", "https://issuer.example/next"] = to(f"{BACK}?code=1")
    assert run(following(net).authorize(PAGE)) == f"{BACK}?code=1"


@pytest.mark.parametrize(
    "answer", [lambda _: (200, b"<html>"), to(PAGE)], ids=["a page", "in a circle"]
)
def test_what_does_not_lead_there_is_told(answer: Any) -> None:
    net = Net()
    net.routes["GET", PAGE] = answer
    with pytest.raises(WalletError) as refused:
        run(following(net).authorize(PAGE))
    assert refused.value.code == "log_in_over"
    assert len(net.sent) <= MAX_REDIRECTS
    assert all(isinstance(each, httpx.Request) for each in net.sent)
