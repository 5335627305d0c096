"""A clerk approves what a wallet has asked for, or refuses it."""

import pytest

from madang.core.catalog.certificate_type import TypeId
from tests.unit.counter.world import OTHER, TENANT, World

WAITING = {
    "id": "deferral-1",
    "offer_id": "offer-1",
    "type": "digital_id",
    "asked_at": 1_795_400_000,
}


@pytest.fixture
def asked(world: World) -> World:
    world.issuer.deferrals = [WAITING, {**WAITING, "id": "deferral-2", "type": "lease"}]
    return world


def test_what_waits_is_shown_in_the_languages_and_without_anybodys_name(asked: World) -> None:
    clerk = asked.clerk()
    for language in ("ko", "en", "ja"):
        text = clerk.get(f"/approvals?lang={language}").text
        names = asked.deps.catalogue.types
        for each in ("digital_id", "lease"):
            assert names[TypeId(each)].names[language] in text
    assert asked.issuer.calls[-1].path == f"/{TENANT}/issuer/api/deferrals"


def test_the_clerk_gets_to_the_case_that_led_to_it(world: World) -> None:
    clerk, other = world.clerk(), world.clerk(OTHER)
    page = clerk.identity_offered()
    world.issuer.deferrals = [WAITING, {**WAITING, "id": "deferral-2", "offer_id": "offer-9"}]
    case = page.url.rpartition("/")[2]
    text = clerk.get("/approvals?lang=en").text
    assert text.count("Case ") == 1
    assert f'href="/{TENANT}/counter/cases/{case}">Case {case[:6]}</a>' in text
    assert case not in other.get("/approvals").text


def test_nothing_waits(world: World) -> None:
    assert "Nothing waits for you." in world.clerk().get("/approvals?lang=en").text


@pytest.mark.parametrize("way", ["approve", "refuse"])
def test_a_clerk_decides_each(asked: World, way: str) -> None:
    clerk = asked.clerk()
    page = clerk.send(clerk.open("/approvals"), f"/deferral-1/{way}")
    assert [each["id"] for each in asked.issuer.deferrals] == ["deferral-2"]
    assert page.url.endswith(f"/{TENANT}/counter/approvals")
    called = asked.issuer.calls[-2]
    assert called.path == f"/{TENANT}/issuer/api/deferrals/deferral-1/{way}"
    assert called.caller.roles == {"clerk"}


def test_what_was_decided_otherwise_is_told(asked: World) -> None:
    clerk = asked.clerk()
    page = clerk.open("/approvals")
    asked.issuer.refusal = (409, "already_decided", None)
    answer = clerk.post(page, "/deferral-1/approve", "en")
    assert answer.status_code == 409
    assert "decided otherwise" in answer.text
    assert asked.journal()[-1] == "office.already_decided"


def test_each_municipality_asks_for_its_own(asked: World) -> None:
    asked.clerk(OTHER).open("/approvals")
    assert asked.issuer.calls[-1].path == f"/{OTHER}/issuer/api/deferrals"
