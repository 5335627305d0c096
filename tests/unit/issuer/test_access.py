"""The counter's calls are closed to everybody but the counter of the same municipality."""

import pytest

from madang.access.authorization.store import UsedIdRow, sweep
from madang.access.service_token import LIFE_SECONDS, MAX_SKEW, Call, make
from madang.core.encoding import strict_json
from tests.unit.issuer.world import OTHER, TENANT, World

CALLS = [
    ("POST", "proofings", "clerk"),
    ("POST", "offers", "clerk"),
    ("GET", "offers/some", "clerk"),
    ("POST", "offers/some/renew", "clerk"),
    ("GET", "types", "clerk"),
    ("POST", "credentials/status", "officer"),
    ("GET", "clients", "administrator"),
    ("POST", "clients", "administrator"),
    ("GET", "clients/some", "administrator"),
    ("PUT", "clients/some", "administrator"),
    ("DELETE", "clients/some", "administrator"),
]


@pytest.mark.parametrize(("method", "path"), [call[:2] for call in CALLS])
class TestCallers:
    def test_without_a_token(self, world: World, method: str, path: str) -> None:
        with world.refused("access.token_missing"):
            answer = world.client.request(method, f"/{TENANT}/issuer/api/{path}")
        assert answer.status_code == 401

    def test_with_the_wrong_role(self, world: World, method: str, path: str) -> None:
        with world.refused("access.wrong_role"):
            assert world.call(method, path, {}, role="agency").status_code == 403


@pytest.mark.parametrize(("method", "path", "role"), CALLS)
class TestServices:
    def test_of_another_municipality(self, world: World, method: str, path: str, role: str) -> None:
        with world.refused("access.foreign_tenant"):
            assert world.call(method, path, {}, role=role, of=OTHER).status_code == 404

    def test_of_a_service_that_nobody_knows(
        self, world: World, method: str, path: str, role: str
    ) -> None:
        world.keys.hidden.add(world.identifier("wallet"))
        with world.refused("access.unknown_service"):
            answer = world.call(method, path, {}, role=role, service="wallet")
        assert answer.status_code == 401


@pytest.mark.parametrize(("method", "path", "role"), CALLS)
def test_another_service_does_not_act_as_the_counter(
    world: World, method: str, path: str, role: str
) -> None:
    with world.refused("access.wrong_role"):
        assert world.call(method, path, {}, role=role, service="verifier").status_code == 403


def test_the_doors_of_an_unknown_municipality_are_not_there(world: World) -> None:
    for path in ("par", "token", "challenge", "nonce", "credential", "receipts"):
        assert world.post(path, "nowhere").status_code == 404


def test_a_call_that_changes_something_counts_once_in_all_processes(stored_world: World) -> None:
    world, target = stored_world, f"/{TENANT}/issuer/api/proofings"
    content = strict_json.dumps(world.evidence(world.people()[0])).encode()
    counter = world.identifier("counter")
    call = Call(world.identifier(), "POST", target, content)
    signer, now = world.keys.signer(counter), world.clock.now()
    token = make(signer, call, issuer=counter, actor="staff-1", roles=["clerk"], now=now)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    first, second = world.rebuilt(), world.rebuilt()
    assert first.client.post(target, content=content, headers=headers).status_code == 201
    with second.refused("access.token_used"):
        again = second.client.post(target, content=content, headers=headers)
    assert again.status_code == 401
    assert world.count(UsedIdRow) == 1
    with world.deps.database.transaction() as session:
        sweep(session, now + LIFE_SECONDS + 2 * MAX_SKEW, keep=0)
    assert world.count(UsedIdRow) == 0


def test_a_call_that_only_reads_costs_no_row(world: World) -> None:
    assert world.call("GET", "types").status_code == 200
    assert world.count(UsedIdRow) == 0
