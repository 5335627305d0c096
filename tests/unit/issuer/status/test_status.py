from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import select

from issuer.settings import Settings
from issuer.status.store import CredentialRow, StatusListRow
from madang.core.encoding import base64url
from madang.core.keys.signing import Signer, checker_for
from madang.core.keys.software import generate_p256
from madang.core.status.token_status_list import (
    INVALID,
    SUSPENDED,
    VALID,
    StatusList,
    parse_token,
    reference,
    verify_token,
)
from madang.infra.outbox import OutboxRow
from tests.unit.issuer.world import OTHER, TENANT, World, digest_of, payload_of


def published(world: World, number: int = 1) -> StatusList:
    answer = world.client.get(f"/{TENANT}/issuer/statuslists/{number}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    token = parse_token(answer.text)
    assert token.header["x5c"]
    signer = world.authorities.signer(TENANT, "issuer")
    uri = f"{world.identifier()}/statuslists/{number}"
    now = world.clock.now()
    return verify_token(token, uri=uri, checker=checker_for(signer.public_key), now=now)


def status_of(world: World, compact: str) -> int:
    found = reference(payload_of(compact))
    assert found is not None
    uri, index = found
    return published(world, int(uri.rpartition("/")[2])).get(index)


@pytest.mark.parametrize(("status", "value"), [("invalid", INVALID), ("suspended", SUSPENDED)])
def test_a_change_reaches_every_copy_and_nobody_elses(
    world: World, holder_keys: Sequence[Signer], status: str, value: int
) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    others = world.digital_id(world.people()[1], [generate_p256("other")])
    assert {status_of(world, copy) for copy in copies} == {VALID}
    answer = world.set_status(copies[2], status)
    assert answer.status_code == 200
    assert answer.json() == {"status": status, "copies": 4}
    assert {status_of(world, copy) for copy in copies} == {value}
    assert status_of(world, others[0]) == VALID
    assert world.codes()[-1] == f"status.{status}.lost_device"


def test_a_suspension_ends(world: World, holder_keys: Sequence[Signer]) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    world.set_status(copies[0], "suspended")
    assert world.set_status(copies[0], "valid").status_code == 200
    assert {status_of(world, copy) for copy in copies} == {VALID}


@pytest.mark.parametrize("status", ["valid", "suspended"])
def test_an_invalid_certificate_stays_invalid(
    world: World, holder_keys: Sequence[Signer], status: str
) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    world.set_status(copies[0], "invalid")
    with world.refused("status.refused.final"):
        answer = world.set_status(copies[0], status)
    assert (answer.status_code, answer.json()["title"]) == (409, "status_final")


def test_an_officer_of_another_municipality_finds_nothing(
    world: World, holder_keys: Sequence[Signer]
) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    with world.refused("status.refused.unknown_credential", OTHER):
        answer = world.set_status(copies[0], "invalid", tenant=OTHER)
    assert (answer.status_code, answer.json()["title"]) == (404, "not_found")
    with world.refused("access.foreign_tenant"):
        assert world.set_status(copies[0], "invalid", of=OTHER).status_code == 404
    assert {status_of(world, copy) for copy in copies} == {VALID}


def test_a_clerk_changes_no_status(world: World, holder_keys: Sequence[Signer]) -> None:
    copies = world.digital_id(world.people()[0], holder_keys)
    digest = base64url.encode(digest_of(copies[0]))
    body = {"credential_digest": digest, "status": "invalid", "reason_code": "lost_device"}
    with world.refused("access.wrong_role"):
        assert world.call("POST", "credentials/status", body).status_code == 403
    assert status_of(world, copies[0]) == VALID


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "gone"},
        {"reason_code": "because of Mr Kim"},
        {"credential_digest": "AA"},
        {"credential_digest": "+"},
        {"credential_digest": 1},
    ],
)
def test_a_malformed_call_is_refused(world: World, changes: dict[str, Any]) -> None:
    body = {
        "credential_digest": base64url.encode(bytes(32)),
        "status": "invalid",
        "reason_code": "lost_device",
    }
    with world.refused("request.malformed"):
        answer = world.call("POST", "credentials/status", body | changes, role="officer")
    assert answer.status_code == 400


class TestPublishing:
    def token(self, world: World) -> str:
        return world.client.get(f"/{TENANT}/issuer/statuslists/1").text

    def entries(self, world: World) -> list[OutboxRow]:
        with world.session() as session:
            wanted = select(OutboxRow).where(OutboxRow.kind == "status_list")
            return list(session.exec(wanted))

    def test_a_list_is_served_again_until_half_its_ttl(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        world.digital_id(world.people()[0], holder_keys)
        first = self.token(world)
        world.clock.advance(world.settings.status_list_ttl_seconds // 2 - 1)
        assert self.token(world) == first
        world.clock.advance(1)
        assert self.token(world) != first

    def test_a_change_publishes_it_anew(self, world: World, holder_keys: Sequence[Signer]) -> None:
        copies = world.digital_id(world.people()[0], holder_keys)
        first = self.token(world)
        world.set_status(copies[0], "suspended")
        assert self.token(world) != first

    def test_each_publication_is_logged_by_its_hash(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        copies = world.digital_id(world.people()[0], holder_keys)
        tokens = [self.token(world), self.token(world)]
        world.set_status(copies[0], "suspended")
        tokens.append(self.token(world))
        digests = {base64url.encode(digest_of(token)) for token in tokens}
        assert {entry.digest for entry in self.entries(world)} == digests
        assert len(self.entries(world)) == 2

    @pytest.mark.parametrize("number", ["2", "0", "-1", "x", "1" * 30, "\u0661"])
    def test_a_list_that_is_not_there(
        self, world: World, holder_keys: Sequence[Signer], number: str
    ) -> None:
        world.digital_id(world.people()[0], holder_keys)
        assert world.client.get(f"/{TENANT}/issuer/statuslists/{number}").status_code == 404
        assert not self.entries(world)


class TestSmallLists:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"status_list_size": 16, "status_list_fill_percent": 50})

    def test_a_new_one_is_begun_when_half_is_used_and_no_index_is_given_twice(
        self, world: World
    ) -> None:
        for person in world.people()[:5]:
            world.digital_id(person, [generate_p256("holder") for _ in range(4)])
        with world.session() as session:
            rows = session.exec(select(CredentialRow)).all()
            lists = {row.number: row.used for row in session.exec(select(StatusListRow))}
        assert lists == {1: 8, 2: 8, 3: 4}
        assert len({(row.list_number, row.list_index) for row in rows}) == 20
        assert published(world, 3).get(0) == VALID
