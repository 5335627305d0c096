"""The verifier's pages in a real browser: events, the Digital Credentials API, sizes, axe-core."""

import asyncio
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from madang.access.guard import cookie_name
from madang.access.staff import Role, Staff
from madang.core.formats.sd_jwt.present import present
from madang.core.protocol.oid4vp.request import RequestObject
from madang.core.protocol.oid4vp.response import answer_form, answer_members
from tests.browser.conftest import AXE, CHROMIUM, LANGUAGES, SIZES
from tests.serving import free_port
from tests.unit.verifier.serving import running
from tests.unit.verifier.world import TENANT, City, found_land, open_city, request_in

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""Pixels by which a page is wider than its window."""
_ICON = "/favicon.ico"
"""What browsers ask every origin for."""
PURPOSE = {"purpose": "counter_identification"}


@dataclass
class Served:
    """A verifier on a loopback port, and the session of somebody of an agency."""

    city: City
    origin: str
    token: str

    @property
    def base(self) -> str:
        return f"{self.origin}/{TENANT}/verifier"

    def open(self, **wish: Any) -> dict[str, Any]:
        key = self.city.key()
        headers = {"authorization": f"Bearer {key}"}
        with httpx.Client() as client:
            answer = client.post(
                f"{self.base}/api/requests", json={**PURPOSE, **wish}, headers=headers
            )
        told: dict[str, Any] = answer.json()
        return told

    def show(self, request: RequestObject, audience: str) -> str:
        asked = request.dcql_query.credentials[0]
        return present(
            self.city.credential("digital_id"),
            [claim.path for claim in asked.claims or ()],
            holder=self.city.land.holders[0],
            audience=audience,
            nonce=request.nonce,
            issued_at=self.city.clock.now(),
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    if not CHROMIUM.exists():
        pytest.skip("no Chromium")
    land, port = found_land(tmp_path_factory.mktemp("verifier")), free_port()
    origin = f"http://127.0.0.1:{port}"
    settings = {
        "origins": {"verifier": origin},
        "allow_loopback_http": True,
        "ask_outside_registry": frozenset({TENANT}),
    }
    with open_city(land, **settings) as city, running(city, port):
        staff = Staff(city.deps.database, city.deps.ids, city.settings)
        now = city.clock.now()
        staff.add(TENANT, "a", "a long passphrase", [Role.AGENCY, Role.ADMINISTRATOR], now=now)
        token = staff.sign_in(TENANT, "a", "a long passphrase", now=now)
        yield Served(city, origin, token)


async def context_of(browser: Browser, served: Served, size: str, **more: Any) -> BrowserContext:
    width, height = SIZES[size]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, locale="en-GB", **more
    )
    cookie = {"name": cookie_name("verifier"), "value": served.token, "url": served.origin}
    await context.add_cookies([cookie])  # type: ignore[list-item]  # as playwright documents it
    return context


def in_browser(work: Any) -> Any:
    """Run one visit with a browser of its own, in a loop of its own."""

    async def visit() -> Any:
        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                return await work(browser)
            finally:
                await browser.close()

    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(visit())))
    thread.start()
    thread.join(120)
    assert found, "the visit failed"
    return found[0]


async def composed(page: Page, served: Served) -> str:
    """Compose a question by hand and ask it; return the address of the request's page."""
    await page.goto(f"{served.base}/questions?lang=en")
    await page.fill("#name", "Who is at the counter?")
    await page.click("text=Begin")
    await page.uncheck("#claim-c1-0")
    await page.click("text=Save and ask")
    await page.wait_for_selector("#request-qr")
    return page.url


def test_the_return_key_takes_no_certificate_out(served: Served) -> None:
    async def visit(browser: Browser) -> tuple[int, str]:
        page = await (await context_of(browser, served, "phone")).new_page()
        await page.goto(f"{served.base}/questions?lang=en")
        await page.fill("#name", "Who is it?")
        await page.click("text=Begin")
        await page.fill("#name", "Who is there?")
        async with page.expect_navigation():
            await page.press("#name", "Enter")
        return await page.locator("fieldset[id^=part]").count(), await page.inner_text("h1")

    parts, title = in_browser(visit)
    assert parts > 0
    assert title == "Who is there?"


