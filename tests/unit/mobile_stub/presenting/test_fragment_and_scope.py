"""Answers that the person's browser carries, and scopes that stand for a query."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from madang.core.encoding import base64url
from madang.core.formats.mdoc.transcript import openid4vp
from madang.core.formats.mdoc.verify import Expectation, TrustedKey, verify_response
from mobile_stub.errors import WalletError
from mobile_stub.presenting.model import Decision, willing
from tests.unit.mobile_stub.verifiers import HOST, RESPONSE_URI, Shop, ask, mdoc_query, trusting
from tests.unit.mobile_stub.world import DOC_TYPE, ISSUER_KEY, NOW, World, query, run

BACK = f"{HOST}/back"
MODES = [{"response_mode": "fragment"}, {"response_mode": None}]


@pytest.fixture
def auto(world: World, tmp_path: Path) -> Iterator[World]:
    trusting(world, tmp_path, auto_consent=True, reuse_copies=True)
    world.hold("digital_id")
    world.hold_mdoc()
    return world


def carried(**more: Any) -> dict[str, Any]:
    return {"response_uri": None, "redirect_uri": BACK, "response_mode": "fragment", **more}


def fragment_of(address: str) -> dict[str, str]:
    place, _, fragment = address.partition("#")
    assert place == BACK
    return {name: value for name, (value,) in parse_qs(fragment, strict_parsing=True).items()}


@pytest.mark.parametrize("mode", MODES, ids=["said", "by default"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns", "decentralized_identifier"])
def test_the_browser_carries_the_answer_to_the_redirect_uri(
    prefix: str, mode: dict[str, Any], auto: World
) -> None:
    shop = Shop(auto.net, prefix, claims=carried(**mode))
    answer = ask(auto, shop)
    assert answer.status_code == 303
    told = fragment_of(answer.headers["location"])
    assert told.keys() == {"vp_token", "state"}
    (presented,) = json.loads(told["vp_token"])["digital_id"]
    assert shop.claims_of(presented)["birth_year"] == 1996
    assert auto.net.posted(RESPONSE_URI) == []
    assert auto.wallet.vault.history()[0]["accepted"]


def test_a_client_that_is_an_address_is_answered_there(auto: World) -> None:
    claims = carried(client_id=f"redirect_uri:{BACK}", redirect_uri=None)
    shop = Shop(auto.net, "redirect_uri", method="plain", claims=claims)
    assert "vp_token" in fragment_of(ask(auto, shop).headers["location"])


def test_a_document_is_signed_over_the_redirect_uri(auto: World) -> None:
    shop = Shop(auto.net, claims=carried(dcql_query=mdoc_query()))
    told = fragment_of(ask(auto, shop).headers["location"])
    (presented,) = json.loads(told["vp_token"])["mdoc"]
    nonce = shop.members["nonce"]
    for uri, good in ((BACK, True), (RESPONSE_URI, False)):
        transcript = openid4vp(
            client_id=shop.client_id, nonce=nonce, jwk_thumbprint=None, response_uri=uri
        )
        verdict = verify_response(
            base64url.decode(presented),
            Expectation(transcript, {DOC_TYPE}),
            trust=lambda _type, _chain: TrustedKey(ISSUER_KEY.public_key),
            now=NOW,
        )
        assert verdict.ok is good


def test_who_does_not_agree_goes_back_with_that_alone(auto: World) -> None:
    shop = Shop(auto.net, claims=carried())

    async def no(_preview: dict[str, Any]) -> Decision:
        return Decision(agree=False)

    done = run(auto.wallet.present(f"openid4vp://?{shop.parameters()}", no))
    assert fragment_of(done["redirect_uri"]) == {"error": "access_denied", "state": "state-1"}
    assert not auto.wallet.vault.history()[0]["accepted"]


@pytest.mark.parametrize(
    ("prefix", "claims", "reason"),
    [
        ("x509_san_dns", carried(redirect_uri="https://evil.example/"), "response_uri_host"),
        ("x509_hash", carried(redirect_uri="http://shop.example/"), "response_uri"),
        ("x509_hash", carried(redirect_uri=f"{BACK}#there"), "response_uri"),
        ("x509_hash", carried(redirect_uri="javascript:alert(1)"), "response_uri"),
        ("x509_hash", carried(redirect_uri=None), "request_members"),
        ("x509_hash", carried(response_uri=RESPONSE_URI), "redirect_uri"),
        ("x509_hash", carried(response_mode="direct_post"), "redirect_uri"),
        ("x509_hash", carried(response_mode="query"), "redirect_uri"),
        ("x509_hash", carried(response_mode="fragment.jwt"), "redirect_uri"),
        ("redirect_uri", carried(), "response_uri_host"),
    ],
)
def test_an_answer_goes_nowhere_but_to_a_place_of_the_client_s(
    prefix: str, claims: dict[str, Any], reason: str, auto: World
) -> None:
    answer = ask(auto, Shop(auto.net, prefix, claims=claims))
    assert (answer.status_code, answer.json()["error"]) == (400, reason)
    assert all("vp_token" not in each for each in auto.net.posted(RESPONSE_URI))
    assert not auto.wallet.vault.history()


def scoped(world: World, folder: Path, text: str) -> None:
    file = folder / "query.json"
    file.write_text(text, "utf-8")
    trusting(world, folder, auto_consent=True, scopes={"org.example.year": file})
    world.hold("digital_id")


def test_a_scope_that_is_set_stands_for_its_query(world: World, tmp_path: Path) -> None:
    scoped(world, tmp_path, json.dumps(query("digital_id", digital_id=[["birth_year"]])))
    shop = Shop(world.net, claims={"scope": "org.example.year", "dcql_query": None})
    assert ask(world, shop).json() == {"status": "accepted"}
    (presented,) = shop.opened()["vp_token"]["digital_id"]
    assert shop.claims_of(presented)["birth_year"] == 1996


@pytest.mark.parametrize("scope", ["org.example.other", "org.example.year openid", "", 5, []])
def test_any_other_scope_is_refused_by_its_name_to_the_verifier(
    scope: object, world: World, tmp_path: Path
) -> None:
    scoped(world, tmp_path, json.dumps(query("digital_id", digital_id=[["birth_year"]])))
    shop = Shop(world.net, claims={"scope": scope, "dcql_query": None})
    assert ask(world, shop).json()["error"] == "scope"
    assert world.net.posted(RESPONSE_URI) == [{"error": "invalid_scope", "state": "state-1"}]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"credentials":[]}'])
def test_a_file_that_is_no_query_is_told_at_the_start(
    text: str, world: World, tmp_path: Path
) -> None:
    with pytest.raises(WalletError, match="scope_unreadable"):
        scoped(world, tmp_path, text)


def test_the_address_of_the_browser_is_the_client_s_with_nothing_else(auto: World) -> None:
    shop = Shop(auto.net, claims=carried(redirect_uri=f"{BACK}?session=1"))
    found = urlsplit(
        run(auto.wallet.present(f"openid4vp://?{shop.parameters()}", willing))["redirect_uri"]
    )
    assert (found.netloc, found.path, found.query) == ("shop.example", "/back", "session=1")
