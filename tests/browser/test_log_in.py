"""The resident's log-in in a real browser: with scripts and without, for every reader and size."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from issuer.authorization.model import Trouble, UpstreamError
from issuer.authorization.verifier import PresentationState, Told
from issuer.sources.model import PersonId
from madang.access.authorization.model import BROWSER_COOKIE
from madang.core.keys.signing import Signer
from madang.infra.tenancy import Addresses
from tests.browser.conftest import CHROMIUM, LANGUAGES, SIZES, Loop
from tests.browser.test_auditor import axe
from tests.serving import free_port, serving
from tests.unit.issuer.authorization.conftest import (
    ABSTRACT,
    ID,
    Hall,
    hall,
    keys,
    person,
    served,
)
from tests.unit.issuer.conftest import catalogue, log_client, log_key, made_up, settings, world
from tests.unit.issuer.world import TENANT

pytestmark = pytest.mark.xdist_group("browser")
__all__ = [
    "catalogue",
    "hall",
    "keys",
    "log_client",
    "log_key",
    "made_up",
    "person",
    "settings",
    "world",
]
NAMES = {"ko": "누리 인증", "en": "Nuri ID", "ja": "ヌリ認証"}
ASKED = (ABSTRACT, f"{ABSTRACT}.mso_mdoc", "digital_id", "moon")
SMALLEST = 44
"""Pixels of a target that an unsteady hand meets (WCAG 2.2, 2.5.5)."""


@dataclass
class Room:
    """The log-in on a loopback port, and a browser."""

    loop: Loop
    browser: Browser
    hall: Hall
    origin: str

    @property
    def address(self) -> str:
        return f"{self.origin}/{TENANT}/issuer/sign-in/{ID}"

    @asynccontextmanager
    async def open(self, size: str = "phone", **more: Any) -> AsyncIterator[Page]:
        width, height = SIZES[size]
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, **more
        )
        cookie = {"name": BROWSER_COOKIE, "value": self.hall.browser, "url": self.origin}
        await context.add_cookies([cookie])
        try:
            yield await context.new_page()
        finally:
            await context.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[tuple[Loop, Browser]]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium to test with")
    loop = Loop()

    async def start() -> tuple[Any, Browser]:
        driver = await async_playwright().start()
        arguments = {"executable_path": str(CHROMIUM), "args": ["--no-sandbox"]}
        return driver, await driver.chromium.launch(**arguments)

    driver, browser = loop.run(start())
    yield loop, browser

    async def stop() -> None:
        await browser.close()
        await driver.stop()

    loop.run(stop())
    loop.close()


@pytest.fixture
def room(hall: Hall, chromium: tuple[Loop, Browser]) -> Iterator[Room]:
    port = free_port()
    addresses = Addresses(hall.world.deps.catalogue.tenants, {"issuer": f"http://127.0.0.1:{port}"})
    app = served(hall.desk, addresses)
    hall.providers.named = {TENANT: NAMES}
    hall.ask(redirect_uri=f"http://127.0.0.1:{port}/health", configurations=ASKED)
    with serving(app, port, lifespan="auto") as origin:
        yield Room(*chromium, hall, origin)


def result_of(room: Room, person: PersonId, keys: list[Signer]) -> str:
    hall = room.hall
    return hall.world.result(hall.world.digital_id(person, keys)[0])


async def choose(page: Page, device: str) -> None:
    async with page.expect_navigation():
        await page.click(f"form:has(input[value={device}]) button")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_the_choice_to_the_wallet(
    room: Room, person: PersonId, keys: list[Signer], *, scripts: bool
) -> None:
    result = result_of(room, person, keys)

    async def visit() -> None:
        async with room.open(java_script_enabled=scripts) as page:
            await page.goto(f"{room.address}?lang=en")
            await choose(page, "other")
            assert await page.locator("#wallet-qr").evaluate("image => image.naturalWidth") > 100
            room.hall.verifier.answer(result)
            room.hall.world.clock.advance(10)
            if scripts:
                await page.wait_for_selector("#agree")
            else:
                await page.click("text=I have agreed")
            async with page.expect_navigation():
                await page.click("#agree")
            assert page.url.startswith(f"{room.origin}/health?code=code-1")

    room.loop.run(visit())
    assert room.hall.authorizations.approved[ID][1] == ASKED[:2]


CLIENTS = ("https://wallet.example/cb", "org.example.wallet:/cb", "org.example.wallet://cb")


@pytest.mark.parametrize("end", ["agree", "refuse"])
@pytest.mark.parametrize("redirect_uri", CLIENTS, ids=["https", "scheme", "scheme and host"])
def test_the_browser_goes_on_to_the_client(
    room: Room, person: PersonId, keys: list[Signer], redirect_uri: str, end: str
) -> None:
    """Browsers hold where a form's answer leads against the page's policy; none may object."""
    result = result_of(room, person, keys)
    room.hall.ask(redirect_uri=redirect_uri, configurations=ASKED)
    blocked: list[str] = []

    async def visit() -> None:
        async with room.open() as page:
            page.on("console", lambda message: blocked.append(message.text))
            await page.goto(f"{room.address}?lang=en")
            await choose(page, "other")
            room.hall.verifier.answer(result)
            room.hall.world.clock.advance(10)
            await page.goto(room.address)
            async with page.expect_response(f"**/{end}") as answered:
                await page.click(f"#{end}")
            told = await (await answered.value).all_headers()
            assert told["location"].startswith(f"{redirect_uri}?")
            await page.wait_for_timeout(300)

    room.loop.run(visit())
    assert [each for each in blocked if "Content Security Policy" in each] == []


def test_the_way_back_from_a_wallet_on_this_device(
    room: Room, person: PersonId, keys: list[Signer]
) -> None:
    result = result_of(room, person, keys)

    async def visit() -> None:
        async with room.open() as page:
            await page.goto(f"{room.address}?lang=en")
            await choose(page, "this")
            link = await page.get_attribute("#wallet-link", "href")
            assert link is not None
            assert link.startswith("haip-vp://")
            room.hall.verifier.answer(result)
            await page.goto(f"{room.address}/return?response_code=response-1")
            assert await page.locator("#agree").count() == 1

    room.loop.run(visit())


def test_the_keyboard_is_enough(room: Room, person: PersonId, keys: list[Signer]) -> None:
    result = result_of(room, person, keys)

    async def press_until(page: Page, selector: str) -> None:
        for _ in range(20):
            await page.keyboard.press("Tab")
            if await page.evaluate("s => document.activeElement.matches(s)", selector):
                async with page.expect_navigation():
                    await page.keyboard.press("Enter")
                return
        raise AssertionError(selector)

    async def visit() -> None:
        async with room.open("desktop") as page:
            await page.goto(f"{room.address}?lang=en")
            await press_until(page, "button[aria-describedby=other-hint]")
            room.hall.verifier.answer(result)
            room.hall.world.clock.advance(10)
            await page.wait_for_selector("#agree")
            await press_until(page, "#agree")
            assert "code=code-1" in page.url

    room.loop.run(visit())


async def held(page: Page) -> list[str]:
    """Return what is wrong with a page for people: axe, width, small targets."""
    wrong = await axe(page)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    if (pixels := await page.evaluate(wide)) > 0:
        wrong.append(f"{pixels} pixels too wide")
    for target in await page.locator("main button, main a.button").all():
        box = await target.bounding_box()
        if box is None or box["height"] < SMALLEST or box["width"] < SMALLEST:
            wrong.append(f"small target: {await target.inner_text()}")
    return wrong


@pytest.mark.parametrize(("language", "scheme"), [("ko", "light"), ("en", "dark"), ("ja", "light")])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_can_be_used_by_everybody(
    room: Room, person: PersonId, keys: list[Signer], size: str, language: str, scheme: Any
) -> None:
    result = result_of(room, person, keys)
    wrong: dict[str, list[str]] = {}

    async def look(page: Page, name: str) -> None:
        if found := await held(page):
            wrong[name] = found

    async def visit() -> None:
        async with room.open(size, color_scheme=scheme) as page:
            await page.goto(f"{room.address}?lang={language}")
            await look(page, "choice")
            await choose(page, "this")
            await look(page, "this device")
            room.hall.verifier.says["presentation-1"] = Told(PresentationState.EXPIRED)
            room.hall.world.clock.advance(10)
            await page.goto(room.address)
            await look(page, "trouble")
            await choose(page, "other")
            await look(page, "other device")
            room.hall.verifier.answer(result)
            room.hall.world.clock.advance(10)
            await page.goto(room.address)
            await look(page, "consent")
            await page.goto(f"{room.origin}/{TENANT}/issuer/sign-in/unknown")
            await look(page, "over")

    room.loop.run(visit())
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_missing(room: Room, language: str) -> None:
    """Every trouble has a sentence of its own on the page."""
    told = set()
    room.hall.language = language
    for trouble in Trouble:
        room.hall.providers.away = UpstreamError(trouble, "provider_away")
        of = trouble.value.replace("_", "-")
        room.hall.ask(id=of)
        assert room.hall.get("/provider", of).status_code == 303
        page = room.hall.get("", of).text
        assert f'data-trouble="{trouble.value}"' in page
        told.add(page.partition("data-trouble")[2].partition("<p>")[2].partition("</p>")[0])
    assert len(told) == len(Trouble)


def test_what_is_asked_on_a_page_stays_within_it(room: Room) -> None:
    """No page loads or sends anything elsewhere, but for the way to the client."""
    asked: list[str] = []

    async def visit() -> None:
        async with room.open() as page:
            page.on("request", lambda request: asked.append(request.url))
            await page.goto(room.address)
            await choose(page, "other")
            await asyncio.sleep(0)

    room.loop.run(visit())
    assert asked
    assert all(url.startswith(room.origin) for url in asked)
