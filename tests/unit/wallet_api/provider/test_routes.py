"""Wallets register, are attested, and are revoked, over HTTP."""

from typing import Any

import pytest

from madang.core.keys.software import generate_ed25519, generate_p256
from madang.core.protocol import wallet_provider as wire
from madang.core.protocol.wallet_provider import INSTANCE_PROOF
from tests.unit.wallet_api.provider.world import NOW, OTHER, PROVIDER, Wallet, World
from wallet_api.settings import Settings


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def wallet(world: World) -> Wallet:
    made = Wallet(world)
    made.register()
    return made


def refused(world: World, answer: Any, status: int, code: str) -> None:
    """Hold an answer to be a refusal, with its line in the journal and nothing of it kept."""
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.headers["cache-control"] == "no-store"
    assert "attestation" not in answer.json()
    assert world.codes()[-1] == f"provider.{code}"


def test_a_wallet_attestation_is_under_a_fresh_key(world: World, wallet: Wallet) -> None:
    key = generate_p256("for this issuer")
    answer = wallet.ask_wallet(key)
    assert answer.headers["cache-control"] == "no-store"
    header, claims = world.opened(answer.json()["attestation"])
    assert (header["typ"], header["alg"]) == ("oauth-client-attestation+jwt", "ES256")
    status = claims.pop("status")
    assert set(status["status_list"]) == {"uri", "idx"}
    assert claims == {
        "iss": PROVIDER,
        "sub": PROVIDER,
        "iat": NOW,
        "exp": NOW + 3600,
        "cnf": {"jwk": key.public_key.to_jwk()},
        "wallet_name": "Madang Wallet",
        "wallet_link": f"{PROVIDER}/",
    }
    assert answer.json()["expires_at"] == claims["exp"]


def test_two_attestations_share_nothing_but_what_all_wallets_share(
    world: World, wallet: Wallet
) -> None:
    first, second = (
        world.opened(wallet.ask_wallet(generate_p256(name)).json()["attestation"])[1]
        for name in ("one", "two")
    )
    shared = {name for name in first if first[name] == second[name]}
    assert shared == {"iss", "sub", "iat", "exp", "wallet_name", "wallet_link"}
    places = [each["status"]["status_list"]["idx"] for each in (first, second)]
    assert abs(places[0] - places[1]) > 1
    stranger = Wallet(world)
    stranger.register()
    other = world.opened(stranger.ask_wallet(generate_p256("one")).json()["attestation"])[1]
    assert {name for name in first if first[name] == other[name]} == shared


def test_a_key_attestation_says_what_the_provider_knows_and_no_more(
    world: World, wallet: Wallet
) -> None:
    keys = [generate_p256(str(number)) for number in range(3)]
    answer = wallet.ask_keys(*keys, nonce="c_nonce of the issuer")
    header, claims = world.opened(answer.json()["attestation"])
    assert (header["typ"], header["alg"]) == ("key-attestation+jwt", "ES256")
    assert set(claims.pop("status")["status_list"]) == {"uri", "idx"}
    assert claims == {
        "iss": PROVIDER,
        "iat": NOW,
        "exp": NOW + 600,
        "attested_keys": [key.public_key.to_jwk() for key in keys],
        "key_storage": ["iso_18045_basic"],
        "user_authentication": ["iso_18045_basic"],
        "nonce": "c_nonce of the issuer",
    }


def test_an_issuer_without_nonces_gets_none(world: World, wallet: Wallet) -> None:
    answer = wallet.ask_keys(generate_p256("key"))
    assert "nonce" not in world.opened(answer.json()["attestation"])[1]


def test_what_is_said_comes_from_the_settings() -> None:
    world = World(
        Settings(
            wallet_client_id="https://wallet.example",
            wallet_name="W",
            wallet_link="https://wallet.example/about",
            key_storage=("iso_18045_high",),
            wallet_attestation_seconds=60,
            key_attestation_seconds=90,
        )
    )
    wallet = Wallet(world)
    assert wallet.register()["client_id"] == "https://wallet.example"
    claims = world.opened(wallet.ask_wallet(generate_p256("a")).json()["attestation"])[1]
    assert claims["sub"] == "https://wallet.example"
    assert claims["wallet_link"] == "https://wallet.example/about"
    assert claims["exp"] == NOW + 60
    claims = world.opened(wallet.ask_keys(generate_p256("b")).json()["attestation"])[1]
    assert (claims["key_storage"], claims["exp"]) == (["iso_18045_high"], NOW + 90)


