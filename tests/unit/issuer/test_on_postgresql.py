"""Four issuers on one PostgreSQL, asked at once: what may happen once happens once.

SQLite lets one write at a time, so none of this meets there.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import httpx
import pytest
from sqlmodel import select

from issuer.app import build
from issuer.settings import Settings
from issuer.sources.model import PersonId
from issuer.status.list_store import ListStore
from issuer.status.model import Status
from issuer.status.store import CredentialRow
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from madang.core.protocol.oid4vci.credential import CredentialRequest
from madang.core.status.token_status_list import INVALID, VALID
from madang.infra.db import Database
from madang.infra.ids import SeededIds
from tests.at_once import at_once
from tests.unit.issuer.founding import open_world
from tests.unit.issuer.world import TENANT, Client, World, digest_of

ISSUERS = 4
TRIES = 5
"""Wrong transaction codes that burn an offer."""


@pytest.fixture
def issuers(settings: Settings, postgresql: str, log_key: Signer) -> Iterator[list[World]]:
    """Return one world, seen through applications that share nothing but the database."""
    first = open_world(settings, log_signer=log_key, database=Database(postgresql))
    found = [first]
    for number in range(1, ISSUERS):
        own = {"database": Database(postgresql), "ids": SeededIds(f"issuer {number}")}
        deps = replace(first.deps, **own)
        client = Client(build(first.settings, deps))
        found.append(replace(first, client=client, deps=deps, ids=own["ids"]))
    yield found
    for each in found:
        each.deps.database.close()


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_a_code_is_redeemed_by_one_of_eight(issuers: list[World]) -> None:
    offer = issuers[0].offer(issuers[0].people()[0])
    uri, code = offer["offer_uri"], offer["tx_code"]
    answers = at_once([partial(each.token_request, uri, code) for each in issuers * 2])
    assert statuses(answers) == {200: 1, 400: 7}
    assert {a.json()["error"] for a in answers if a.status_code != 200} == {"invalid_grant"}


def test_wrong_transaction_codes_are_all_counted(issuers: list[World]) -> None:
    offer = issuers[0].offer(issuers[0].people()[0])
    wrong = "0" * len(offer["tx_code"])
    assert wrong != offer["tx_code"]
    before = len(issuers[0].codes())
    uri = offer["offer_uri"]
    answers = at_once([partial(each.token_request, uri, wrong) for each in issuers * 2])
    assert statuses(answers) == {400: 8}
    noted = Counter(issuers[0].codes()[before:])
    assert noted == {"token.tx_code_wrong": TRIES, "token.offer_burnt": 8 - TRIES}
    assert issuers[0].token_request(uri, offer["tx_code"]).status_code == 400


def test_a_nonce_is_used_by_one_of_four(issuers: list[World]) -> None:
    nonce, people = issuers[0].nonce(), issuers[0].people()
    tokens = [issuers[0].redeem(issuers[0].offer(person)) for person in people[:ISSUERS]]

    def ask(world: World, token: str) -> httpx.Response:
        proofs = world.proofs([generate_p256("holder")], nonce)
        return world.ask(token, CredentialRequest("digital_id", None, proofs).to_json())

    answers = at_once([partial(ask, *pair) for pair in zip(issuers, tokens, strict=True)])
    assert statuses(answers) == {200: 1, 400: 3}
    assert {a.json()["error"] for a in answers if a.status_code != 200} == {"invalid_nonce"}
    assert issuers[0].count(CredentialRow) == 1


def test_a_request_that_came_four_times_at_once_is_issued_once(
    issuers: list[World], holder_keys: Sequence[Signer]
) -> None:
    world = issuers[0]
    token = world.redeem(world.offer(world.people()[0]))
    proofs = world.proofs(holder_keys, world.nonce())
    body = CredentialRequest("digital_id", None, proofs).to_json()
    answers = at_once([partial(each.ask, token, body) for each in issuers])
    assert 200 in statuses(answers)
    assert statuses(answers).keys() <= {200, 400}
    assert len({a.text for a in answers if a.status_code == 200}) == 1
    assert world.count(CredentialRow) == len(holder_keys)


def test_a_presentation_is_acted_on_once(
    issuers: list[World], holder_keys: Sequence[Signer]
) -> None:
    world = issuers[0]
    copy = world.digital_id(world.people("lease")[0], holder_keys)[0]
    body = {"presentation_result": world.result(copy), "types": ["lease"]}
    answers = at_once([partial(each.call, "POST", "offers", body) for each in issuers * 2])
    assert statuses(answers)[201] == 1
    assert {a.json()["title"] for a in answers if a.status_code != 201} == {"presentation_used"}


def test_a_revocation_and_issues_at_once_disturb_neither(
    issuers: list[World], holder_keys: Sequence[Signer]
) -> None:
    world, people = issuers[0], issuers[0].people()
    revoked = world.digital_id(people[0], holder_keys)
    others = people[1:ISSUERS]

    def issue(each: World, person: PersonId) -> httpx.Response:
        keys = [generate_p256(f"{person}-{number}") for number in range(len(holder_keys))]
        return each.fetch(each.redeem(each.offer(person)), "digital_id", keys)

    issues = [partial(issue, *pair) for pair in zip(issuers[1:], others, strict=True)]
    answers = at_once([partial(world.set_status, revoked[0], "invalid"), *issues])
    assert {a.status_code for a in answers} <= {200, 204}, [a.text for a in answers]
    world.clock.advance(world.settings.status_stagger_seconds)
    with world.deps.database.transaction() as session:
        ListStore(session).apply(world.clock.now())
        rows = session.exec(select(CredentialRow)).all()
        shown = ListStore(session).statuses(TENANT, rows[0].list_number)
    assert shown is not None
    digests = {digest_of(copy) for copy in revoked}
    assert len(rows) == len(holder_keys) * ISSUERS
    assert len({row.list_index for row in rows}) == len(rows)
    for row in rows:
        good = row.digest not in digests
        assert row.status == (Status.VALID if good else Status.INVALID).value
        assert shown.get(row.list_index) == (VALID if good else INVALID)
