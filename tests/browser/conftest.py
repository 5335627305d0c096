"""A ledger node on a loopback port, with its chain, and a real browser that visits it."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.async_api import Browser, Page, async_playwright

from ledger_node.publisher.model import HeadState
from madang.access.guard import cookie_name
from madang.access.staff import Role
from tests.serving import free_port, serving
from tests.unit.ledger_node.audit.world import TENANT, World, days_before, export, submitted

CHROMIUM = Path("/usr/bin/chromium")
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
LANGUAGES = ("ko", "en", "ja")
DAYS, A_DAY = 12, 25
AXE = Path(__file__).parents[1] / "conformance/npm/node_modules/axe-core/axe.min.js"

Result = TypeVar("Result")


class Loop:
    """A loop in a thread of its own: the browser's must not run where other tests have theirs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@dataclass
class Node:
    """The running node.

    Attributes:
        origin: its address.
        token: of an auditor's session.
        files: what an auditor may upload, by name.
    """

    world: World
    origin: str
    token: str
    files: dict[str, bytes]

    @property
    def base(self) -> str:
        return f"{self.origin}/{TENANT}/log"


@dataclass
class Visit:
    """A page of the auditor in one window.

    Attributes:
        said: what the page wrote to the console, and its errors.
    """

    page: Page
    node: Node
    said: list[str] = field(default_factory=list)

    async def go(self, path: str, language: str = "en") -> None:
        mark = "&" if "?" in path else "?"
        await self.page.goto(f"{self.node.base}{path}{mark}lang={language}")

    async def verdict(self) -> str:
        """Wait until the browser has computed, and return what it says."""
        await self.page.wait_for_selector("[data-done]")
        return await self.page.inner_text("#verdict")

    async def upload(self, path: str, button: str, **files: str) -> None:
        """Send the files with the page's form, and wait for the page that comes back."""
        await self.go(path)
        for name, content in files.items():
            payload: Any = {
                "name": f"{name}.json",
                "mimeType": "application/json",
                "buffer": self.node.files[content],
            }
            await self.page.set_input_files(f"#{name}", payload)
        async with self.page.expect_navigation():
            await self.page.click(f"form[action$='{button}'] button")

    async def too_wide(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        measure = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(await self.page.evaluate(measure))


@dataclass
class Windows:
    """Opens windows of the browser."""

    loop: Loop
    browser: Browser
    node: Node

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run(work)

    @asynccontextmanager
    async def open(self, size: str = "phone", **more: Any) -> AsyncIterator[Visit]:
        width, height = SIZES[size]
        context = await self.browser.new_context(
            viewport={"width": width, "height": height}, **more
        )
        name = cookie_name("log")
        await context.add_cookies(
            [{"name": name, "value": self.node.token, "url": self.node.origin}]
        )
        visit = Visit(await context.new_page(), self.node)
        visit.page.on("console", lambda message: visit.said.append(message.text))
        visit.page.on("pageerror", lambda error: visit.said.append(str(error)))
        try:
            yield visit
        finally:
            await context.close()


@contextmanager
def _served(world: World) -> Iterator[str]:
    try:
        with serving(world.app, world.settings.port, lifespan="auto") as origin:
            yield origin
    finally:
        world.deps.database.close()


def _wait_for_anchor(world: World, size: int) -> None:
    for _ in range(600):
        head = world.publisher.newest()
        if head is not None and head.size >= size and head.state is not HeadState.PUBLISHED:
            return
        time.sleep(0.05)
    raise AssertionError(f"no head of {size} entries on the chain")


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    port = free_port()
    world = World.made(
        tmp_path_factory.mktemp("node") / "state",
        port=port,
        chain_port=free_port(),
        checkpoint_seconds=0.2,
    )
    for day in range(DAYS):
        first = day * A_DAY
        world.enter(range(first, first + A_DAY), hour=days_before(DAYS - day))
    token = world.session(Role.AUDITOR)["cookie"].partition("=")[2]
    with _served(world) as origin:
        _wait_for_anchor(world, DAYS * A_DAY + 1)  # the second key's introduction is one more
        last = DAYS * A_DAY + 1
        world.publisher.accept([submitted(number) for number in range(last, last + A_DAY)])
        _wait_for_anchor(world, last + A_DAY)
        yield Node(world, origin, token, _files(world))


def _files(world: World) -> dict[str, bytes]:
    rows = world.rows(range(DAYS * A_DAY))
    altered = [{**rows[0], "salt": rows[1]["salt"]}, *rows[1:3], *rows[4:]]
    extra = {**rows[5], "index": 100_000, "reference": "record-made-up"}
    return {
        "receipt": world.receipt(5).encode(),
        "export": export(rows),
        "altered": export([*altered, extra]),
        "rubbish": b"{",
    }


@pytest.fixture(scope="session")
def windows(node: Node) -> Iterator[Windows]:
    """Return the browser; skips where there is none."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium to test with")
    loop = Loop()

    async def start() -> tuple[Any, Browser]:
        driver = await async_playwright().start()
        browser = await driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        return driver, browser

    driver, browser = loop.run(start())
    yield Windows(loop, browser, node)

    async def stop() -> None:
        await browser.close()
        await driver.stop()

    loop.run(stop())
    loop.close()