def test_registering_again_gives_a_new_code_and_voids_the_one_before(
    world: World, wallet: Wallet
) -> None:
    first, second = wallet.register(), wallet.register()
    assert first["instance"] == second["instance"]
    assert first["revocation_code"] != second["revocation_code"]
    answer = world.post(wire.REVOCATION, first)
    refused(world, answer, 403, "instance_unknown")
    assert wallet.ask_wallet(generate_p256("key")).status_code == 200


@pytest.mark.parametrize("by", ["key", "code", "administrator"])
def test_a_revoked_wallet_is_attested_no_more_and_lists_show_it(by: str) -> None:
    world = World(Settings(status_list_size=8, status_list_fill_percent=50))
    wallet, bystander = Wallet(world), Wallet(world)
    registered = wallet.register()
    bystander.register()
    mine = [
        world.opened(wallet.ask_wallet(generate_p256(str(n))).json()["attestation"])[1]
        for n in range(6)
    ]
    theirs = world.opened(bystander.ask_keys(generate_p256("x")).json()["attestation"])[1]
    lists = {claims["status"]["status_list"]["uri"] for claims in mine}
    assert lists == {f"{PROVIDER}/statuslists/{number}" for number in (1, 2)}
    assert [world.status(claims) for claims in mine] == [0] * 6

    if by == "key":
        nonce = world.nonce()
        answer = world.post(wire.REVOCATION, {"proof": wallet.proof(wire.REVOCATION, nonce)})
        assert answer.status_code == 204
    elif by == "code":
        assert world.post(wire.REVOCATION, registered).status_code == 204
    else:
        answer = world.administrator(registered["instance"], "administrator")
        assert answer.json() == {"instance": registered["instance"], "status": "revoked"}

    who = ("administrator", "pseudonym") if by == "administrator" else ("holder", None)
    assert world.journal()[-1] == (f"wallet.revoked.{who[0]}", who[1])
    assert [world.status(claims) for claims in mine] == [1] * 6
    assert world.status(theirs) == 0
    refused(world, wallet.ask_wallet(generate_p256("new")), 403, "instance_revoked")
    refused(world, wallet.ask_keys(generate_p256("new")), 403, "instance_revoked")
    nonce = world.nonce()
    again = world.post(wire.INSTANCES, {"proof": wallet.proof(wire.INSTANCES, nonce)})
    refused(world, again, 403, "instance_revoked")
    assert bystander.ask_wallet(generate_p256("new")).status_code == 200


def test_revoking_twice_is_no_mistake(world: World, wallet: Wallet) -> None:
    registered = wallet.register()
    for _ in range(2):
        assert world.post(wire.REVOCATION, registered).status_code == 204
    assert world.codes().count("wallet.revoked.holder") == 1


@pytest.mark.parametrize("name", ["proof", "instance", "revocation_code"])
def test_half_of_what_revokes_revokes_nothing(world: World, wallet: Wallet, name: str) -> None:
    registered = wallet.register()
    body = {} if name == "proof" else {name: registered[name]}
    refused(world, world.post(wire.REVOCATION, body), 400, "invalid_request")
    assert wallet.ask_wallet(generate_p256("key")).status_code == 200


def test_a_wrong_code_and_a_wrong_name_are_told_alike(world: World, wallet: Wallet) -> None:
    registered = wallet.register()
    wrong = [registered | {"revocation_code": "x"}, registered | {"instance": "x"}]
    answers = [world.post(wire.REVOCATION, body) for body in wrong]
    assert answers[0].json() == answers[1].json()
    refused(world, answers[0], 403, "instance_unknown")


def test_only_staff_through_the_counter_revoke_for_the_provider(
    world: World, wallet: Wallet
) -> None:
    instance = wallet.register()["instance"]
    assert world.administrator(instance, "clerk").status_code == 403
    answer = world.administrator(instance, "administrator", service="verifier")
    assert (answer.status_code, world.codes()[-1]) == (403, "access.wrong_role")
    assert world.administrator("unknown", "officer").status_code == 404
    assert world.codes()[-1] == "provider.no_such_instance"
    assert wallet.ask_wallet(generate_p256("key")).status_code == 200
    assert world.administrator(instance, "officer").status_code == 200


def test_a_stranger_is_not_attested(world: World) -> None:
    refused(world, Wallet(world).ask_wallet(generate_p256("key")), 403, "instance_unknown")
    refused(world, Wallet(world).ask_keys(generate_p256("key")), 403, "instance_unknown")


