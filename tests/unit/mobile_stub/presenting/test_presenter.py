"""The wallet answers what was shown and agreed to, and tells nobody else anything."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from madang.core.formats.sd_jwt.model import parse
from madang.core.formats.sd_jwt.verify import process
from mobile_stub.errors import WalletError
from mobile_stub.model import Scan
from tests.unit.mobile_stub.verifiers import Shop, mdoc_query, trusting
from tests.unit.mobile_stub.world import (
    BELOW,
    ISSUER,
    ISSUER_KEY,
    NOW,
    STRANGER,
    VCT,
    VERIFIER,
    Verifier,
    World,
    certified,
    query,
    run,
    told,
)


def opened(world: World, verifier: Verifier, client_id: str | None = None) -> Scan:
    return run(world.wallet.open(verifier.link(client_id)))


def answered(world: World, scan: Scan) -> dict[str, Any]:
    return run(world.wallet.presenter.answer(world.vault.scan(scan.id), NOW))


def test_the_preview_tells_who_asks_for_what_and_why_and_sends_nothing(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id", "lease")
    preview = opened(world, verifier).preview
    assert preview == {
        "verifier": [VERIFIER],
        "client_id": verifier.client_id,
        "standing": "registered",
        "notice": {},
        "purpose": {"en": "To identify you at the counter."},
        "transactions": [],
        "credentials": {
            "digital_id": [
                {
                    "digest": "digital_id-0",
                    "format": "dc+sd-jwt",
                    "type": VCT["digital_id"],
                    "names": {},
                    "issuer": ISSUER,
                    "claims": {'["name"]': "Kim Mina", '["birth_year"]': 1996},
                }
            ]
        },
        "others": {},
        "missing": {},
        "possible": True,
    }
    assert verifier.posted == []


def test_the_answer_holds_the_asked_claims_alone_bound_to_verifier_and_nonce(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id", "lease")
    verifier.claims["dcql_query"] = query("digital_id", digital_id=[["birth_year"]])
    assert answered(world, opened(world, verifier)) == {"status": "accepted"}
    told = verifier.opened()
    (presented,) = told["vp_token"]["digital_id"]
    claims = process(parse(presented))
    assert told["state"] == "state-1"
    assert (claims["birth_year"], "name" in claims) == (1996, False)
    assert world.vault.history()[0]["shown"] == {"digital_id": ['["birth_year"]']}


def test_several_certificates_are_bound_to_one_key(world: World, verifier: Verifier) -> None:
    world.hold("digital_id", "lease")
    verifier.claims["dcql_query"] = query("digital_id", "lease")
    answered(world, opened(world, verifier))
    token = verifier.opened()["vp_token"]
    keys = {str(parse(text).payload["cnf"]) for (text,) in token.values()}
    assert len(token) == 2
    assert len(keys) == 1


def test_another_verifier_sees_another_key_and_the_same_one_the_same(world: World) -> None:
    world.hold("digital_id")
    keys = []
    for signer in (certified(BELOW, VERIFIER), certified(BELOW, VERIFIER)):
        verifier = Verifier(world.net, signer)
        for _ in range(2):
            answered(world, opened(world, verifier))
        seen = [verifier.opened(at)["vp_token"]["digital_id"][0] for at in (-1, -2)]
        keys += [{str(parse(text).payload["cnf"]) for text in seen}]
    assert [len(each) for each in keys] == [1, 1]
    assert keys[0] != keys[1]


def test_who_only_asks_uses_up_no_copy(world: World) -> None:
    world.hold("digital_id")
    for _ in range(5):
        asking = Verifier(world.net, certified(BELOW, VERIFIER))
        scan = opened(world, asking)
        run(world.wallet.presenter.decline(scan, NOW))
    verifier = Verifier(world.net)
    assert answered(world, opened(world, verifier)) == {"status": "accepted"}


def test_when_every_copy_was_shown_the_wallet_asks_for_new_ones(world: World) -> None:
    world.hold("digital_id")
    for _ in range(3):
        answered(world, opened(world, Verifier(world.net, certified(BELOW, VERIFIER))))
    with pytest.raises(WalletError) as refused:
        opened(world, Verifier(world.net, certified(BELOW, VERIFIER)))
    assert refused.value.code == "no_fresh_copies"


def test_who_does_not_agree_sends_a_refusal_and_nothing_personal(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    scan = opened(world, verifier)
    assert run(world.wallet.presenter.decline(scan, NOW)) == {"status": "declined"}
    assert verifier.posted == [{"error": "access_denied", "state": "state-1"}]
    assert not world.leaked


# --- requests that may not be answered; silent where nobody was authenticated


def tampered(text: str) -> str:
    head, payload, signature = text.split(".")
    return f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


UNAUTHENTIC: dict[str, dict[str, Any]] = {
    "request_signature": {"bend": tampered},
    "client_id_differs": {"claims": {"client_id": "x509_hash:another"}},
    "request_unknown_anchor": {"signer": STRANGER},
    "request_form": {"header": {"typ": "JWT"}},
    "request_chain_malformed": {"header": {"x5c": ["AAAA"]}},
    "request_chain_empty": {"header": {"x5c": []}},
}


@pytest.mark.parametrize("reason", UNAUTHENTIC)
def test_a_request_of_nobody_known_is_neither_shown_nor_answered(reason: str, world: World) -> None:
    world.hold("digital_id")
    verifier = Verifier(world.net, **UNAUTHENTIC[reason])
    with pytest.raises(WalletError) as refused:
        opened(world, verifier)
    assert refused.value.code == reason
    assert verifier.posted == []
    assert not world.leaked


@pytest.mark.parametrize(
    "client_id", ["redirect_uri:https://x.example", "origin:https://x.example", "did:x"]
)
def test_a_prefix_that_is_not_accepted_is_refused(client_id: str, world: World) -> None:
    world.hold("digital_id")
    verifier = Verifier(world.net, claims={"client_id": client_id})
    with pytest.raises(WalletError) as refused:
        opened(world, verifier, client_id)
    assert refused.value.code == "client_id_prefix"
    assert verifier.posted == []


def test_a_service_of_another_kind_below_the_same_root_may_not_ask(world: World) -> None:
    world.hold("digital_id")
    issuer = Verifier(world.net, signer=ISSUER_KEY)
    with pytest.raises(WalletError) as refused:
        opened(world, issuer)
    assert refused.value.code == "verifier_name"
    assert issuer.posted == []
    assert not world.leaked


def test_a_genuine_request_under_another_link_is_refused(world: World, verifier: Verifier) -> None:
    world.hold("digital_id")
    with pytest.raises(WalletError) as refused:
        opened(world, verifier, "x509_hash:another")
    assert refused.value.code == "client_id_differs"


REPORTED: dict[str, tuple[dict[str, Any], str]] = {
    "no nonce": ({"nonce": None}, "request_members"),
    "no time left": ({"exp": NOW - 1000}, "request_time"),
    "of tomorrow": ({"iat": NOW + 86_400}, "request_time"),
    "redirect beside": ({"redirect_uri": "https://x.example"}, "redirect_uri"),
    "transaction data": ({"transaction_data": ["e30"]}, "transaction_data"),
    "scope beside": ({"scope": "x"}, "scope"),
    "no key": ({"client_metadata": {"jwks": {"keys": []}}}, "encryption_key"),
    "a key of another kind": (
        {"client_metadata": {"jwks": {"keys": [{"kty": "RSA", "kid": "1", "alg": "ECDH-ES"}]}}},
        "encryption_key",
    ),
    "an answer to nobody": ({"response_mode": "dc_api"}, "request_members"),
    "two of an id": (
        {"dcql_query": {"credentials": query("lease")["credentials"] * 2}},
        "request_members",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTED)
def test_a_genuine_verifier_is_told_that_its_request_is_wrong_and_nothing_else(
    name: str, world: World, verifier: Verifier
) -> None:
    world.hold("digital_id", "lease")
    changes, reason = REPORTED[name]
    verifier.claims |= changes
    with pytest.raises(WalletError) as refused:
        opened(world, verifier)
    assert refused.value.code == reason
    (report,) = verifier.posted
    assert report.keys() == {"error", "state"}
    assert not world.leaked


@pytest.mark.parametrize("uri", ["http://id.hanbit.example/r", "ftp://x", "not an address"])
def test_an_answer_goes_to_an_https_address_alone(
    uri: str, world: World, verifier: Verifier
) -> None:
    verifier.claims["response_uri"] = uri
    with pytest.raises(WalletError) as refused:
        opened(world, verifier)
    assert refused.value.code == "response_uri"
    assert [each.method for each in world.net.sent] == ["GET"]


def test_a_client_by_dns_name_gets_its_answer_at_that_host_alone(world: World) -> None:
    name = "x509_san_dns:id.hanbit.example"
    verifier = Verifier(world.net, claims={"client_id": name})
    verifier.claims["response_uri"] = "https://elsewhere.example/response"
    with pytest.raises(WalletError) as refused:
        opened(world, verifier, name)
    assert refused.value.code == "response_uri_host"
    assert [each.method for each in world.net.sent] == ["GET"]


def test_an_unusable_key_is_passed_over_for_a_usable_one(world: World, verifier: Verifier) -> None:
    world.hold("digital_id")
    broken = {**verifier.jwk, "kid": "broken", "x": "AAAA"}
    verifier.claims["client_metadata"] = {"jwks": {"keys": [broken, verifier.jwk]}}
    answered(world, opened(world, verifier))
    assert verifier.opened()["vp_token"].keys() == {"digital_id"}


# --- between preview and consent


def test_what_is_not_held_is_told_to_the_person_and_not_to_the_verifier(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    verifier.claims["dcql_query"] = query("digital_id", "lease")
    scan = opened(world, verifier)
    assert scan.preview["possible"] is False
    assert scan.preview["missing"] == {"lease": [VCT["lease"]]}
    with pytest.raises(WalletError) as refused:
        answered(world, scan)
    assert refused.value.code == "nothing_to_show"
    assert verifier.posted == []


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("held", ["digital_id", "mdoc", ""])
def test_the_other_format_is_not_missing(
    world: World, tmp_path: Path, held: str, *, required: bool
) -> None:
    trusting(world, tmp_path)
    if held == "mdoc":
        world.hold_mdoc()
    elif held:
        world.hold(held)
    asked, other = query("digital_id"), mdoc_query()
    sets = [{"options": [["digital_id"], ["mdoc"]], "required": required}]
    both = {"credentials": [*asked["credentials"], *other["credentials"]], "credential_sets": sets}
    shop = Shop(world.net, claims={"dcql_query": both})
    preview = run(world.wallet.open(f"openid4vp://?{shop.parameters()}")).preview
    assert preview["possible"] is bool(held)
    assert [*preview["credentials"]] == [held] * bool(held)
    assert [*preview["missing"]] == ([] if held else ["digital_id", "mdoc"])


def test_the_request_that_was_shown_is_answered_whatever_is_served_since(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    verifier.claims["dcql_query"] = query("digital_id", digital_id=[["birth_year"]])
    scan = opened(world, verifier)
    verifier.claims |= {"dcql_query": query("digital_id"), "verifier_info": told("sale")}
    answered(world, scan)
    (presented,) = verifier.opened()["vp_token"]["digital_id"]
    assert "name" not in process(parse(presented))
    assert [each.method for each in world.net.sent] == ["GET", "POST"]


def test_a_copy_that_was_shown_and_is_gone_is_not_replaced_in_silence(
    world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    scan = opened(world, verifier)
    world.vault.keep([replace(world.vault.copies()[0], digest="other")])
    with pytest.raises(WalletError) as refused:
        answered(world, scan)
    assert refused.value.code == "request_changed"
    assert verifier.posted == []


@pytest.mark.parametrize("member", ["verifier", "client_id", "purpose", "credentials", "missing"])
def test_an_altered_preview_is_not_what_was_agreed_to(
    member: str, world: World, verifier: Verifier
) -> None:
    world.hold("digital_id")
    scan = opened(world, verifier)
    altered = replace(scan, preview={**scan.preview, member: {}} | {"more": 1})
    with pytest.raises(WalletError) as refused:
        run(world.wallet.presenter.answer(altered, NOW))
    assert refused.value.code == "request_changed"
    assert verifier.posted == []
    assert not world.leaked


def test_a_refused_answer_is_noted_as_not_shown(world: World, verifier: Verifier) -> None:
    world.hold("digital_id")
    verifier.answers = 400
    scan = opened(world, verifier)
    with pytest.raises(WalletError) as refused:
        answered(world, scan)
    assert refused.value.code == "refused_by_verifier"
    assert world.vault.history()[0]["accepted"] is False


def test_a_verifier_that_does_not_answer_is_told(world: World, verifier: Verifier) -> None:
    world.net.routes["GET", f"{VERIFIER}/request/1"] = lambda _: (404, {})
    with pytest.raises(WalletError) as refused:
        opened(world, verifier)
    assert refused.value.code == "no_request"
    world.net.routes.clear()
    with pytest.raises(WalletError) as refused:
        opened(world, verifier)
    assert refused.value.code == "no_answer"
