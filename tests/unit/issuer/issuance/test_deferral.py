"""Issues that a clerk has to approve: asked for, decided, fetched, through restarts."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlmodel import select

from issuer.issuance.store import DeferralRow, sweep
from issuer.offers.store import OfferRow
from madang.core.keys.signing import Signer
from madang.core.keys.software import generate_p256
from tests.unit.issuer.world import World, holder_of


@pytest.fixture
def world(stored_world: World) -> World:
    return stored_world


@pytest.fixture
def careful(world: World) -> World:
    """An issuer where a clerk has to approve every Digital ID."""
    return world.rebuilt(approved_types=["digital_id"])


@pytest.fixture
def token(world: World) -> str:
    return world.redeem(world.offer(world.people()[0]))


def put_off(world: World, token: str, keys: Sequence[Signer]) -> str:
    answer = world.fetch(token, "digital_id", keys)
    assert answer.status_code == 202, answer.text
    assert answer.json().keys() == {"transaction_id", "interval"}
    assert answer.json()["interval"] == world.settings.deferred_interval_seconds
    return str(answer.json()["transaction_id"])


def later(world: World, token: str, transaction: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"}
    return world.post("deferred", json={"transaction_id": transaction}, headers=headers)


def waiting(world: World) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = world.call("GET", "deferrals").json()["deferrals"]
    return told


def test_nothing_is_issued_before_a_clerk_approves(
    careful: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    transaction = put_off(careful, token, holder_keys)
    assert careful.kept() == (0, 0)
    answer = later(careful, token, transaction)
    assert answer.status_code == 202
    assert answer.json()["transaction_id"] == transaction
    (told,) = waiting(careful)
    assert (told["id"], told["type"], told["format"]) == (transaction, "digital_id", "dc+sd-jwt")
    assert told["asked_at"] == careful.clock.now()
    with careful.session() as session:
        assert told["offer_id"] == session.exec(select(OfferRow)).one().id


def test_what_was_approved_is_fetched_after_a_restart_too(
    careful: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    transaction = put_off(careful, token, holder_keys)
    answer = careful.rebuilt().call("POST", f"deferrals/{transaction}/approve")
    assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    assert waiting(careful) == []
    fetched = later(careful.rebuilt(), token, transaction)
    assert fetched.status_code == 200
    copies = [each["credential"] for each in fetched.json()["credentials"]]
    assert [holder_of(each) for each in copies] == [
        key.public_key.thumbprint() for key in holder_keys
    ]
    assert careful.codes()[-3:] == [
        "credential.deferred",
        "deferral.approved",
        "credential.issued",
    ]


def test_the_counter_hears_what_became_of_what_it_approved(
    careful: World, holder_keys: Sequence[Signer]
) -> None:
    careful = careful.rebuilt(deferred_notifications=True)
    made = careful.offer(careful.people()[0])
    token = careful.redeem(made)
    transaction = put_off(careful, token, holder_keys)
    assert later(careful, token, transaction).json().keys() == {"transaction_id", "interval"}
    careful.call("POST", f"deferrals/{transaction}/approve")
    name = later(careful, token, transaction).json()["notification_id"]
    # A lost answer that is had again goes by the same name.
    again = careful.fetch(token, "digital_id", holder_keys).json()
    assert again["notification_id"] == name
    body = {"notification_id": name, "event": "credential_failure"}
    headers = {"authorization": f"Bearer {token}"}
    assert careful.post("notification", json=body, headers=headers).status_code == 204
    (told,) = careful.call("GET", f"offers/{made['offer_id']}").json()["issued"]
    assert (told["count"], told["event"]) == (len(holder_keys), "credential_failure")
    assert careful.codes()[-1] == "notified.credential_failure"


def test_a_wallet_gets_no_name_for_its_news_where_a_city_does_not_say_so(
    careful: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    transaction = put_off(careful, token, holder_keys)
    assert later(careful, token, transaction).json().keys() == {"transaction_id", "interval"}
    careful.call("POST", f"deferrals/{transaction}/approve")
    assert later(careful, token, transaction).json().keys() == {"credentials"}


def test_a_wallet_without_a_client_fetches_what_is_approved_days_later(
    careful: World, holder_keys: Sequence[Signer]
) -> None:
    made = careful.offer(careful.people()[0])
    told = careful.token_request(made["offer_uri"], made["tx_code"]).json()
    transaction = put_off(careful, told["access_token"], holder_keys)
    careful.clock.advance(86_400)
    again = refreshed(careful, told["refresh_token"]).json()
    assert later(careful, again["access_token"], transaction).status_code == 202
    careful.clock.advance(careful.settings.approval_seconds - 86_401)
    assert careful.call("POST", f"deferrals/{transaction}/approve").status_code == 200
    last = refreshed(careful, again["refresh_token"]).json()
    assert later(careful, last["access_token"], transaction).status_code == 200
    careful.clock.advance(1)
    with careful.refused("token.refresh_expired"):
        assert refreshed(careful, last["refresh_token"]).status_code == 400


def refreshed(world: World, token: str) -> httpx.Response:
    return world.post("token", data={"grant_type": "refresh_token", "refresh_token": token})


def test_a_refresh_token_that_nothing_binds_is_good_once_and_its_theft_ends_all(
    careful: World, holder_keys: Sequence[Signer]
) -> None:
    made = careful.offer(careful.people()[0])
    told = careful.token_request(made["offer_uri"], made["tx_code"]).json()
    transaction = put_off(careful, told["access_token"], holder_keys)
    again = refreshed(careful, told["refresh_token"]).json()
    with careful.refused("token.refresh_used"):
        assert refreshed(careful, told["refresh_token"]).json()["error"] == "invalid_grant"
    for each in (told, again):
        assert later(careful, each["access_token"], transaction).status_code == 401
    with careful.refused("token.refresh_unknown"):
        assert refreshed(careful, again["refresh_token"]).status_code == 400


def test_where_nobody_has_to_approve_nobody_comes_back(careful: World) -> None:
    other = careful.rebuilt(approved_types=["lease"])
    made = other.offer(other.people()[0])
    told = other.token_request(made["offer_uri"], made["tx_code"]).json()
    assert "refresh_token" not in told


@pytest.mark.parametrize("way", [None, "approve", "refuse"])
def test_what_nobody_can_fetch_any_more_is_forgotten_however_it_stands(
    careful: World, token: str, holder_keys: Sequence[Signer], way: str | None
) -> None:
    transaction = put_off(careful, token, holder_keys)
    if way is not None:
        careful.call("POST", f"deferrals/{transaction}/{way}")
    for rest, count in ((1, 1), (0, 0)):
        with careful.deps.database.transaction() as session:
            end = careful.clock.now() + careful.settings.deferred_seconds
            sweep(session, end - rest, careful.settings.deferred_seconds)
        assert careful.count(DeferralRow) == count


@pytest.mark.parametrize("approved", [False, True])
def test_a_new_code_is_for_a_new_wallet_too(
    careful: World, holder_keys: Sequence[Signer], *, approved: bool
) -> None:
    made = careful.offer(careful.people()[0])
    lost = put_off(careful, careful.redeem(made), holder_keys)
    if approved:
        careful.call("POST", f"deferrals/{lost}/approve")
    token = careful.redeem(careful.call("POST", f"offers/{made['offer_id']}/renew").json())
    transaction = put_off(careful, token, [generate_p256("new phone")])
    assert [each["id"] for each in waiting(careful)] == [transaction]
    careful.call("POST", f"deferrals/{transaction}/approve")
    assert later(careful, token, transaction).status_code == 200
    with careful.refused("credential.invalid_transaction_id"):
        assert later(careful, token, lost).status_code == 400


def test_a_new_code_does_not_undo_a_refusal(careful: World, holder_keys: Sequence[Signer]) -> None:
    made = careful.offer(careful.people()[0])
    transaction = put_off(careful, careful.redeem(made), holder_keys)
    careful.call("POST", f"deferrals/{transaction}/refuse")
    token = careful.redeem(careful.call("POST", f"offers/{made['offer_id']}/renew").json())
    with careful.refused("credential.credential_request_denied"):
        careful.fetch(token, "digital_id", [generate_p256("new phone")])


def test_a_lost_answer_is_had_again_from_the_credential_endpoint(
    careful: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    transaction = put_off(careful, token, holder_keys)
    careful.call("POST", f"deferrals/{transaction}/approve")
    first = later(careful, token, transaction).json()
    again = careful.fetch(token, "digital_id", holder_keys).json()
    assert again["credentials"] == first["credentials"]
    assert again["notification_id"]


def test_a_repeated_request_gets_the_same_transaction(
    careful: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    transaction = put_off(careful, token, holder_keys)
    assert put_off(careful, token, holder_keys) == transaction
    with careful.refused("credential.credential_request_denied"):
        careful.fetch(token, "digital_id", [generate_p256("other")])
    assert careful.count(DeferralRow) == 1


def test_a_refusal_ends_it(careful: World, token: str, holder_keys: Sequence[Signer]) -> None:
    transaction = put_off(careful, token, holder_keys)
    assert careful.call("POST", f"deferrals/{transaction}/refuse").json()["state"] == "refused"
    for attempt in (
        lambda: later(careful, token, transaction),
        lambda: careful.fetch(token, "digital_id", holder_keys),
    ):
        with careful.refused("credential.credential_request_denied"):
            answer = attempt()
        assert answer.status_code == 400
        assert answer.json()["error"] == "credential_request_denied"


def test_a_clerk_decides_once(careful: World, token: str, holder_keys: Sequence[Signer]) -> None:
    path = f"deferrals/{put_off(careful, token, holder_keys)}"
    assert careful.call("POST", f"{path}/approve").status_code == 200
    assert careful.call("POST", f"{path}/approve").status_code == 200
    assert careful.codes().count("deferral.approved") == 1
    assert careful.call("POST", f"{path}/refuse").status_code == 409
    assert careful.codes()[-1] == "deferral.refused.decided"
    assert careful.call("POST", "deferrals/unknown/approve").status_code == 404


def test_only_the_counter_decides(
    careful: World, token: str, holder_keys: Sequence[Signer]
) -> None:
    path = f"deferrals/{put_off(careful, token, holder_keys)}/approve"
    assert careful.call("POST", path, role="officer").status_code == 403
    assert careful.call("POST", path, service="verifier").status_code == 403
    assert careful.client.post(f"/hanbit/issuer/api/{path}").status_code == 401
    assert len(waiting(careful)) == 1


def test_a_single_offer_may_need_approval(world: World, holder_keys: Sequence[Signer]) -> None:
    body = {"proofing_id": world.prove(world.people()[0]), "types": ["digital_id"]}
    made = world.call("POST", "offers", body | {"approval": True}).json()
    put_off(world, world.redeem(made), holder_keys)
    other = world.redeem(world.offer(world.people()[1]))
    assert world.fetch(other, "digital_id", [generate_p256("a")]).status_code == 200


def test_a_key_of_another_person_is_refused_before_a_clerk_sees_it(
    world: World, careful: World, holder_keys: Sequence[Signer]
) -> None:
    first, second = world.people()[:2]
    world.digital_id(first, holder_keys)
    token = world.redeem(world.offer(second))
    with careful.refused("credential.credential_request_denied"):
        careful.fetch(token, "digital_id", holder_keys)
    assert waiting(careful) == []
