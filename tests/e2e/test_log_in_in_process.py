"""A resident logs in at the issuer with the Digital ID, and the wallet fetches by the code.

Nothing is played: issuer, verifier, log, wallet provider and wallet are those that run.
"""

import asyncio
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from madang.cli.city import CityPlan
from madang.cli.walk.browser import Browser, Page
from madang.cli.walk.path import CITY
from madang.cli.walk.people import Resident, until
from madang.core.formats.sd_jwt.key_binding import holder_key
from madang.core.formats.sd_jwt.model import parse
from mobile_stub.wallet import Wallet
from tests.e2e.one_process import Town, town

pytestmark = pytest.mark.xdist_group("city")

PORTS = 16
ABSTRACT, INCOME = "resident_register_abstract", "household_income"


@dataclass
class Story:
    """What happened, for the tests to look at.

    Attributes:
        plan: where everything is.
        back: addresses that the browser came back to the wallet at, by type.
        told: what the wallet told of each fetch, by type.
        renewed: what it told of the fetch with a refresh token.
        keys: thumbprints of the keys that copies are bound to, by type.
        held: digests before and after it fetched again.
    """

    plan: CityPlan
    back: dict[str, str] = field(default_factory=dict)
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    renewed: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, set[str]] = field(default_factory=dict)
    held: list[set[str]] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return self.plan.addresses.identifier(CITY, "issuer")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.plan.state / "issuer" / "issuer.sqlite")) as database:
            return database.execute(query).fetchall()


async def _asked(resident: Resident, method: str, path: str, **more: Any) -> dict[str, Any]:
    return await resident._ask(method, path, **more)


async def _wished(resident: Resident, issuer: str, name: str) -> str:
    wish = {"issuer": issuer, "configurations": [name]}
    link = (await _asked(resident, "POST", "/wishes", json=wish))["link"]
    scan: str = (await _asked(resident, "POST", "/open", json={"link": link}))["id"]
    return scan


async def _other_device(browser: Browser, page: Page, resident: Resident) -> Page:
    """Scan the page's picture with the wallet; return the page when the issuer knows of it."""
    shown = await browser.send(page, "/wallet", device="other")
    picture = await browser.bytes(shown.image("wallet-qr"))
    await resident.agree((await resident.scan(picture))["id"])

    async def look() -> Page | None:
        now = await browser.open(shown.url)
        return now if any(form.action.endswith("/agree") for form in now.forms) else None

    return await until("the log-in", look)


async def _this_device(browser: Browser, page: Page, resident: Resident) -> Page:
    """Go to the wallet by the page's link, and back by the address that the verifier tells it."""
    shown = await browser.send(page, "/wallet", device="this")
    source = (await browser.bytes(shown.url)).decode()
    found = re.search(r'id="wallet-link" href="([^"]+)"', source)
    assert found is not None
    link = found[1].replace("&amp;", "&")
    scan = await _asked(resident, "POST", "/open", json={"link": link})
    back = (await resident.agree(scan["id"]))["redirect_uri"]
    assert parse_qs(urlsplit(back).query).keys() == {"response_code"}
    return await browser.open(back)


WAYS = {ABSTRACT: _other_device, INCOME: _this_device}


async def _log_in(story: Story, here: Town, resident: Resident, name: str) -> None:
    browser = await here.browser()
    scan = await _wished(resident, story.issuer, name)
    accepting = asyncio.create_task(_asked(resident, "POST", f"/scans/{scan}/accept", json={}))

    async def look() -> str | None:
        if accepting.done():
            accepting.result()
        found: str | None = (await _asked(resident, "GET", "/log-in"))["url"]
        return found

    page = await browser.open(await until("the address of the log-in", look))
    consent = await WAYS[name](browser, page, resident)
    story.back[name] = (await browser.send(consent, "/agree")).url
    story.told[name] = (await accepting)["credentials"]


def _keys(wallet: Wallet, name: str) -> set[str]:
    """Return the thumbprints of the keys that the SD-JWT copies of a type are bound to."""
    copies = [each for each in wallet.vault.copies() if f"/{name}/" in each.type]
    return {holder_key(parse(each.credential).payload).thumbprint() for each in copies}


async def _digests(resident: Resident, name: str) -> set[str]:
    return {each["digest"] for each in await resident.held() if f"/{name}/" in each["type"]}


async def _happen(story: Story) -> None:
    async with town(story.plan) as here:
        provider = here.plan.addresses.identifier(CITY, "wallet")
        person = here.register.residents(CITY)[0]
        resident = await here.equip(0, person, provider=provider, browser="wait")
        wallet, _ = here.wallets[resident.address]
        await here.identify(resident)
        story.keys["digital_id"] = _keys(wallet, "digital_id")
        for name in WAYS:
            await _log_in(story, here, resident, name)
            story.keys[name] = _keys(wallet, name)
        before = await _digests(resident, ABSTRACT)
        story.renewed = await _asked(resident, "POST", f"/credentials/{min(before)}/renew")
        story.held = [before, await _digests(resident, ABSTRACT)]
        story.keys["renewed"] = _keys(wallet, ABSTRACT)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]) -> Story:
    """Let everything happen once."""
    story = Story(CityPlan(tmp_path_factory.mktemp("log-in") / "state", free_ports(PORTS)))
    asyncio.run(_happen(story))
    return story


@pytest.mark.parametrize("name", WAYS)
def test_the_browser_comes_back_with_a_code_of_this_issuer(story: Story, name: str) -> None:
    address, _, query = story.back[name].partition("?")
    assert address == f"{story.plan.wallet_address(0)}/callback"
    answer = parse_qs(query)
    assert answer.keys() == {"code", "state", "iss"}
    assert answer["iss"] == [story.issuer]


@pytest.mark.parametrize("name", WAYS)
def test_what_comes_is_bound_to_the_keys_of_the_digital_id(story: Story, name: str) -> None:
    [told] = story.told[name]
    assert told["copies"] == len(story.keys[name])
    assert story.keys[name]
    assert story.keys[name] <= story.keys["digital_id"]


def test_a_certificate_is_fetched_again_with_the_refresh_token(story: Story) -> None:
    before, after = story.held
    assert story.renewed["copies"] == len(after - before) > 0
    assert story.keys["renewed"] <= story.keys["digital_id"]


def test_every_token_is_bound_to_a_key_and_to_the_attested_wallet(story: Story) -> None:
    tokens = story.rows("SELECT client_id, key, family FROM access_token WHERE family <> ''")
    assert len(tokens) == len(WAYS) + 1
    assert all(client and key and family for client, key, family in tokens)
    requests = story.rows("SELECT phase, instance <> '' FROM authorization_request")
    assert requests == [("redeemed", 1)] * len(WAYS)


def test_the_journal_tells_of_each_log_in_and_no_log_in_is_left(story: Story) -> None:
    told = [code for (code,) in story.rows("SELECT code FROM journal ORDER BY rowid")]
    assert [each for each in told if each.startswith("log_in.")] == [
        "log_in.known",
        "log_in.agreed",
    ] * len(WAYS)
    assert story.rows("SELECT COUNT(*) FROM sign_in") == [(0,)]
