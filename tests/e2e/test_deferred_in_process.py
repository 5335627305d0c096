"""A clerk approves a Digital ID, the wallet fetches it, and the counter hears what became of it.

Nothing is played: counter, issuer, log and wallet are those that run.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from madang.cli.city import CityPlan
from madang.cli.walk.people import Counter, Resident, until
from tests.e2e.one_process import Town, town

pytestmark = pytest.mark.xdist_group("city")

PORTS = 16
FORMATS = ["digital_id", "digital_id.mso_mdoc"]


@dataclass
class Story:
    """What happened, for the tests to look at.

    Attributes:
        promised: what the wallet told of the offer.
        too_early: what it told before the clerk had approved.
        came: what it told of each certificate that came.
        case: the case's page at the end.
        held: formats of the wallet's copies, and how many there are of each.
    """

    promised: list[dict[str, Any]] = field(default_factory=list)
    too_early: list[dict[str, Any]] = field(default_factory=list)
    came: dict[str, Any] = field(default_factory=dict)
    case: str = ""
    held: dict[str, int] = field(default_factory=dict)


async def _due(resident: Resident) -> list[dict[str, Any]] | None:
    """Return what the wallet tells of what it waits for, once it was time to ask for all."""
    await asyncio.sleep(1)
    told: list[dict[str, Any]] = (await resident._ask("POST", "/waiting"))["credentials"]
    return told


async def _approve(here: Town) -> None:
    clerk = here.walk.clerk
    page = await clerk.open("/approvals")
    for _ in FORMATS:
        page = await clerk.browser.send(page, "/approve")
    assert not any(form.action.endswith("/approve") for form in page.forms)


async def _happen(story: Story, plan: CityPlan) -> None:
    settings = {
        "approved_types": ["digital_id"],
        "deferred_notifications": True,
        "deferred_interval_seconds": 1,
    }
    async with town(plan, **settings) as here:
        resident = await here.equip(0, here.register.residents(plan.catalogue.tenants.ids()[0])[0])
        counter = Counter(here.walk.clerk)
        await counter.open_case()
        picture, code = await counter.prove_identity(resident)
        story.promised = await resident.accept((await resident.scan(picture))["id"], code)
        story.too_early = await until("the first poll", lambda: _due(resident))
        await _approve(here)

        async def all_came() -> bool | None:
            told = await _due(resident) or []
            story.came |= {each["type"]: each for each in told if not each.get("waiting")}
            return True if story.came.keys() == {*FORMATS} else None

        await until("what the clerk approved", all_came)
        for each in await resident.held():
            story.held[each["format"]] = story.held.get(each["format"], 0) + 1
        assert counter.page is not None
        story.case = (await here.walk.clerk.browser.bytes(counter.page.url)).decode()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], int]) -> Story:
    """Let everything happen once."""
    folder, found = tmp_path_factory.mktemp("deferred"), Story()
    asyncio.run(_happen(found, CityPlan(folder / "state", free_ports(PORTS))))
    return found


def test_nothing_comes_before_the_clerk_approves(story: Story) -> None:
    for told in (story.promised, story.too_early):
        assert [each["type"] for each in told] == FORMATS
        assert all(each["waiting"] and "error" not in each for each in told)


def test_what_was_approved_comes_in_every_format(story: Story) -> None:
    assert {name: each["copies"] for name, each in story.came.items()} == dict.fromkeys(FORMATS, 4)
    assert story.held == {"dc+sd-jwt": 4, "mso_mdoc": 4}


def test_the_clerk_sees_that_the_wallet_has_it(story: Story) -> None:
    assert 'data-event="credential_accepted"' in story.case
