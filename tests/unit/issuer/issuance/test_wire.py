"""Encryption both ways, notification, nonces without a commit, and signed metadata."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlmodel import select

from issuer.issuance.store import NotificationRow, UsedNonceRow
from issuer.secrets import secrets_of
from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.credential import CredentialRequest, DeferredRequest
from madang.core.protocol.oid4vci.encryption import (
    ResponseEncryption,
    open_response,
    seal_request,
    wanted_encryption,
)
from madang.core.protocol.oid4vci.metadata import IssuerMetadata, parse_issuer_metadata
from madang.core.protocol.oid4vci.signed_metadata import parse_signed_metadata
from madang.core.protocol.typed_jwt import Window
from madang.infra.journal import JournalEntry
from tests.unit.issuer.world import TENANT, World

PATH = f"/.well-known/openid-credential-issuer/{TENANT}/issuer"
WALLET = secrets_of(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def token(world: World) -> str:
    return world.redeem(world.offer(world.people()[0]))


@pytest.fixture
def told(world: World) -> IssuerMetadata:
    return parse_issuer_metadata(world.client.get(PATH).content, issuer=world.identifier())


def post(world: World, told: IssuerMetadata, path: str, token: str, body: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/jwt; a=b"}
    return world.post(path, content=seal_request(body.to_json(), told), headers=headers)


def request(world: World, key: Signer, encryption: ResponseEncryption | None) -> CredentialRequest:
    proofs = world.proofs([key], world.nonce())
    return CredentialRequest("digital_id", None, proofs, encryption=encryption)


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_a_request_and_its_answer_are_encrypted(
    world: World, told: IssuerMetadata, token: str, holder_keys: list[Signer], enc: str
) -> None:
    wanted = replace(wanted_encryption(told, WALLET.encryption), enc=enc)
    answer = post(world, told, "credential", token, request(world, holder_keys[0], wanted))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["cache-control"] == "no-store"
    opened = strict_json.loads(open_response(answer.content, WALLET.decryption))
    assert len(opened["credentials"]) == 1


def test_an_encrypted_request_may_have_an_answer_in_the_clear(
    world: World, told: IssuerMetadata, token: str, holder_keys: list[Signer]
) -> None:
    answer = post(world, told, "credential", token, request(world, holder_keys[0], None))
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.json()["credentials"]) == 1


def test_a_deferred_answer_is_encrypted_as_the_second_request_says(
    world: World, told: IssuerMetadata, token: str, holder_keys: list[Signer]
) -> None:
    careful, wanted = (
        world.rebuilt(approved_types=["digital_id"]),
        wanted_encryption(told, WALLET.encryption),
    )
    first = post(careful, told, "credential", token, request(world, holder_keys[0], wanted))
    assert first.status_code == 202
    transaction = strict_json.loads(open_response(first.content, WALLET.decryption))[
        "transaction_id"
    ]
    plain = post(careful, told, "deferred", token, DeferredRequest(transaction))
    assert (plain.status_code, plain.json()["transaction_id"]) == (202, transaction)
    careful.call("POST", f"deferrals/{transaction}/approve")
    last = post(careful, told, "deferred", token, DeferredRequest(transaction, wanted))
    assert last.status_code == 200
    assert b"credentials" in open_response(last.content, WALLET.decryption)


def test_only_json_is_read_in_the_clear(world: World, token: str) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "text/plain"}
    with world.refused("credential.invalid_credential_request"):
        assert world.post("credential", content=b"{}", headers=headers).status_code == 400


def test_every_process_recognises_every_nonce_and_none_is_written_when_handed_out(
    world: World, token: str, holder_keys: list[Signer]
) -> None:
    nonce = world.nonce()
    assert nonce != world.nonce()
    assert world.count(UsedNonceRow) == 0
    (proof,) = world.proofs(holder_keys[:1], nonce)
    other_process = world.rebuilt()
    assert other_process.proved(token, {"jwt": [proof]}).status_code == 200
    assert world.count(UsedNonceRow) == 1
    with world.refused("credential.invalid_nonce"):
        world.proved(token, {"jwt": [proof]})


def notify(world: World, token: str, name: str, event: str, **more: str) -> httpx.Response:
    body = {"notification_id": name, "event": event} | more
    headers = {"authorization": f"Bearer {token}"}
    return world.post("notification", json=body, headers=headers)


def test_the_counter_sees_what_the_wallet_says_and_its_words_are_not_kept(
    world: World, holder_keys: list[Signer]
) -> None:
    made = world.offer(world.people()[0])
    token = world.redeem(made)
    name = world.fetch(token, "digital_id", holder_keys).json()["notification_id"]
    told = world.call("GET", f"offers/{made['offer_id']}").json()["issued"]
    assert told == [{"credential_configuration_id": "digital_id", "count": 4}]
    for event in ("credential_accepted", "credential_accepted", "credential_deleted"):
        answer = notify(world, token, name, event, event_description="of Hong Gildong")
        assert (answer.status_code, answer.content) == (204, b"")
    (told,) = world.call("GET", f"offers/{made['offer_id']}").json()["issued"]
    assert told["event"] == "credential_deleted"
    with world.session() as session:
        kept = [row.model_dump() for row in session.exec(select(NotificationRow))]
        lines = [row.model_dump() for row in session.exec(select(JournalEntry))]
    assert "Gildong" not in json.dumps([kept, lines], default=str)
    noted = [code for code in world.codes() if code.startswith("notified.")]
    assert noted == ["notified.credential_accepted", "notified.credential_deleted"]


def test_each_format_has_a_name_of_its_own(
    world: World, token: str, holder_keys: list[Signer]
) -> None:
    names = {
        world.fetch(token, configuration, holder_keys).json()["notification_id"]
        for configuration in ("digital_id", "digital_id.mso_mdoc")
    }
    assert len(names) == 2


def test_metadata_is_signed_for_who_asks_so(world: World, told: IssuerMetadata) -> None:
    answer = world.client.get(PATH, headers={"accept": "application/jwt"})
    assert answer.headers["content-type"] == "application/jwt"
    assert answer.headers["vary"] == "accept"
    window = Window(world.clock.now(), 300, 60)
    anchors = world.authorities.anchors(TENANT)
    issuer = world.identifier()
    read = parse_signed_metadata(answer.content, issuer=issuer, anchors=anchors, window=window)
    assert read == told
    again = world.client.get(PATH, headers={"accept": "application/jwt"})
    assert again.content == answer.content
    world.clock.advance(world.settings.document_seconds)
    later = world.client.get(PATH, headers={"accept": "application/jwt"})
    assert later.content != answer.content


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/jwt;q=0.5, */*", "a/b"])
def test_metadata_is_plain_for_everybody_else(world: World, accept: str) -> None:
    answer = world.client.get(PATH, headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["credential_issuer"] == world.identifier()


def test_metadata_shows_types_in_the_languages_and_names_alone_in_paths(world: World) -> None:
    told = world.metadata()
    assert {each["locale"] for each in told["display"]} >= {"ko", "en", "ja"}
    for each in told["credential_configurations_supported"].values():
        shown = each["credential_metadata"]
        assert {entry["locale"] for entry in shown["display"]} >= {"ko", "en", "ja"}
        assert any("description" in entry for entry in shown["display"])
        assert all(isinstance(p, str) for claim in shown["claims"] for p in claim["path"])
