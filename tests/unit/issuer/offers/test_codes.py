from typing import Any

import pytest
from sqlmodel import select

from issuer.offers.store import OfferRow
from madang.core.protocol.oauth.names import PRE_AUTHORIZED_CODE_GRANT
from tests.unit.issuer.world import OTHER, World


def wrong(tx_code: str) -> str:
    return f"{(int(tx_code) + 1) % 1_000_000:06}"


def form(world: World, made: dict[str, Any], **more: str) -> dict[str, str]:
    return {
        "grant_type": PRE_AUTHORIZED_CODE_GRANT,
        "pre-authorized_code": world.code_of(made["offer_uri"]),
        "tx_code": made["tx_code"],
    } | more


def test_both_codes_give_a_token_for_a_short_time(world: World) -> None:
    made = world.offer(world.people()[0])
    answer = world.token_request(made["offer_uri"], made["tx_code"])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert sorted(body) == ["access_token", "expires_in", "token_type"]
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 300
    assert len(body["access_token"]) >= 43
    with world.session() as session:
        kept = repr(session.exec(select(OfferRow)).one().model_dump())
    assert body["access_token"] not in kept


def test_unknown_parameters_are_ignored(world: World) -> None:
    made = world.offer(world.people()[0])
    assert world.post("token", data=form(world, made, colour="blue")).status_code == 200


def test_a_code_is_used_once(world: World) -> None:
    made = world.offer(world.people()[0])
    world.redeem(made)
    with world.refused("token.code_used"):
        answer = world.token_request(made["offer_uri"], made["tx_code"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_code_expires(world: World) -> None:
    made = world.offer(world.people()[0])
    world.clock.advance(world.settings.offer_seconds)
    with world.refused("token.code_expired"):
        answer = world.token_request(made["offer_uri"], made["tx_code"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_another_municipality_does_not_know_the_code(world: World) -> None:
    made = world.offer(world.people()[0])
    with world.refused("token.code_unknown", OTHER):
        answer = world.token_request(made["offer_uri"], made["tx_code"], OTHER)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_the_transaction_code_is_required(world: World) -> None:
    made = world.offer(world.people()[0])
    with world.refused("token.invalid_request"):
        answer = world.token_request(made["offer_uri"], None)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    # Leaving it out is not a try.
    assert world.redeem(made)


def test_fewer_wrong_codes_than_allowed_do_not_burn_the_offer(world: World) -> None:
    made = world.offer(world.people()[0])
    for _ in range(world.settings.tx_code_tries - 1):
        with world.refused("token.tx_code_wrong"):
            answer = world.token_request(made["offer_uri"], wrong(made["tx_code"]))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert world.redeem(made)


def test_five_wrong_codes_burn_the_offer(world: World) -> None:
    made = world.offer(world.people()[0])
    assert world.settings.tx_code_tries == 5
    for _ in range(5):
        world.token_request(made["offer_uri"], wrong(made["tx_code"]))
    with world.refused("token.offer_burnt"):
        answer = world.token_request(made["offer_uri"], made["tx_code"])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_every_bad_grant_is_told_in_the_same_words(world: World) -> None:
    made, late = world.offer(world.people()[0]), world.offer(world.people()[1])
    told = {
        world.token_request(made["offer_uri"], wrong(made["tx_code"])).text,
        world.post("token", data=form(world, made) | {"pre-authorized_code": "no"}).text,
    }
    world.clock.advance(world.settings.offer_seconds)
    told.add(world.token_request(late["offer_uri"], late["tx_code"]).text)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"pre-authorized_code": ""}, "invalid_request"),
        (
            {
                "authorization_details": '[{"type":"openid_credential",'
                '"credential_configuration_id":"lease"}]'
            },
            "invalid_authorization_details",
        ),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
    ],
)
def test_what_is_not_offered_is_refused(world: World, more: dict[str, str], code: str) -> None:
    made = world.offer(world.people()[0])
    with world.refused(f"token.{code}"):
        answer = world.post("token", data=form(world, made, **more))
    assert (answer.status_code, answer.json()["error"]) == (400, code)
    assert world.redeem(made)


def test_only_a_form_is_read(world: World) -> None:
    made = world.offer(world.people()[0])
    with world.refused("token.invalid_request"):
        answer = world.post("token", json=form(world, made))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_parameter_that_comes_twice_is_refused(world: World) -> None:
    made = world.offer(world.people()[0])
    with world.refused("token.invalid_request"):
        answer = world.post(
            "token",
            content=f"grant_type=a&grant_type=b&tx_code={made['tx_code']}",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
    assert answer.json()["error"] == "invalid_request"
