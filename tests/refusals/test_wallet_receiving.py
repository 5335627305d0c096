"""What an issuer, its server or whoever changes an offer may do wrong: the wallet stops in words.

Each case says what the wallet tells; nothing is kept, and no holder key is shown to a stranger.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from madang.core.keys.software import generate_p256
from mobile_stub.errors import WalletError
from tests.unit.mobile_stub.receiving.page import Page
from tests.unit.mobile_stub.receiving.provider import PROVIDER, ProviderTwin
from tests.unit.mobile_stub.receiving.twin import Office
from tests.unit.mobile_stub.world import (
    ISSUER,
    NOW,
    STRANGER,
    VERIFIER_KEY,
    World,
    credential,
    run,
    stop_clock,
)

Wrong = Callable[[Office], None]
BIG = b"[" * 2_100_000


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    stop_clock(monkeypatch)
    world = World(tmp_path)
    world.vault.close()
    world.open(provider=PROVIDER)
    yield world
    world.vault.close()


@pytest.fixture
def office(world: World) -> Office:
    ProviderTwin(world.net)
    return Office(world.net)


def answering(path: str, status: int, body: Any, kind: str = "application/json") -> Wrong:
    """Have the issuer give this in place of every good answer at an address."""

    def wrong(office: Office) -> None:
        given = (status, body, {"content-type": kind})
        good = {200, 201}
        office.bend[path] = lambda answer: given if answer[0] in good else answer

    return wrong


def described(document: str, **members: Any) -> Wrong:
    """Have a document say this; None takes a member away."""

    def wrong(office: Office) -> None:
        found: dict[str, Any] = getattr(office, document)
        found.update(members)
        for name in [name for name, value in members.items() if value is None]:
            del found[name]

    return wrong


def making(**changes: Any) -> Wrong:
    """Have the issuer make something else of a certificate."""

    def wrong(office: Office) -> None:
        office.issued = lambda name, key: credential(name, key, **changes)

    return wrong


def to_another_key(office: Office) -> None:
    office.issued = lambda name, _key: credential(name, generate_p256("x").public_key)


def one_key_in_all(office: Office) -> None:
    first: list[Any] = []

    def issued(name: str, key: Any) -> str:
        first.append(key)
        return credential(name, first[0])

    office.issued = issued


def another_type(office: Office) -> None:
    office.issued = lambda _name, key: credential("lease", key)


DOCUMENTS: dict[str, tuple[Wrong, str]] = {
    "metadata of another issuer": (
        described("metadata", credential_issuer="https://evil.example"),
        "invalid_metadata",
    ),
    "metadata without endpoint": (
        described("metadata", credential_endpoint=None),
        "invalid_metadata",
    ),
    "endpoint in clear": (
        described("metadata", credential_endpoint="http://issuer.example/credential"),
        "invalid_metadata",
    ),
    "no configurations": (
        described("metadata", credential_configurations_supported={}),
        "unknown_configuration",
    ),
    "server of another name": (
        described("server_metadata", issuer="https://evil.example"),
        "invalid_server_metadata",
    ),
    "server without token endpoint": (
        described("server_metadata", token_endpoint=None),
        "invalid_server_metadata",
    ),
    "server without the grant": (
        described("server_metadata", grant_types_supported=["client_credentials"]),
        "grant_not_supported",
    ),
    "server of another host's issuer": (
        described("metadata", authorization_servers=["https://evil.example"]),
        "no_answer",
    ),
}

ANSWERS: dict[str, tuple[Wrong, str]] = {
    "par: refused": (answering("par", 400, {"error": "invalid_request"}), "invalid_request"),
    "par: no request_uri": (answering("par", 201, {}), "invalid_response"),
    "par: a page": (answering("par", 200, b"<html>"), "invalid_response"),
    "token: refused": (answering("token", 400, {"error": "invalid_grant"}), "invalid_grant"),
    "token: unreadable refusal": (answering("token", 500, b"oops"), "invalid_response"),
    "token: none": (answering("token", 200, {"token_type": "DPoP"}), "invalid_response"),
    "token: unknown type": (
        answering("token", 200, {"access_token": "x", "token_type": "mac"}),
        "invalid_response",
    ),
    "challenge: none": (answering("challenge", 200, {}), "no_challenge"),
    "nonce: none": (answering("nonce", 200, {}), "invalid_response"),
    "nonce: refused": (answering("nonce", 500, {}), "unexpected_answer"),
    "credential: too long": (answering("credential", 200, BIG), "answer_too_large"),
    "credential: deep": (answering("credential", 200, b"[" * 1000), "invalid_response"),
    "credential: twice the same member": (
        answering("credential", 200, b'{"credentials": [], "credentials": []}'),
        "invalid_response",
    ),
    "credential: nothing": (answering("credential", 200, {}), "invalid_response"),
    "credential: empty": (answering("credential", 200, {"credentials": []}), "invalid_response"),
    "credential: both kinds": (
        answering("credential", 200, {"credentials": [{"credential": "x"}], "transaction_id": "t"}),
        "invalid_response",
    ),
    "credential: an object": (
        answering("credential", 200, {"credentials": [{"credential": {}}]}),
        "invalid_response",
    ),
    "credential: too many": (
        answering("credential", 200, {"credentials": [{"credential": "x"}] * 4}),
        "wrong_number",
    ),
    "credential: no SD-JWT": (
        answering("credential", 200, {"credentials": [{"credential": "x"}]}),
        "credential_malformed",
    ),
    "credential: denied": (
        answering("credential", 400, {"error": "credential_request_denied"}),
        "credential_request_denied",
    ),
    "credential: redirect": (answering("credential", 302, {}), "invalid_response"),
}

CREDENTIALS: dict[str, tuple[Wrong, str]] = {
    "bound to another key": (to_another_key, "credential_refused"),
    "all bound to one key": (one_key_in_all, "credential_refused"),
    "of another type": (another_type, "credential_refused"),
    "of another issuer": (making(iss="https://evil.example"), "credential_refused"),
    "without a key": (making(cnf=None), "credential_malformed"),
    "over": (making(exp=NOW - 1000), "credential_refused"),
    "not yet": (making(nbf=NOW + 100_000), "credential_refused"),
    "by a stranger": (making(by=STRANGER), "issuer_not_trusted"),
    "by another service": (making(by=VERIFIER_KEY), "issuer_not_trusted"),
}
CASES = {**DOCUMENTS, **ANSWERS, **CREDENTIALS}


@pytest.mark.parametrize("name", CASES)
def test_an_issuer_that_errs_or_lies_is_refused_in_words(
    name: str, world: World, office: Office
) -> None:
    wrong, code = CASES[name]
    wrong(office)
    with pytest.raises(WalletError) as refused:
        run(taken(world, office))
    assert refused.value.code == code
    assert refused.value.detail
    assert world.vault.copies() == []
    assert not (office.sent("par") and name in DOCUMENTS)


async def taken(world: World, office: Office) -> None:
    scan = await world.wallet.open(office.by_log_in())
    await world.wallet.receiver.accept(scan, None, NOW, Page(office))


def altered(offer: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**offer, **changes}


OFFERS: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"credential_issuer": "https://evil.example"}, "no_answer"),
    "an issuer in clear": ({"credential_issuer": "http://evil.example"}, "invalid_offer"),
    "an unknown id": ({"credential_configuration_ids": ["passport"]}, "unknown_configuration"),
    "no id": ({"credential_configuration_ids": []}, "invalid_offer"),
    "one id twice": ({"credential_configuration_ids": ["lease", "lease"]}, "invalid_offer"),
    "another server": (
        {"grants": {"authorization_code": {"authorization_server": "https://evil.example"}}},
        "unknown_authorization_server",
    ),
}


@pytest.mark.parametrize("name", OFFERS, ids=[f"I29 {name}" for name in OFFERS])
def test_an_offer_that_was_altered_is_held_to_the_issuers_own_words(
    name: str, world: World, office: Office
) -> None:
    changes, code = OFFERS[name]
    office.by_log_in()
    office.offer.update(changes)
    with pytest.raises(WalletError) as refused:
        run(world.wallet.open(office.link()))
    assert refused.value.code == code
    assert not any(request.method == "POST" for request in world.net.sent)


def test_i29_an_offer_that_changes_after_the_preview_is_not_taken(
    world: World, office: Office
) -> None:
    scan = run(world.wallet.open(office.by_log_in(reference="yes")))
    office.offer["credential_configuration_ids"] = ["digital_id", "lease"]
    with pytest.raises(WalletError) as refused:
        run(world.wallet.receiver.accept(scan, None, NOW, Page(office)))
    assert refused.value.code == "offer_changed"
    assert not office.sent("par")


def test_i29_a_stranger_of_good_metadata_sees_no_holder_key(world: World, office: Office) -> None:
    stranger = "https://evil.example"
    told = json.dumps(office.metadata).replace(ISSUER, stranger)
    well_known = f"{stranger}/.well-known/openid-credential-issuer"
    world.net.routes["GET", well_known] = lambda _: (200, json.loads(told))
    office.offer["credential_issuer"] = stranger
    with pytest.raises(WalletError) as refused:
        run(world.wallet.open(office.link()))
    assert refused.value.code == "issuer_not_accredited"
    assert not any(request.method == "POST" for request in world.net.sent)
