"""What the counter keeps: ids and states, and for a short while what a wallet scans."""

import asyncio
import logging

import pytest

from counter.cases.store import SqlCaseBooks
from counter.settings import Settings
from madang.infra.db import Database
from tests.unit.counter.world import DOCUMENT, RESULT, TX_CODE, Clerk, World, open_world, run

SECRETS = ("secret-1", TX_CODE)
PERSONAL = [value for field, value in DOCUMENT.items() if field != "evidence"]


def sweep(world: World) -> None:
    books = SqlCaseBooks(world.deps.database, world.clock)
    books.sweep(world.settings.case_seconds)


def test_nothing_about_the_person(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state = "issued"
    clerk.send(page, "/presentation")
    world.verifier.state = "answered"
    clerk.send(clerk.open(page.url), "/certificates", type=["lease"])
    for value in (*PERSONAL, RESULT):
        assert value not in world.dump()
        assert value not in caplog.text
    assert not [secret for secret in SECRETS if secret in caplog.text]


@pytest.mark.parametrize("state", ["code_used", "issued", "expired", "burnt"])
def test_a_code_is_deleted_as_soon_as_it_is_of_no_use(world: World, state: str) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    picture = page.image("offer-qr")
    assert TX_CODE in world.dump()
    world.issuer.state = state
    page = clerk.open(page.url)
    assert not [secret for secret in SECRETS if secret in world.dump()]
    assert "tx-code" not in page.texts
    assert clerk.get(picture).status_code == 404


def test_a_renewed_code_replaces_the_old_one(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state, world.issuer.made = "burnt", 2
    clerk.send(clerk.open(page.url), "/renew")
    assert "secret-1" not in world.dump()
    assert "secret-2" in world.dump()


def test_of_two_new_codes_at_once_the_one_that_is_good_is_shown(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state = "burnt"
    page = clerk.open(page.url)
    form = page.form("/renew")

    async def twice() -> None:
        await asyncio.gather(*(clerk.http.post(form.action, data=form.fields) for _ in range(2)))

    run(twice())
    assert world.issuer.renewed == 2
    assert "secret-1-2" in world.dump()
    assert "secret-1-1" not in world.dump()


def test_a_code_that_was_lost_on_the_way_can_be_replaced(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.issuer.state = "code_used"
    page = clerk.open(page.url)
    world.issuer.state = "offered"  # renewed there, and the answer did not reach this database
    page = clerk.send(clerk.open(page.url), "/renew")
    assert page.text("tx-code") == TX_CODE


def test_asking_for_the_digital_id_deletes_the_offer_s_code(world: World) -> None:
    clerk = world.clerk()
    clerk.send(clerk.identity_offered(), "/presentation")
    assert not [secret for secret in SECRETS if secret in world.dump()]


def test_a_code_that_nobody_looks_at_is_swept_at_its_end(world: World) -> None:
    world.clerk().identity_offered()
    world.clock.advance(899)
    sweep(world)
    assert TX_CODE in world.dump()
    world.clock.advance(1)
    sweep(world)
    assert TX_CODE not in world.dump()


def test_a_code_at_its_end_is_not_shown_even_before_it_is_swept(world: World) -> None:
    clerk = world.clerk()
    page = clerk.identity_offered()
    world.clock.advance(900)
    assert "tx-code" not in clerk.open(page.url).texts
    assert clerk.get(page.image("offer-qr")).status_code == 404


def test_cases_are_swept_at_their_end() -> None:
    world = open_world(case_seconds=60)
    clerk = world.clerk()
    page = clerk.send(clerk.open("/"), "/cases")
    world.clock.advance(59)
    sweep(world)
    assert clerk.get(page.url).status_code == 200
    world.clock.advance(1)
    sweep(world)
    assert clerk.get(page.url).status_code == 404
    world.close()


def test_the_time_of_a_status_is_swept_with_its_case() -> None:
    world = open_world(case_seconds=60)
    clerk = world.clerk()
    page = clerk.send(clerk.open(clerk.identity_offered().url), "/presentation")
    world.verifier.state, world.verifier.status_as_of = "answered", 1_795_390_123
    clerk.open(page.url)
    sweep(world)
    assert "1795390123" in world.dump()
    world.clock.advance(60)
    sweep(world)
    assert "1795390123" not in world.dump()
    world.close()


def test_the_service_sweeps_by_itself() -> None:
    world = open_world(sweep_seconds=0.01)
    world.clerk().identity_offered()
    world.clock.advance(900)

    async def live() -> None:
        async with world.app.router.lifespan_context(world.app):
            await asyncio.sleep(0.05)

    run(live())
    assert TX_CODE not in world.dump()
    world.close()


def test_the_list_is_no_longer_than_the_setting() -> None:
    world = open_world(cases_shown=2)
    clerk = world.clerk()
    for _ in range(3):
        clerk.send(clerk.open("/"), "/cases")
    assert clerk.get("/").text.count('href="/hanbit/counter/cases/') == 2
    world.close()


def test_a_page_looks_again_as_often_as_the_setting_says() -> None:
    world = open_world(refresh_seconds=7)
    clerk = world.clerk()
    assert 'content="7"' in clerk.get(clerk.identity_offered().url).text
    world.close()


def test_a_picture_is_for_the_clerk_who_is_signed_in_only(world: World) -> None:
    picture = world.clerk().identity_offered().image("offer-qr")
    assert Clerk(world.app, "hanbit").get(picture).status_code == 303


def test_cases_outlive_the_process(database_url: str) -> None:
    database = Database(database_url)
    before = open_world(database=database)
    page = before.clerk().identity_offered()
    again = open_world(database=database)
    again.issuer.made = 1
    assert again.clerk().open(page.url).text("tx-code") == TX_CODE
    database.close()


def test_every_setting_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADANG_CASE_SECONDS", "3600")
    monkeypatch.setenv("MADANG_CASES_SHOWN", "7")
    assert (Settings().case_seconds, Settings().cases_shown) == (3600, 7)
