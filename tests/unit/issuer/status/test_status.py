from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlmodel import select

from issuer.settings import Settings
from issuer.status.list_store import ListRow
from issuer.status.store import CredentialRow, ReplacementRow
from madang.core.encoding import base64url
from madang.core.keys.signing import Signer, checker_for
from madang.core.keys.software import generate_p256
from madang.core.status import token_jwt
from madang.core.status.token_status_list import (
    INVALID,
    SUSPENDED,
    VALID,
    StatusList,
    reference,
)
from tests.unit.issuer.world import OTHER, TENANT, World, digest_of, payload_of


@pytest.fixture
def world(stored_world: World) -> World:
    return stored_world


def published(world: World, number: int = 1) -> StatusList:
    answer = world.client.get(f"/{TENANT}/issuer/statuslists/{number}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    token = token_jwt.parse(answer.text)
    assert token.header["x5c"]
    signer = world.authorities.signer(TENANT, "issuer")
    assert token.header["jwk"] == signer.public_key.to_jwk()
    uri = f"{world.identifier()}/statuslists/{number}"
    now = world.clock.now()
    checker = checker_for(signer.public_key)
    return token_jwt.verify(token, uri=uri, checker=checker, now=now).packed.unpack()


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


class TestReissue:
    """A new certificate takes the place of an old one."""

    def call(self, world: World, old: str, new: str | None, **changes: str) -> httpx.Response:
        body = {
            "credential_digest": base64url.encode(digest_of(old)),
            "status": "invalid",
            "reason_code": "reissue",
            **({} if new is None else {"replaced_by": base64url.encode(digest_of(new))}),
            **changes,
        }
        return world.call("POST", "credentials/status", body, role="officer")

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"status_stagger_seconds": 0})

    def test_the_old_copies_become_invalid_and_the_record_says_by_what(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        person = world.people()[0]
        old = world.digital_id(person, holder_keys)
        new = world.digital_id(person, [generate_p256("new")])
        assert self.call(world, old[1], new[0]).status_code == 200
        assert {status_of(world, copy) for copy in old} == {INVALID}
        assert status_of(world, new[0]) == VALID
        assert world.codes()[-1] == "status.invalid.reissue"
        with world.session() as session:
            row = session.exec(select(ReplacementRow)).one()
            batches = {each.batch for each in session.exec(select(CredentialRow))}
        assert {row.batch, row.replaced_by} == batches

    def test_without_a_valid_certificate_in_its_place_nothing_changes(
        self, world: World, holder_keys: Sequence[Signer]
    ) -> None:
        one, other = world.people()[:2]
        old = world.digital_id(one, holder_keys)
        someone_s = world.digital_id(other, [generate_p256("other")])[0]
        gone = world.digital_id(one, [generate_p256("gone")])[0]
        world.set_status(gone, "invalid")
        unknown = old[0].replace(".", "x.", 1)
        for new in (None, old[1], someone_s, gone, unknown):
            with world.refused("status.refused.not_replaced"):
                answer = self.call(world, old[0], new)
            assert (answer.status_code, answer.json()["title"]) == (409, "not_replaced")
        new = world.digital_id(one, [generate_p256("new")])[0]
        for changes in ({"status": "suspended"}, {"reason_code": "lost_device"}):
            with world.refused("status.refused.not_replaced"):
                assert self.call(world, old[0], new, **changes).status_code == 409
        assert {status_of(world, copy) for copy in old} == {VALID}


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
            heads = session.exec(select(ListRow)).all()
            lists = {row.number: row.used for row in heads}
            keys = [row.key is not None for row in heads]
        assert lists == {1: 8, 2: 8, 3: 4}
        assert keys == [False, False, True]  # an order is forgotten when it is used up
        assert len({(row.list_number, row.list_index) for row in rows}) == 20
        assert published(world, 3).get(0) == VALID
