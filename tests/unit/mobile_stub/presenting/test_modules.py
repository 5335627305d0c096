"""Every way of asking that the protocol has, one test for each module of the official suite.

The verifier is foreign: certified below an anchor of the settings, attested, listed, named by a
DID, or unsigned. The wallet is its own application, started as a test tool starts it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from madang.core.encoding import base64url, strict_json
from madang.core.envelope import jwe, jws
from madang.core.formats.sd_jwt.model import parse
from madang.core.trust.x509 import authority_key_id
from mobile_stub.errors import WalletError
from mobile_stub.presenting.model import Decision
from tests.unit.mobile_stub.verifiers import (
    OTHER_SHOP,
    REDIRECT,
    RESPONSE_URI,
    SHOP,
    Shop,
    ask,
    call,
    mdoc_query,
    trusting,
)
from tests.unit.mobile_stub.world import CLAIMS, DOC_TYPE, NAME_SPACE, VCT, World, query, run

PREFIXES = {
    "x509_hash": "certified",
    "x509_san_dns": "certified",
    "verifier_attestation": "attested",
    "decentralized_identifier": "named",
    "": "listed",
    "redirect_uri": "unsigned",
}
MODES = ["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"]


@pytest.fixture
def auto(world: World, tmp_path: Path) -> Iterator[World]:
    """Return a wallet that agrees to everything, with the Digital ID in both formats."""
    trusting(world, tmp_path, auto_consent=True, reuse_copies=True)
    world.hold("digital_id")
    world.hold_mdoc()
    return world


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_happy_flow(prefix: str, mode: str, auto: World) -> None:
    shop = Shop(auto.net, prefix, mode)
    done = ask(auto, shop)
    assert (done.status_code, done.json()["status"]) == (200, "accepted")
    content = shop.opened(done.json()["data"] if shop.api else None)
    (presented,) = content["vp_token"]["digital_id"]
    claims = shop.claims_of(presented)
    assert (claims["birth_year"], "name" in claims) == (1996, False)
    assert content.get("state") == (None if shop.api else "state-1")
    standing = "unsigned" if prefix == "redirect_uri" else PREFIXES[prefix]
    entry = auto.vault.history()[0]
    assert (entry["standing"], entry["shown"]) == (standing, {"digital_id": ['["birth_year"]']})


@pytest.mark.parametrize("mode", MODES)
def test_happy_flow_with_a_mobile_document(mode: str, auto: World) -> None:
    shop = Shop(auto.net, mode=mode, claims={"dcql_query": mdoc_query("birth_year")})
    done = ask(auto, shop)
    content = shop.opened(done.json()["data"] if shop.api else None)
    (presented,) = content["vp_token"]["mdoc"]
    assert "=" not in presented
    assert shop.elements_of(presented)["issuer"] == {NAME_SPACE: {"birth_year": 1996}}


@pytest.mark.parametrize("mode", ["direct_post.jwt", "dc_api.jwt"])
@pytest.mark.parametrize("listed", [[-65537], [{}, -65537], [-65537, -9]], ids=str)
def test_a_device_makes_a_mac_where_it_may_not_sign(
    mode: str, listed: list[object], auto: World
) -> None:
    asked = {"dcql_query": mdoc_query("birth_year")}
    shop = Shop(auto.net, mode=mode, device_algorithms=listed, claims=asked)
    done = ask(auto, shop)
    content = shop.opened(done.json()["data"] if shop.api else None)
    (presented,) = content["vp_token"]["mdoc"]
    assert shop.elements_of(presented)["issuer"] == {NAME_SPACE: {"birth_year": 1996}}


@pytest.mark.parametrize(
    ("mode", "listed"),
    [("direct_post", [-65537]), ("dc_api", [-65537]), ("direct_post.jwt", [-65538, {}])],
    ids=str,
)
def test_where_a_device_can_neither_sign_nor_make_a_mac_it_shows_nothing(
    mode: str, listed: list[object], auto: World
) -> None:
    asked = {"dcql_query": mdoc_query("birth_year")}
    shop = Shop(auto.net, mode=mode, device_algorithms=listed, claims=asked)
    assert ask(auto, shop).json()["status"] == "declined"
    assert not auto.leaked


@pytest.mark.parametrize("method", ["value", "reference", "post"])
def test_a_request_by_value_by_reference_and_by_post(method: str, auto: World) -> None:
    shop = Shop(auto.net, method=method)
    assert ask(auto, shop).json() == {"status": "accepted"}
    assert shop.opened()["vp_token"].keys() == {"digital_id"}
    assert [each.method for each in shop.fetches] == {
        "value": [], "reference": ["GET"], "post": ["POST"]
    }[method]  # fmt: skip


def test_request_uri_method_post(auto: World) -> None:
    shop = Shop(auto.net, method="post")
    ask(auto, shop)
    (fetch,) = shop.fetches
    assert fetch.headers["accept"] == "application/oauth-authz-req+jwt"
    assert fetch.headers["content-type"] == "application/x-www-form-urlencoded"
    form = parse_qs(fetch.content.decode())
    assert form.keys() == {"wallet_metadata", "wallet_nonce"}
    assert json.loads(form["wallet_metadata"][0])["vp_formats_supported"]


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_a_plain_request_in_the_address(mode: str, auto: World) -> None:
    shop = Shop(auto.net, "redirect_uri", mode, "plain", claims={"response_uri": None})
    assert ask(auto, shop).json() == {"status": "accepted"}
    (presented,) = shop.opened()["vp_token"]["digital_id"]
    assert shop.claims_of(presented)["birth_year"] == 1996


def test_alternate_happy_flow(auto: World) -> None:
    nonce, state = "n" * 32, "s" * 64
    claims = {"nonce": nonce, "state": state, "more": "ignored"}
    shop = Shop(auto.net, claims=claims, reply={"redirect_uri": REDIRECT, "more": 1})
    assert "use" not in shop.jwk
    reordered = "&".join(reversed(shop.parameters(random="x").split("&")))
    done = call(auto, "GET", f"/authorize?{reordered}")
    assert (done.status_code, done.headers["location"]) == (303, REDIRECT)
    assert shop.opened()["state"] == state


def test_happy_flow_no_state(auto: World) -> None:
    shop = Shop(auto.net, claims={"state": None})
    ask(auto, shop)
    assert shop.opened().keys() == {"vp_token"}


def test_the_answer_says_nothing_but_what_was_asked(auto: World) -> None:
    shop = Shop(auto.net)
    ask(auto, shop)
    (form,) = auto.net.posted(RESPONSE_URI)
    assert form.keys() == {"response"}
    header = strict_json.loads(base64url.decode(form["response"].split(".")[0]))
    assert (header["alg"], header["enc"], header["kid"]) == ("ECDH-ES", "A256GCM", "enc")
    assert shop.opened().keys() == {"vp_token", "state"}
    binding = jws.parse(parse(shop.opened()["vp_token"]["digital_id"][0]).key_binding or "")
    assert binding.header.keys() == {"alg", "typ"}
    assert jws.claims(binding).keys() == {"iat", "aud", "nonce", "sd_hash"}


def test_no_claims_in_the_query(auto: World) -> None:
    asked = query("digital_id")
    del asked["credentials"][0]["claims"]
    shop = Shop(auto.net, claims={"dcql_query": asked})
    ask(auto, shop)
    (presented,) = shop.opened()["vp_token"]["digital_id"]
    assert not {"name", "birth_year"} & shop.claims_of(presented).keys()


def test_all_claims_and_fewer_claims_than_available(auto: World) -> None:
    for names in (["name", "birth_year"], ["name"]):
        asked = query("digital_id", digital_id=[[name] for name in names])
        shop = Shop(auto.net, claims={"dcql_query": asked})
        ask(auto, shop)
        (presented,) = shop.opened()["vp_token"]["digital_id"]
        assert CLAIMS["digital_id"].keys() & shop.claims_of(presented).keys() == {*names}


def sets(*options: list[str], required: bool = True) -> dict[str, Any]:
    return {"options": [*options], "required": required}


@pytest.mark.parametrize("required", [True, False])
def test_a_credential_that_is_not_held(*, required: bool, auto: World) -> None:
    asked = query("digital_id", "lease")
    asked["credential_sets"] = [sets(["digital_id"]), sets(["lease"], required=required)]
    shop = Shop(auto.net, claims={"dcql_query": asked})
    done = ask(auto, shop).json()
    if required:
        assert done == {"status": "declined"}
        assert auto.net.posted(RESPONSE_URI) == [{"error": "access_denied", "state": "state-1"}]
        assert not auto.leaked
    else:
        assert shop.opened()["vp_token"].keys() == {"digital_id"}


def test_a_claim_that_is_not_in_the_credential(auto: World) -> None:
    for asked in (
        query("digital_id", digital_id=[["birth_year"], ["shoe_size"]]),
        mdoc_query("birth_year", "shoe_size"),
    ):
        shop = Shop(auto.net, claims={"dcql_query": asked})
        assert ask(auto, shop).json() == {"status": "declined"}
        assert auto.net.posted(RESPONSE_URI)[-1] == {"error": "access_denied", "state": "state-1"}
    assert not auto.leaked


def test_unusable_encryption_keys_are_passed_over(auto: World) -> None:
    shop = Shop(auto.net)
    unusable = [
        {"kty": "AKP", "alg": "ML-KEM-9999", "kid": "pq", "pub": "AAAA"},
        {"kty": "made-up", "kid": "other", "alg": "made-up", "use": "enc"},
    ]
    metadata = shop.members["client_metadata"]
    shop.claims["client_metadata"] = {**metadata, "jwks": {"keys": [*unusable, shop.jwk]}}
    ask(auto, shop)
    assert shop.opened()["vp_token"].keys() == {"digital_id"}


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["A128CBC-HS256", "A256GCM"], "A256GCM"),
        (["A128GCM", "A256GCM"], "A128GCM"),
        (None, "A128GCM"),
    ],
    ids=["one usable", "the first", "the default"],
)
def test_content_encryption_is_one_that_is_offered(
    offered: list[str] | None, chosen: str, auto: World
) -> None:
    shop = Shop(auto.net)
    metadata = {"jwks": {"keys": [shop.jwk]}, "encrypted_response_enc_values_supported": offered}
    shop.claims["client_metadata"] = {k: v for k, v in metadata.items() if v is not None}
    ask(auto, shop)
    header = auto.net.posted(RESPONSE_URI)[-1]["response"].split(".")[0]
    assert strict_json.loads(base64url.decode(header))["enc"] == chosen
    assert jwe.ENCS
    assert shop.opened()


def test_of_several_signatures_the_known_client_s_counts(auto: World) -> None:
    shop = Shop(auto.net, mode="dc_api.jwt")
    for spoiled in (False, True):
        request = _multi_signed(shop, spoiled=spoiled)
        done = call(
            auto, "POST", "/dc-api", json={"origin": "https://shop.example", "request": request}
        )
        if spoiled:
            assert done.json()["error"] == "request_signature"
        else:
            assert shop.opened(done.json()["data"])["vp_token"].keys() == {"digital_id"}
            assert done.json()["protocol"] == "openid4vp-v1-multisigned"


def test_one_good_signature_is_enough_where_the_settings_say_so(
    world: World, tmp_path: Path
) -> None:
    trusting(world, tmp_path, auto_consent=True, any_signature=True)
    world.hold("digital_id")
    shop = Shop(world.net, mode="dc_api")
    asked = {"origin": "https://shop.example", "request": _multi_signed(shop, spoiled=True)}
    assert call(world, "POST", "/dc-api", json=asked).json()["status"] == "accepted"


def _multi_signed(shop: Shop, *, spoiled: bool) -> dict[str, Any]:
    shared = {name: value for name, value in shop.members.items() if name != "client_id"}
    payload, signatures = json.dumps(shared).encode(), []
    for signer in (OTHER_SHOP, SHOP):
        chain = jws.encode_chain(signer.certificate_chain)
        client_id = "x509_san_dns:shop.example"
        header = {"typ": "oauth-authz-req+jwt", "x5c": chain, "client_id": client_id}
        protected, text, signature = jws.sign(payload, header, signer).split(".")
        signatures.append({"protected": protected, "signature": signature})
    if spoiled:
        signatures[0]["signature"] = "A" * 86
    data = {"request": {"payload": text, "signatures": signatures}}
    return {"protocol": "openid4vp-v1-multisigned", "data": data}


# --- what the person is told, and decides


@pytest.mark.parametrize("prefix", PREFIXES)
def test_the_person_is_told_what_nobody_confirms(prefix: str, world: World, tmp_path: Path) -> None:
    trusting(world, tmp_path)
    world.hold("digital_id")
    shop = Shop(world.net, prefix)
    waiting = ask(world, shop)
    preview = waiting.json()["preview"]
    assert waiting.status_code == 202
    assert (preview["standing"], preview["purpose"]) == (PREFIXES[prefix], {})
    assert preview["notice"].keys() == {"ko", "en", "ja"}
    assert preview["verifier"] == [shop.client_id if prefix else "The shop"]
    assert world.net.posted(RESPONSE_URI) == []
    path = f"/scans/{waiting.json()['id']}/consent"
    assert call(world, "POST", path, json={"agree": True}).json() == {"status": "accepted"}


def test_consent_is_a_callback_and_the_browser_goes_on_where_the_verifier_says(
    world: World, tmp_path: Path
) -> None:
    trusting(world, tmp_path)
    world.hold("digital_id")
    shop = Shop(world.net, reply={"redirect_uri": REDIRECT})
    seen: list[Any] = []

    async def person(preview: Any) -> Decision:
        seen.append(preview)
        return Decision(agree=len(seen) > 1)

    link = f"openid4vp://?{shop.parameters()}"
    assert run(world.wallet.present(link, person)) == {
        "status": "declined",
        "redirect_uri": REDIRECT,
    }
    assert run(world.wallet.present(link, person)) == {
        "status": "accepted",
        "redirect_uri": REDIRECT,
    }
    assert seen[0] == seen[1]


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "http://shop.example/", "/back"])
def test_no_browser_is_sent_elsewhere_than_to_the_web(uri: str, auto: World) -> None:
    shop = Shop(auto.net, reply={"redirect_uri": uri})
    assert ask(auto, shop).json()["error"] == "redirect_uri"


def test_the_person_may_choose_among_several_and_leave_out_what_is_optional(
    world: World, tmp_path: Path
) -> None:
    trusting(world, tmp_path)
    world.hold("digital_id", "lease")
    asked = query("digital_id", "lease")
    asked["credential_sets"] = [sets(["digital_id"]), sets(["lease"], required=False)]
    shop = Shop(world.net, claims={"dcql_query": asked})

    async def less(preview: Any) -> Decision:
        assert preview["credentials"].keys() == {"digital_id", "lease"}
        return Decision(agree=True, choices={"lease": []})

    async def nothing(_preview: Any) -> Decision:
        return Decision(agree=True, choices={"digital_id": []})

    async def another(_preview: Any) -> Decision:
        return Decision(agree=True, choices={"digital_id": ["lease-0"]})

    link = f"openid4vp://?{shop.parameters()}"
    for person in (nothing, another):
        with pytest.raises(WalletError) as refused:
            run(world.wallet.present(link, person))
        assert refused.value.code == "choice_refused"
    assert world.net.posted(RESPONSE_URI) == []
    run(world.wallet.present(link, less))
    assert shop.opened()["vp_token"].keys() == {"digital_id"}


def test_a_query_for_several_gets_all_that_fit(auto: World) -> None:
    asked = query("digital_id", digital_id=[["birth_year"]])
    asked["credentials"][0]["multiple"] = True
    asked["credentials"][0]["meta"]["vct_values"] = [VCT["digital_id"], VCT["lease"]]
    del asked["credentials"][0]["claims"]
    auto.hold("lease")
    shop = Shop(auto.net, claims={"dcql_query": asked})
    ask(auto, shop)
    assert len(shop.opened()["vp_token"]["digital_id"]) == 2


def test_without_holder_binding_no_key_is_shown_to_sign(auto: World) -> None:
    asked = query("digital_id", digital_id=[["birth_year"]])
    asked["credentials"][0]["require_cryptographic_holder_binding"] = False
    shop = Shop(auto.net, claims={"dcql_query": asked})
    ask(auto, shop)
    assert shop.opened()["vp_token"]["digital_id"][0].endswith("~")


def test_a_verifier_that_cannot_check_a_format_is_not_shown_it(auto: World) -> None:
    shop = Shop(auto.net)
    for formats in (
        {"mso_mdoc": {}},
        {"dc+sd-jwt": {"sd-jwt_alg_values": ["ES384"]}},
        {"dc+sd-jwt": {"kb-jwt_alg_values": ["EdDSA"]}},
    ):
        metadata = {"jwks": {"keys": [shop.jwk]}, "vp_formats_supported": formats}
        shop.claims["client_metadata"] = metadata
        assert ask(auto, shop).json() == {"status": "declined"}
    assert not auto.leaked
    assert DOC_TYPE


def test_trusted_authorities_are_heeded(auto: World) -> None:
    asked = query("digital_id", digital_id=[["birth_year"]])
    for value, status in (("AAAA", "declined"), (_aki(auto), "accepted")):
        authority = {"type": "aki", "values": [value]}
        asked["credentials"][0]["trusted_authorities"] = [authority]
        shop = Shop(auto.net, claims={"dcql_query": asked})
        assert ask(auto, shop).json()["status"] == status


def _aki(world: World) -> str:
    copy = next(each for each in world.vault.copies() if each.format == "dc+sd-jwt")
    header = parse(copy.credential).issuer_jws.header
    found = authority_key_id(jws.decode_chain(header)[0])
    assert found is not None
    return base64url.encode(found)


def test_an_expired_copy_is_not_shown(world: World, tmp_path: Path) -> None:
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id", expired=True)
    assert ask(world, Shop(world.net)).json() == {"status": "declined"}


def test_verifiers_are_told_apart_and_an_unsigned_one_by_its_host(
    world: World, tmp_path: Path
) -> None:
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    keys = []
    for prefix in ("x509_hash", "redirect_uri", "x509_hash", "redirect_uri"):
        shop = Shop(world.net, prefix)
        ask(world, shop)
        (presented,) = shop.opened()["vp_token"]["digital_id"]
        keys.append(str(parse(presented).payload["cnf"]))
    assert keys[:2] == keys[2:]
    assert keys[0] != keys[1]


def test_when_nothing_is_fresh_a_copy_is_shown_again_only_if_the_settings_say_so(
    world: World, tmp_path: Path
) -> None:
    prefixes = ["x509_hash", "x509_san_dns", "redirect_uri", ""]
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    done = [ask(world, Shop(world.net, prefix)).json() for prefix in prefixes]
    assert [each.get("error") for each in done] == [None, None, None, "no_fresh_copies"]
    world.vault.close()
    trusting(world, tmp_path, auto_consent=True, reuse_copies=True)
    assert ask(world, Shop(world.net, "")).json() == {"status": "accepted"}
