"""Two verifiers on one PostgreSQL, answered at once: a presentation ends once.

SQLite lets one write at a time, so none of this meets there.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import delete, select

from madang.core.merkle.entry import EntryKind
from madang.core.protocol.oid4vp.response import answer_form
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from madang.infra.outbox import OutboxRow
from tests.at_once import at_once
from tests.unit.verifier.world import Asked, Browser, City, Land, open_city
from verifier.app import build
from verifier.eligibility.store import RuleRow
from verifier.presentations.store import PresentationRow

TRIES = 20
"""Refused answers that close a presentation."""
MANY = 8


@pytest.fixture
def city(land: Land, postgresql: str) -> Iterator[City]:
    with open_city(land, database_url=postgresql, presentation_tries=TRIES) as city:
        yield city


@pytest.fixture
def verifiers(city: City, postgresql: str) -> Iterator[list[Browser]]:
    """Return the doors of four verifiers that share nothing but the database."""
    databases = [Database(postgresql) for _ in range(3)]
    doors = [city.client]
    for number, database in enumerate(databases):
        deps = replace(city.deps, database=database, ids=SeededIds(f"verifier {number}"))
        doors.append(Browser(build(city.settings, deps), city.client.base_url))
    yield doors
    for database in databases:
        database.close()


def post(verifiers: Sequence[Browser], asked: Asked, body: str) -> list[httpx.Response]:
    """Post a body at once, twice to each of four verifiers."""
    posts = [(asked.request.response_uri, body)] * 2
    found = at_once([partial(each.together, *posts) for each in verifiers])
    return [answer for answers in found for answer in answers]


@pytest.mark.parametrize("kind", ["identity", "eligibility"])
def test_a_presentation_is_answered_once(city: City, verifiers: list[Browser], kind: str) -> None:
    asked = city.ask_identity() if kind == "identity" else city.ask_eligibility()
    body = answer_form(asked.request, asked.everything())
    answers = post(verifiers, asked, body)
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: MANY - 1}
    assert Counter(city.journal()) == {
        "presentation.accepted": 1,
        "presentation.answered_already": MANY - 1,
    }
    with city.deps.database.reading() as session:
        decisions = select(OutboxRow).where(OutboxRow.kind == EntryKind.DECISION)
        entered = len(session.exec(decisions).all())
    assert entered == (kind == "eligibility")


def test_every_refusal_is_counted(city: City, verifiers: list[Browser]) -> None:
    asked = city.ask_identity()
    stranger = city.credential("digital_id", signer=city.land.stranger)
    body = answer_form(asked.request, {"digital_id": [asked.show("digital_id", stranger)]})
    for each in (1, 2):
        post(verifiers, asked, body)
        with city.deps.database.reading() as session:
            row = session.exec(select(PresentationRow)).one()
        assert row.tries == each * MANY
        assert len(city.journal()) == each * MANY


def test_of_refusals_at_once_the_last_try_closes(city: City, verifiers: list[Browser]) -> None:
    asked = city.ask_identity()
    for _ in range(3):
        post(verifiers, asked, "response=nothing")
    assert city.state(asked)["state"] == "refused"
    noted = Counter(city.journal())
    assert noted.pop("presentation.refused_already") == 3 * MANY - TRIES
    assert noted.total() == TRIES


def test_verifiers_that_start_at_once_enter_each_rule_once(city: City, postgresql: str) -> None:
    databases = [Database(postgresql) for _ in range(MANY)]
    apps = [
        build(city.settings, replace(city.deps, database=each, ids=SeededIds(f"start {number}")))
        for number, each in enumerate(databases)
    ]
    with city.deps.database.transaction() as session:
        session.execute(delete(OutboxRow))
        session.execute(delete(RuleRow))

    async def start(app: FastAPI) -> None:
        async with app.router.lifespan_context(app):
            pass

    at_once([partial(lambda each: asyncio.run(start(each)), app) for app in apps])
    with city.deps.database.reading() as session:
        kept = [(row.tenant, row.digest) for row in session.exec(select(RuleRow))]
    assert kept
    assert len(set(kept)) == len(kept)
    for each in databases:
        each.close()