def test_the_agencys_page_is_told_of_the_answer(served: Served) -> None:
    async def visit(browser: Browser) -> tuple[str, list[str]]:
        context = await context_of(browser, served, "desktop")
        page, said = await context.new_page(), []
        page.on("console", lambda message: said.append(f"{message.location}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        await composed(page, served)
        link = await page.text_content("#link")
        address = httpx.URL(link or "").params["request_uri"]
        async with httpx.AsyncClient() as wallet:
            request = request_in((await wallet.get(address)).text)
            shown = served.show(request, request.client_id or "")
            headers = {"content-type": "application/x-www-form-urlencoded"}
            bad = answer_form(request, {"c2": [shown]})
            uri = request.response_uri or ""
            assert (await wallet.post(uri, content=bad, headers=headers)).status_code == 400
            await page.wait_for_selector("text=Why the last answer was refused")
            good = answer_form(request, {"c1": [shown]})
            assert (await wallet.post(uri, content=good, headers=headers)).status_code == 200
        await page.wait_for_selector("text=All steps of the verification held.")
        return await page.inner_text("main"), [each for each in said if _ICON not in each]

    text, said = in_browser(visit)
    assert "1997" in text
    assert said == []


def test_without_scripts_the_page_looks_again_by_itself(served: Served) -> None:
    async def visit(browser: Browser) -> int:
        context = await context_of(browser, served, "phone", java_script_enabled=False)
        page = await context.new_page()
        place = await composed(page, served)
        loads = []
        page.on("request", lambda request: loads.append(request.url == place))
        await page.wait_for_timeout(served.city.settings.refresh_seconds * 1000 + 2000)
        return sum(loads)

    assert in_browser(visit) >= 1


def test_a_browser_with_a_wallet_answers_through_its_api(served: Served) -> None:
    told = served.open(response_mode="dc_api.jwt")

    async def visit(browser: Browser) -> str:
        context = await context_of(browser, served, "phone")
        page = await context.new_page()
        await page.goto(f"{told['same_device_uri']}?lang=en")
        await page.click("#go-on")
        await page.wait_for_selector("#ask-browser", state="visible")
        place = await page.get_attribute("#ask-browser", "data-request")
        asked = await page.evaluate("async place => (await fetch(place)).json()", place)
        request = request_in(asked["data"]["request"])
        shown = served.show(request, f"origin:{served.origin}")
        data = answer_members(request, {"digital_id": [shown]})
        session = await context.new_cdp_session(page)
        tree = await session.send("Page.getFrameTree")
        behaviour = {
            "frameId": tree["frameTree"]["frame"]["id"],
            "action": "respond",
            "protocol": asked["protocol"],
            "response": data,
        }
        await session.send("DigitalCredentials.setVirtualWalletBehavior", behaviour)
        await page.click("#ask-browser")
        await page.wait_for_selector("text=Your answer has arrived.")
        return await page.inner_text("main")

    assert "Thank you" in in_browser(visit)


async def axe(page: Page) -> list[str]:
    """Return what axe-core finds, each with its place."""
    await page.evaluate(AXE.read_text("utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    run = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
    found = await page.evaluate(run, tags)
    return [
        f"{each['id']}: {node['target']}" for each in found["violations"] for node in each["nodes"]
    ]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core absent")
@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_fit_for_everybody(served: Served, size: str, scheme: str) -> None:
    told, folder = served.open(), os.environ.get("MADANG_SCREENSHOTS")

    async def visit(browser: Browser) -> dict[str, list[str]]:
        context = await context_of(browser, served, size, color_scheme=scheme)
        page, found = await context.new_page(), {}
        request = await composed(page, served)
        question = f"{served.base}/questions"
        await page.goto(question)
        editor = await page.get_attribute(".cards h3 a", "href") or ""
        await page.goto(told["same_device_uri"])
        places = {
            "questions": question,
            "editor": f"{served.origin}{editor}",
            "request": request,
            "keys": f"{served.base}/keys",
            "start": told["same_device_uri"],
            "present": told["same_device_uri"],
        }
        for name, place in places.items():
            for language in LANGUAGES:
                await page.goto(f"{place}?lang={language}")
                if name == "present" and await page.query_selector("#go-on"):
                    await page.click("#go-on")
                    await page.goto(f"{place}?lang={language}")
                measure = (
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                wide = int(await page.evaluate(measure))
                found[f"{name} {language}"] = [
                    *await axe(page),
                    *([f"wide {wide}"] if wide else []),
                ]
                if folder:
                    path = Path(folder) / f"{name}-{language}-{size}-{scheme}.png"
                    await page.screenshot(path=path, full_page=True)
        return found

    assert {name: each for name, each in in_browser(visit).items() if each} == {}
