"""Second signatures of published lists: served, logged, believed, and made anew with the keys."""

import asyncio
import logging
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit

import httpx
import pytest
from sqlmodel import select

from issuer.key_steps import KeyBook
from issuer.office import Office
from issuer.status.list_store import ListStore
from issuer.status.publishing import FORMS
from issuer.status.routes import list_policy
from madang.core.encoding import base64url
from madang.core.envelope import jws, second_signature
from madang.core.envelope.second_signature import STATUS_LIST, LoggedKey, Verdict
from madang.core.keys.jwk import PublicKey
from madang.core.keys.life import Step
from madang.core.keys.ring import Taken
from madang.core.keys.signing import Signer
from madang.core.merkle.entry import EntryKind, commitment
from madang.core.protocol.urls import WellKnown, well_known
from madang.infra.key_ring import ISSUER, SECOND
from madang.infra.log_client import MemoryLogClient
from madang.infra.outbox import OutboxRow, OutboxWorker
from tests.unit.issuer.world import CACHE, TENANT, World

JWT, CWT = FORMS
BESIDE = {JWT: ".second", CWT: ".cwt.second"}
YEARS = 30 * 31_557_600
both = pytest.mark.parametrize("form", FORMS)


@pytest.fixture(autouse=True)
def copies(world: World, holder_keys: Sequence[Signer]) -> list[str]:
    return world.digital_id(world.people()[0], holder_keys)


def address(world: World, number: int = 1) -> str:
    return f"{world.identifier()}/statuslists/{number}"


def listed(world: World, form: str, number: int = 1) -> bytes:
    answer = world.client.get(urlsplit(address(world, number)).path, headers={"accept": form})
    assert answer.status_code == 200
    return answer.content


def beside(world: World, form: str, number: int = 1) -> httpx.Response:
    return world.client.get(urlsplit(address(world, number)).path + BESIDE[form])


def signed(world: World, form: str, number: int = 1) -> bytes:
    answer = beside(world, form, number)
    assert answer.status_code == 200, answer.text
    return answer.content


def rows(world: World) -> list[OutboxRow]:
    with world.session() as session:
        return list(session.exec(select(OutboxRow).where(OutboxRow.tenant == TENANT)))


def published(world: World) -> list[str]:
    return [row.digest for row in rows(world) if row.kind == EntryKind.STATUS_LIST]


def logged(world: World) -> list[LoggedKey]:
    """Return the keys that are published now, each with its times out of the opened log."""
    deps, log = world.deps, world.deps.log
    assert isinstance(log, MemoryLogClient)
    parts = deps.clock, deps.ids, deps.database, deps.catalogue, deps.addresses
    KeyBook(Office(world.settings, *parts), deps.keys).enter(TENANT, SECOND)
    asyncio.run(OutboxWorker(deps.database, log).deliver())
    opened = [row for row in rows(world) if row.kind == EntryKind.KEY]
    for row in opened:
        salt, digest = base64url.decode(row.salt), base64url.decode(row.digest)
        assert row.log_index is not None
        assert log.entries[TENANT][row.log_index].commitment == commitment(salt, digest)
    entered = {row.digest for row in opened}
    taken = deps.keys.taken(TENANT, SECOND, now=world.clock.now())
    steps = [step for step in taken if base64url.encode(step.digest(SECOND)) in entered]
    assert steps
    path = urlsplit(well_known(world.identifier(), WellKnown.JWT_VC_ISSUER)).path
    jwks = world.client.get(path).json()["jwks"]["keys"]
    return [_timed(PublicKey.from_jwk(key), key["kid"], steps) for key in jwks]


def _timed(key: PublicKey, kid: str, steps: Sequence[Taken]) -> LoggedKey:
    at = {step.step: step.at for step in steps if step.kid == kid}
    return LoggedKey(key, at.get(Step.ANNOUNCED, 0), at.get(Step.VERIFY_ONLY))


def verdict(world: World, document: bytes, compact: bytes) -> Verdict:
    return second_signature.verify(
        document,
        compact,
        kind=STATUS_LIST,
        address=address(world),
        keys=logged(world),
        now=world.clock.now() + YEARS,
    )


def codes(found: Verdict) -> list[str]:
    return [failure.code for failure in found.failures]


def give_up(world: World, purpose: str = SECOND, number: int = 1) -> None:
    world.issuer_keys.compromise(TENANT, purpose, number, now=world.clock.now())


