"""The auditor's pages in a real browser: what it computes by itself, and how it can be used."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route

from tests.browser.conftest import AXE, LANGUAGES, SIZES, Visit, Windows

pytestmark = pytest.mark.xdist_group("browser")

PAGES = (
    "/",
    "/search",
    "/entries",
    "/entries?block=99999",
    "/entries/7",
    "/entries/7?size=25",
    "/heads",
    "/heads/25",
    "/consistency",
    "/consistency?old=25&new=326",
    "/growth",
    "/growth?by=hour&day=2026-11-20",
    "/find",
    "/compare",
    "/split",
)
MISTAKES = ("/entries?from=x", "/entries/99999", "/heads/26", "/consistency?old=1&new=2")
SIX_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def axe(page: Page) -> list[str]:
    """Return what axe-core finds, each with its place."""
    if not AXE.exists():
        pytest.skip("axe-core absent")
    await page.evaluate(AXE.read_text("utf-8"))
    run = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})"
    found = await page.evaluate(run, SIX_TAGS)
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]} ({len(each['nodes'])})"
        for each in found["violations"]
    ]


class TestComputing:
    @pytest.mark.parametrize("index", [0, 7, 255, 256, 300, 325])
    def test_an_entry_is_proved_by_the_browser_itself(self, windows: Windows, index: int) -> None:
        async def visit() -> None:
            async with windows.open() as visit:
                await visit.go(f"/entries/{index}")
                assert await visit.verdict() == "✓ All of it was computed here, and it holds."
                marks = await visit.page.locator("[data-steps] .mark").all_inner_texts()
                shown = await visit.page.locator("[data-steps] > li").count()
                assert len(marks) == shown >= 5
                ticks = await visit.page.locator("[data-tick]").all_text_contents()
                assert set(ticks) == {"✓"}
                checks = await visit.page.locator("[data-check]").all()
                assert [await check.get_attribute("data-holds") for check in checks] == ["true"] * 5

        windows.run(visit())

    @pytest.mark.parametrize("sizes", [(25, 326), (50, 300), (301, 326), (300, 301), (25, 25)])
    def test_growth_is_proved_by_the_browser_itself(
        self, windows: Windows, sizes: tuple[int, int]
    ) -> None:
        async def visit() -> None:
            async with windows.open() as visit:
                await visit.go(f"/consistency?old={sizes[0]}&new={sizes[1]}")
                assert await visit.verdict() == "✓ All of it was computed here, and it holds."

        windows.run(visit())

    def test_without_scripts_the_server_s_steps_are_there_and_nothing_is_claimed(
        self, windows: Windows
    ) -> None:
        async def visit() -> None:
            async with windows.open(java_script_enabled=False) as visit:
                await visit.go("/entries/7")
                verdict = await visit.page.text_content("#verdict")
                assert verdict is not None
                assert "This browser has not computed it" in verdict
                assert await visit.page.locator("[data-steps] > li").count() > 5
                assert await visit.page.locator("svg[role=img]").count() == 1
                assert set(await visit.page.locator(".mark").all_text_contents()) == {""}

        windows.run(visit())

    def test_a_browser_without_ed25519_does_not_say_that_all_was_computed(
        self, windows: Windows
    ) -> None:
        older = """crypto.subtle.importKey = async () => {
            throw new DOMException("no such algorithm", "NotSupportedError");
        };"""

        async def visit() -> None:
            async with windows.open() as visit:
                await visit.page.add_init_script(older)
                await visit.go("/entries/7")
                told = await visit.verdict()
                assert told.startswith("? The steps were computed here")
                assert "All of it" not in told
                section = visit.page.locator("[data-proof]")
                assert await section.get_attribute("data-done") == "wait"

        windows.run(visit())


def first(pattern: str, change: Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    """Return what changes the first place of a page that is like the pattern."""

    def tamper(html: str) -> str:
        changed, count = re.subn(pattern, change, html, count=1)
        assert count == 1
        assert changed != html
        return changed

    return tamper


def flipped(match: re.Match[str]) -> str:
    """Return the same with the last letter of its group changed."""
    whole, group = match[0], match[1]
    other = group[:-1] + ("0" if group[-1] != "0" else "1")
    return whole.replace(group, other)


SIBLING = first(r'data-sibling="([0-9a-f]{64})"', flipped)
SIDE = first(r'data-left="(yes|no)" data-result="[0-9a-f]+">\s*S', lambda m: m[0].replace(
    f'"{m[1]}"', '"no"' if m[1] == "yes" else '"yes"', 1))  # fmt: skip
RESULT = first(r'data-result="([0-9a-f]{64})"', flipped)
BYTES = first(r"commitment&#34;:&#34;([A-Za-z0-9_-]{10})", flipped)
INDEX = first(r'data-index="(7)"', lambda _: 'data-index="8"')
ROOT = first(r"\n(\d{3})\n([A-Za-z0-9+/]{10})", lambda m: f"\n{m[1]}\nAAAAAAAAAA")
SIZE = first(r"log\n(\d{3})\n", lambda m: f"log\n{int(m[1]) - 1}\n")
SIGNATURE = first(r"(— \S+ )([A-Za-z0-9+/]{12})", lambda m: m[1] + m[2][:-2] + "AA")
KEY = first(r'data-key="([^"]+)\+([0-9a-f]{8})\+A', lambda m: f'data-key="{m[1]}+{m[2]}+B')
CHAIN = first(r'data-chain-root="([0-9a-f]{64})"', flipped)


class TestTampering:
    @pytest.mark.parametrize(
        ("tamper", "check"),
        [
            (SIBLING, "path"),
            (SIDE, "path"),
            (RESULT, "path"),
            (BYTES, "root"),
            (INDEX, "entry"),
            (ROOT, "root"),
            (SIZE, "path"),
            (SIGNATURE, "signature"),
            (KEY, "signature"),
            (CHAIN, "chain"),
        ],
        ids=[
            "sibling", "side", "result", "bytes", "index",
            "root", "size", "signature", "key", "chain",
        ],
    )  # fmt: skip
    def test_what_was_changed_on_the_way_is_seen(
        self, windows: Windows, tamper: Callable[[str], str], check: str
    ) -> None:
        async def visit() -> None:
            async with windows.open() as visit:
                await changed(visit, tamper)
                await visit.go("/entries/7")
                assert (await visit.verdict()).startswith("✗ It does not hold.")
                line = visit.page.locator(f"[data-check={check}]")
                assert await line.get_attribute("data-holds") == "false"
                assert (await line.inner_text()).startswith("✗")

        windows.run(visit())

    def test_a_changed_step_says_what_was_computed_here(self, windows: Windows) -> None:
        async def visit() -> None:
            async with windows.open() as visit:
                await changed(visit, RESULT)
                await visit.go("/entries/7")
                await visit.verdict()
                await visit.page.click("summary")
                step = visit.page.locator("[data-steps] > li").first
                shown = await step.get_attribute("data-result")
                said = await step.locator(".mark").inner_text()
                assert said.startswith("✗ differs, computed here: ")
                assert said[-64:-1] == (shown or "")[:-1]
                assert said[-1:] != (shown or "")[-1:]
                assert await visit.page.locator("rect.fails").count() == 1

        windows.run(visit())

    def test_a_step_that_was_taken_away_is_missed(self, windows: Windows) -> None:
        def tamper(html: str) -> str:
            changed, count = re.subn(
                r'<li data-sibling="[0-9a-f]{64}".*?</li>', "", html, count=1, flags=re.DOTALL
            )
            assert count == 1
            return changed

        async def visit() -> None:
            async with windows.open() as visit:
                await changed(visit, tamper)
                await visit.go("/entries/7")
                assert (await visit.verdict()).startswith("✗")

        windows.run(visit())

    @pytest.mark.parametrize(
        ("tamper", "check"),
        [
            (SIBLING, "new_root"),
            (ROOT, "new_root"),
            (first(r"\n25\n([A-Za-z0-9+/]{10})", lambda _: "\n25\nAAAAAAAAAA"), "old_root"),
            (first(r'data-old="([0-9a-f]{64})"', flipped), "path"),
            (SIGNATURE, "signatures"),
        ],
        ids=["sibling", "new root", "old root", "old step", "signature"],
    )
    def test_a_growth_that_was_changed_is_seen(
        self, windows: Windows, tamper: Callable[[str], str], check: str
    ) -> None:
        async def visit() -> None:
            async with windows.open() as visit:
                await changed(visit, tamper)
                await visit.go("/consistency?old=25&new=326")
                assert (await visit.verdict()).startswith("✗ It does not hold.")
                line = visit.page.locator(f"[data-check={check}]")
                assert await line.get_attribute("data-holds") == "false"

        windows.run(visit())


async def changed(visit: Visit, tamper: Callable[[str], str]) -> None:
    """Have somebody between server and browser change the page."""

    async def handle(route: Route) -> None:
        answer = await route.fetch()
        html = tamper(await answer.text())
        await route.fulfill(response=answer, body=html)

    await visit.page.route(re.compile(r"/log/(entries|consistency)"), handle)


class TestUse:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("language", LANGUAGES)
    def test_every_page_can_be_used_by_everybody(
        self, windows: Windows, language: str, size: str
    ) -> None:
        async def visit() -> dict[str, Any]:
            found: dict[str, Any] = {}
            async with windows.open(size) as visit:
                for path in PAGES:
                    await visit.go(path, language)
                    await settle(visit)
                    found[path] = [*await axe(visit.page), *visit.said, await visit.too_wide()]
                    visit.said.clear()
                for path in MISTAKES:
                    await visit.go(path, language)
                    found[path] = [*await axe(visit.page), await visit.too_wide()]
            return found

        assert windows.run(visit()) == {path: [0] for path in (*PAGES, *MISTAKES)}

    @pytest.mark.parametrize("size", SIZES)
    def test_what_comes_back_can_be_used_too(self, windows: Windows, size: str) -> None:
        async def visit() -> dict[str, Any]:
            found = {}
            async with windows.open(size) as visit:
                for name, path, button, files in (
                    ("receipt", "/find", "/find/receipt", {"receipt": "receipt"}),
                    ("differences", "/compare", "/compare", {"export": "altered"}),
                    ("refusal", "/compare", "/compare", {"export": "rubbish"}),
                ):
                    await visit.upload(path, button, **files)
                    found[name] = [*await axe(visit.page), await visit.too_wide()]
            return found

        assert windows.run(visit()) == {"receipt": [0], "differences": [0], "refusal": [0]}

    def test_dark_pages_have_contrast_too(self, windows: Windows) -> None:
        async def visit() -> list[str]:
            async with windows.open("phone", color_scheme="dark") as visit:
                found = []
                for path in ("/entries/7", "/growth", "/heads"):
                    await visit.go(path)
                    await settle(visit)
                    found += await axe(visit.page)
                return found

        assert windows.run(visit()) == []

    def test_differences_are_named_and_counted(self, windows: Windows) -> None:
        async def visit() -> None:
            async with windows.open("desktop") as visit:
                await visit.upload("/compare", "/compare", export="altered")
                text = await visit.page.inner_text("main")
                assert "record-000000" in text
                assert "record-made-up" in text
                await visit.page.click("text=Log entry 3")
                assert (await visit.verdict()).startswith("✓")

        windows.run(visit())

    def test_a_file_that_is_too_large_is_not_even_sent(self, windows: Windows) -> None:
        async def visit() -> None:
            async with windows.open() as visit:
                await visit.go("/compare")
                payload: Any = {"name": "x", "mimeType": "text/plain", "buffer": b" " * 400_000}
                await visit.page.set_input_files("#export", payload)
                said = await visit.page.evaluate(
                    "document.querySelector('#export').validationMessage"
                )
                assert said == "The file is larger than 0.3 MB. Use madang audit log."

        windows.run(visit())

    def test_the_keyboard_reaches_everything_and_shows_where_it_is(self, windows: Windows) -> None:
        async def visit() -> None:
            async with windows.open() as visit:
                await visit.go("/entries/7")
                await visit.verdict()
                reachable = "a[href], button, input, select, textarea, summary, pre[tabindex]"
                wanted = await visit.page.locator(f"body :is({reachable}):visible").count()
                seen = set()
                for _ in range(wanted + 5):
                    await visit.page.keyboard.press("Tab")
                    seen.add(await visit.page.evaluate(FOCUSED))
                told = [json.loads(each) for each in seen if each != "null"]
                assert len(told) >= wanted
                assert [each for each in told if each["outline"] in {"none", "0px"}] == []

        windows.run(visit())

    def test_what_must_be_pressed_is_large_enough(self, windows: Windows) -> None:
        async def visit() -> list[float]:
            async with windows.open() as visit:
                await visit.go("/search")
                heights = []
                for each in await visit.page.locator(
                    ":is(button, input, select, .places a):visible"
                ).all():
                    box = await each.bounding_box()
                    heights.append(box["height"] if box else 0.0)
                return heights

        assert min(windows.run(visit())) >= 40

    def test_a_printed_page_has_the_proof_and_no_forms(self, windows: Windows) -> None:
        async def visit() -> None:
            async with windows.open("desktop") as visit:
                await visit.go("/entries/7")
                await visit.verdict()
                await visit.page.emulate_media(media="print")
                assert not await visit.page.locator(".places").is_visible()
                assert not await visit.page.locator("header").is_visible()
                assert await visit.page.locator("svg[role=img]").is_visible()
                await visit.go("/consistency?old=25&new=326")
                assert not await visit.page.locator("main form").is_visible()

        windows.run(visit())


FOCUSED = """(() => {
  const it = document.activeElement;
  if (!it || it === document.body) return "null";
  const style = getComputedStyle(it);
  const place = it.getBoundingClientRect();
  return JSON.stringify({ tag: it.tagName, text: it.textContent.slice(0, 20), x: place.x,
    y: place.y + scrollY, outline: style.outlineStyle === "none" ? "none" : style.outlineWidth });
})()"""


async def settle(visit: Visit) -> None:
    """Wait for what the page computes, where it computes."""
    if await visit.page.locator("[data-proof]").count():
        assert (await visit.verdict())[0] == "✓"


def test_the_script_is_not_in_the_page(windows: Windows) -> None:
    script = Path(__file__).parents[2] / "ledger_node/audit/static/audit.js"

    async def visit() -> None:
        async with windows.open() as visit:
            await visit.go("/entries/7")
            inline = "[...document.scripts].filter(each => !each.src).length"
            assert await visit.page.evaluate(inline) == 0
            assert "innerHTML" not in script.read_text("utf-8")

    windows.run(visit())