def test_a_wallet_of_one_municipality_is_a_stranger_in_another(
    world: World, wallet: Wallet
) -> None:
    away = Wallet(world, "https://id.saebyeol.example/saebyeol/wallet", wallet.signer)
    away.provider = world.deps.addresses.identifier(OTHER, "wallet")
    answer = away.ask_wallet(generate_p256("key"))
    assert (answer.status_code, answer.json()["error"]) == (403, "instance_unknown")
    nonce = world.nonce(away.provider)
    body = {"proof": wallet.proof(wire.INSTANCES, nonce)}
    refused(world, world.post(wire.INSTANCES, body), 400, "invalid_nonce")
    assert away.register()["instance"] != wallet.register()["instance"]


def test_a_nonce_is_good_once(world: World, wallet: Wallet) -> None:
    nonce = world.nonce()
    body = {"proof": wallet.proof(wire.INSTANCES, nonce)}
    assert world.post(wire.INSTANCES, body).status_code == 201
    refused(world, world.post(wire.INSTANCES, body), 400, "invalid_nonce")


def test_a_nonce_is_good_for_a_time(world: World, wallet: Wallet) -> None:
    nonce = world.nonce()
    world.clock.advance(300)
    body = {"proof": wallet.proof(wire.INSTANCES, nonce)}
    refused(world, world.post(wire.INSTANCES, body), 400, "invalid_nonce")


@pytest.mark.parametrize("nonce", ["x", "", "!", "AAAA" * 12])
def test_a_made_up_nonce_is_none(world: World, wallet: Wallet, nonce: str) -> None:
    body = {"proof": wallet.proof(wire.INSTANCES, nonce)}
    refused(
        world, world.post(wire.INSTANCES, body), 400, "invalid_nonce" if nonce else "invalid_proof"
    )


def test_nonces_of_two_calls_do_not_make_one(world: World, wallet: Wallet) -> None:
    path, key = wire.WALLET_ATTESTATION, generate_p256("key")
    body = {
        "proof": wallet.proof(path, world.nonce()),
        "key_proof": wallet.proof(path, world.nonce(), key),
    }
    refused(world, world.post(path, body), 400, "invalid_nonce")


def test_a_key_that_is_not_proved_is_not_attested(world: World, wallet: Wallet) -> None:
    path, nonce, key = wire.WALLET_ATTESTATION, world.nonce(), generate_p256("key")
    proof = wallet.proof(path, nonce)
    for wrong in (
        wallet.proof(path, nonce, key, INSTANCE_PROOF),
        wallet.proof(wire.KEY_ATTESTATION, nonce, key),
        wallet.proof(path, nonce, generate_ed25519("key")),
        wallet.proof(path, nonce, wallet.signer),
        wallet.proof(path, nonce, key)[:-4] + "AAAA",
    ):
        answer = world.post(path, {"proof": proof, "key_proof": wrong})
        refused(world, answer, 400, "invalid_proof")
    path = wire.KEY_ATTESTATION
    body = {"proof": wallet.proof(path, nonce), "key_proofs": [wallet.proof(path, nonce, key)] * 2}
    refused(world, world.post(path, body), 400, "invalid_proof")


@pytest.mark.parametrize("path", [wire.INSTANCES, wire.WALLET_ATTESTATION, wire.KEY_ATTESTATION])
@pytest.mark.parametrize("body", [None, [], {}, {"proof": 1}, {"proof": ""}], ids=str)
def test_what_is_no_call_is_refused_in_words(world: World, path: str, body: object) -> None:
    answer = world.post(path, body)
    refused(world, answer, 400, "invalid_request")
    assert answer.json()["error_description"]


def test_a_list_that_is_not_there_is_not_found(world: World, wallet: Wallet) -> None:
    uri = f"{PROVIDER}/statuslists"
    for number in ("1", "0", "x", "9" * 10, "²"):
        assert world.request("GET", f"{uri}/{number}").status_code == 404
    wallet.ask_wallet(generate_p256("key"))
    assert world.request("GET", f"{uri}/1").status_code == 200
    cbor = {"accept": "application/statuslist+cwt"}
    assert world.request("GET", f"{uri}/1", headers=cbor).status_code == 404


def test_a_browser_may_read_a_list_and_keep_it_a_while(world: World, wallet: Wallet) -> None:
    wallet.ask_wallet(generate_p256("key"))
    headers = world.request("GET", f"{PROVIDER}/statuslists/1").headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "public, max-age=12"


def test_nothing_about_a_wallet_is_in_the_journal_but_its_opaque_name(
    world: World, wallet: Wallet
) -> None:
    wallet.ask_wallet(generate_p256("key"))
    assert world.journal() == [("wallet.registered", None)]