class TestBelieved:
    @both
    def test_the_served_one_is_of_the_served_list_by_a_logged_key(
        self, world: World, form: str
    ) -> None:
        answer = beside(world, form)
        assert answer.headers["content-type"] == second_signature.MEDIA_TYPE
        assert answer.headers["access-control-allow-origin"] == "*"
        kept = world.settings.status_list_ttl_seconds // 5
        assert answer.headers["cache-control"] == f"public, max-age={kept}"
        found = verdict(world, listed(world, form), answer.content)
        assert found.ok, found
        assert found.statement is not None
        assert found.statement.issued_at == world.clock.now()

    @both
    def test_the_log_holds_the_digests_of_both(self, world: World, form: str) -> None:
        documents = listed(world, form), signed(world, form)
        digests = [base64url.encode(sha256(each).digest()) for each in documents]
        assert sorted(published(world)) == sorted(digests)

    @both
    def test_an_altered_list_is_refused(self, world: World, form: str) -> None:
        document = bytearray(listed(world, form))
        document[len(document) // 2] ^= 1
        found = verdict(world, bytes(document), signed(world, form))
        assert codes(found) == ["sha-256", "sha-512"]

    def test_the_forms_do_not_stand_for_each_other(self, world: World) -> None:
        found = verdict(world, listed(world, CWT), signed(world, JWT))
        assert codes(found) == ["sha-256", "sha-512"]

    @both
    def test_another_lists_signature_is_refused(self, world: World, form: str) -> None:
        policy = list_policy(world.settings)
        with world.deps.database.transaction() as session:
            assert ListStore(session).open(TENANT, policy.size, policy, bytes(32)).number == 2
        found = verdict(world, listed(world, form), signed(world, form, 2))
        assert codes(found) == ["address", "sha-256", "sha-512"]

    @both
    def test_a_retired_key_signs_nothing_any_more(self, world: World, form: str) -> None:
        retired = world.issuer_keys.signer(TENANT, SECOND, now=world.clock.now())
        world.issuer_keys.rotate(TENANT, SECOND, now=world.clock.now())
        world.clock.advance(CACHE + 1)
        document = listed(world, form)
        late = second_signature.make(
            document,
            kind=STATUS_LIST,
            address=address(world),
            issued_at=world.clock.now(),
            signer=retired,
        ).encode()
        assert codes(verdict(world, document, late)) == ["key_retired"]
        assert verdict(world, document, signed(world, form)).ok

    @both
    def test_a_list_that_is_not_there_has_none(self, world: World, form: str) -> None:
        assert beside(world, form, 9).status_code == 404
        for odd in ("x", "1.jwt", "-1", "1.cwt.cwt"):
            path = urlsplit(address(world)).path[:-1] + odd + BESIDE[form]
            assert world.client.get(path).status_code == 404


class TestAnew:
    @both
    def test_it_stays_while_list_and_key_stay(self, world: World, form: str) -> None:
        first = signed(world, form)
        world.clock.advance(world.settings.status_list_seconds // 4 - 1)
        assert signed(world, form) == first
        assert len(published(world)) == 2

    @both
    def test_it_follows_a_changed_list(self, world: World, copies: list[str], form: str) -> None:
        first = signed(world, form)
        world.set_status(copies[0], "suspended")
        after = signed(world, form)
        assert after != first
        assert verdict(world, listed(world, form), after).ok

    @both
    def test_a_new_key_signs_the_list_that_stands(self, world: World, form: str) -> None:
        before, first = listed(world, form), signed(world, form)
        new = world.issuer_keys.rotate(TENANT, SECOND, now=world.clock.now())
        assert signed(world, form) == first
        world.clock.advance(CACHE)
        assert listed(world, form) == before
        after = jws.parse(signed(world, form))
        assert after.header["kid"] == new.public_key.thumbprint()
        assert verdict(world, before, signed(world, form)).ok

    @both
    def test_none_outlives_a_key_that_was_given_up(self, world: World, form: str) -> None:
        before, first = listed(world, form), signed(world, form)
        new = world.issuer_keys.rotate(TENANT, SECOND, now=world.clock.now())
        give_up(world)
        assert beside(world, form).status_code == 503
        assert listed(world, form) == before
        assert codes(verdict(world, before, first)) == ["key"]
        world.clock.advance(CACHE)
        found = signed(world, form)
        assert jws.parse(found).header["kid"] == new.public_key.thumbprint()
        assert verdict(world, before, found).ok

    @both
    def test_a_given_up_key_of_the_issuer_takes_its_lists_along(
        self, world: World, form: str
    ) -> None:
        before, first = listed(world, form), signed(world, form)
        world.issuer_keys.rotate(TENANT, ISSUER, now=world.clock.now())
        give_up(world, ISSUER)
        path = urlsplit(address(world)).path
        assert world.client.get(path).status_code == 503
        assert beside(world, form).status_code == 503
        world.clock.advance(CACHE)
        found = signed(world, form)
        assert found != first
        assert listed(world, form) != before
        assert verdict(world, listed(world, form), found).ok


class TestWithoutAKey:
    @both
    def test_the_list_goes_on_and_is_signed_again_when_there_is_one(
        self, world: World, copies: list[str], form: str
    ) -> None:
        give_up(world)
        first = listed(world, form)
        world.set_status(copies[0], "suspended")
        changed = listed(world, form)
        assert changed != first
        assert beside(world, form).status_code == 503
        world.issuer_keys.rotate(TENANT, SECOND, now=world.clock.now())
        world.clock.advance(CACHE)
        assert listed(world, form) == changed
        assert verdict(world, changed, signed(world, form)).ok

    def test_it_is_told_once_each_time(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING)
        give_up(world)
        for form in [*FORMS] * 3:
            listed(world, form)
        assert len(caplog.records) == 1
        (record,) = caplog.records
        assert "without a second signature" in record.getMessage()
        world.issuer_keys.rotate(TENANT, SECOND, now=world.clock.now())
        world.clock.advance(CACHE)
        listed(world, JWT)
        give_up(world, number=2)
        for _ in range(3):
            listed(world, JWT)
        assert len(caplog.records) == 2
