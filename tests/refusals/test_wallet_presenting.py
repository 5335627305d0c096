"""What a verifier may do wrong: the wallet stops, and sends nothing personal.

An error goes back only where the request was authenticated, and then it holds a code and `state`
alone. Nothing that was refused is shown to the person, kept for a decision, or noted as shown;
nobody uses up a presentation set. Each case has the name of the row.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from madang.core.encoding import base64url
from madang.core.protocol.oid4vp.transaction_data import encode
from mobile_stub.settings import TransactionTypeSetting
from tests.unit.mobile_stub.verifiers import (
    REQUEST_URI,
    RESPONSE_URI,
    Shop,
    ask,
    call,
    trusting,
)
from tests.unit.mobile_stub.world import (
    BELOW,
    SECRETS,
    VERIFIER,
    Verifier,
    World,
    certified,
    query,
    told,
)


def altered(text: str) -> str:
    head, payload, signature = text.split(".")
    return f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def changed(text: str, **members: Any) -> str:
    """Return a request object with members changed under the old signature."""
    head, payload, signature = text.split(".")
    claims = {**json.loads(base64url.decode(payload)), **members}
    return f"{head}.{base64url.encode(json.dumps(claims).encode())}.{signature}"


def under_none(text: str) -> str:
    """Return a request object that says to be unsigned, and has a signature."""
    return f"eyJhbGciOiJub25lIn0.{text.split('.')[1]}.AAAA"


@dataclass
class Case:
    """A fault, what the wallet calls it, and what the verifier hears of it.

    Attributes:
        code: of the wallet, for its person.
        heard: the error code that is sent; None for silence.
        shop: arguments of the verifier.
        link: parameters of the link instead of the good ones.
        settings: of the wallet.
    """

    code: str
    heard: str | None = None
    shop: dict[str, Any] = field(default_factory=dict)
    link: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def claims(**members: Any) -> dict[str, Any]:
    return {"claims": members}


def header(**members: Any) -> dict[str, Any]:
    return {"header": members}


ELSEWHERE = "https://elsewhere.example/answer"
NO_KEY = {"jwks": {"keys": [{"kty": "made-up", "kid": "1", "alg": "made-up"}]}}
NOT_OFFERED = {"encrypted_response_enc_values_supported": ["A128CBC-HS256"]}
PAYMENT = {"payment": {"members": {"payee": "string"}}}
MULTIPLE = {"credentials": query("digital_id")["credentials"] * 2}
SILENT: dict[str, Case] = {
    "signature wrong": Case("request_signature", shop={"bend": altered}),
    "signed claims changed": Case(
        "request_signature", shop={"bend": lambda text: changed(text, nonce="another")}
    ),
    "typ missing": Case("request_form", shop=header(typ=None)),
    "typ of another JWT": Case("request_form", shop=header(typ="JWT")),
    "alg none": Case("request_form", shop={"bend": under_none}),
    "client_id differs inside": Case("client_id_differs", shop=claims(client_id="x509_hash:x")),
    "client_id differs outside": Case("client_id_differs", link={"client_id": "x509_hash:x"}),
    "unknown prefix": Case(
        "client_id_prefix", shop=claims(client_id="invalid:x"), link={"client_id": "invalid:x"}
    ),
    "prefix origin": Case(
        "client_id_prefix",
        shop=claims(client_id="origin:https://x.example"),
        link={"client_id": "origin:https://x.example"},
    ),
    "prefix openid_federation": Case(
        "client_id_prefix",
        shop=claims(client_id="openid_federation:https://x.example"),
        link={"client_id": "openid_federation:https://x.example"},
    ),
    "client not pre-registered": Case(
        "client_unknown", shop=claims(client_id="stranger"), link={"client_id": "stranger"}
    ),
    "hash of another certificate": Case(
        "client_id_certificate",
        shop=claims(client_id="x509_hash:abc"),
        link={"client_id": "x509_hash:abc"},
    ),
    "name not in the certificate": Case(
        "client_id_certificate",
        shop=claims(client_id="x509_san_dns:x.example"),
        link={"client_id": "x509_san_dns:x.example"},
    ),
    "no certificate": Case("request_chain_empty", shop=header(x5c=[])),
    "redirect_uri prefix signed": Case(
        "client_id_prefix",
        shop=claims(client_id=f"redirect_uri:{RESPONSE_URI}"),
        link={"client_id": f"redirect_uri:{RESPONSE_URI}"},
    ),
    "unsigned against the policy": Case(
        "request_unsigned",
        shop={"prefix": "redirect_uri", "mode": "direct_post"},
        settings={"unsigned_requests": False},
    ),
    "unsigned plain against the policy": Case(
        "request_unsigned",
        shop={"prefix": "redirect_uri", "method": "plain"},
        settings={"unsigned_requests": False},
    ),
    "unsigned, response_uri not the client's": Case(
        "response_uri_host", shop={"prefix": "redirect_uri", "claims": {"response_uri": ELSEWHERE}}
    ),
    "unsigned, nonce missing": Case(
        "request_members", shop={"prefix": "redirect_uri", "claims": {"nonce": None}}
    ),
    "DID that nobody vouches for": Case(
        "client_unknown",
        shop={"prefix": "decentralized_identifier"},
        settings={"named_verifiers": False},
    ),
    "DID of another key": Case(
        "request_signature", shop={"prefix": "decentralized_identifier", "bend": altered}
    ),
    "attestation of nobody known": Case(
        "verifier_attestation", shop={"prefix": "verifier_attestation", "header": {"jwt": "a.b.c"}}
    ),
    "wallet_nonce not echoed": Case(
        "wallet_nonce", "invalid_request", shop={"method": "post", "nonce_echo": False}
    ),
    "response_uri not the client's": Case(
        "response_uri_host", shop={"prefix": "x509_san_dns", "claims": {"response_uri": ELSEWHERE}}
    ),
    "response_uri not registered for the client": Case(
        "response_uri_host", shop={"prefix": "", "claims": {"response_uri": ELSEWHERE}}
    ),
    "response_uri not https": Case(
        "response_uri", shop=claims(response_uri="http://shop.example/r")
    ),
}
TOLD: dict[str, Case] = {
    "redirect_uri beside response_uri": Case(
        "redirect_uri", "invalid_request", shop=claims(redirect_uri="https://shop.example/cb")
    ),
    "nonce missing": Case("request_members", "invalid_request", shop=claims(nonce=None)),
    "nonce not URL-safe": Case("request_members", "invalid_request", shop=claims(nonce="a b")),
    "aud of another wallet": Case(
        "request_members", "invalid_request", shop=claims(aud="https://wallet.example")
    ),
    "response_mode fragment": Case(
        "request_members", "invalid_request", shop=claims(response_mode="fragment")
    ),
    "response_mode of the API": Case(
        "request_members", "invalid_request", shop=claims(response_mode="dc_api.jwt")
    ),
    "response_type code": Case(
        "request_members", "invalid_request", shop=claims(response_type="code")
    ),
    "query and scope": Case("scope", "invalid_request", shop=claims(scope="x")),
    "scope that is not known": Case(
        "scope", "invalid_scope", shop=claims(scope="x", dcql_query=None)
    ),
    "no query": Case("request_members", "invalid_request", shop=claims(dcql_query=None)),
    "query with an id twice": Case(
        "request_members", "invalid_request", shop=claims(dcql_query=MULTIPLE)
    ),
    "no format that is held": Case(
        "formats",
        "vp_formats_not_supported",
        shop=claims(dcql_query={"credentials": [{"id": "a", "format": "jwt_vc_json", "meta": {}}]}),
    ),
    "unusable encryption key": Case(
        "encryption_key", "invalid_request", shop=claims(client_metadata=NO_KEY)
    ),
    "no encryption key": Case("encryption_key", "invalid_request", shop=claims(client_metadata={})),
    "transaction_data of an unknown type": Case(
        "transaction_data",
        "invalid_transaction_data",
        shop=claims(transaction_data=[encode("unknown", ("digital_id",), {})]),
    ),
    "transaction_data without a member": Case(
        "transaction_data",
        "invalid_transaction_data",
        shop=claims(transaction_data=[encode("payment", ("digital_id",), {})]),
        settings={"transaction_types": PAYMENT},
    ),
    "transaction_data for nothing asked": Case(
        "transaction_data",
        "invalid_transaction_data",
        shop=claims(transaction_data=[encode("payment", ("x",), {"payee": "p"})]),
        settings={"transaction_types": PAYMENT},
    ),
    "transaction_data not base64url": Case(
        "transaction_data", "invalid_transaction_data", shop=claims(transaction_data=["!"])
    ),
}


def nothing_happened(world: World) -> None:
    """Nothing was disclosed, kept for a decision, noted as shown, or used up."""
    sent = "".join(str(each.url) + each.content.decode() for each in world.net.sent)
    assert not any(secret in sent for secret in SECRETS)
    assert "response=" not in sent
    assert "vp_token=" not in sent
    assert world.vault.history() == []
    assert world.vault.presentation_set("somebody else", 1, keep=False) == 0


@pytest.mark.parametrize("name", [*SILENT, *TOLD])
def test_wallet_stops(name: str, world: World, tmp_path: Path) -> None:
    case = {**SILENT, **TOLD}[name]
    trusting(world, tmp_path, auto_consent=True, **_settings(case))
    world.hold("digital_id")
    world.hold_mdoc()
    shop = Shop(world.net, **case.shop)
    done = ask(world, shop, **case.link)
    assert (done.status_code, done.json()["error"]) == (400, case.code)
    posted = [each for uri in (RESPONSE_URI, ELSEWHERE) for each in world.net.posted(uri)]
    expected = {"error": case.heard, "state": "state-1"}
    assert posted == ([] if case.heard is None else [expected])
    nothing_happened(world)


def _settings(case: Case) -> dict[str, Any]:
    types = case.settings.get("transaction_types", {})
    found = {name: TransactionTypeSetting(**each) for name, each in types.items()}
    return {**case.settings, "transaction_types": found}


BY_PAGE: dict[str, tuple[str, str | None, dict[str, Any], str]] = {
    "wrong expected_origins": (
        "expected_origins",
        "invalid_request",
        claims(expected_origins=["https://x.example"]),
        "https://shop.example",
    ),
    "another page uses the request": (
        "expected_origins",
        "invalid_request",
        {},
        "https://evil.example",
    ),
    "expected_origins missing": (
        "expected_origins",
        "invalid_request",
        claims(expected_origins=None),
        "https://shop.example",
    ),
    "signature wrong": ("request_signature", None, {"bend": altered}, "https://shop.example"),
    "typ missing": ("request_form", None, header(typ=None), "https://shop.example"),
    "nonce missing": (
        "request_members",
        "invalid_request",
        claims(nonce=None),
        "https://shop.example",
    ),
    "transaction_data of an unknown type": (
        "transaction_data",
        "invalid_transaction_data",
        claims(transaction_data=[encode("unknown", ("digital_id",), {})]),
        "https://shop.example",
    ),
    "unsigned, nonce missing": (
        "request_members",
        None,
        {"prefix": "redirect_uri", "claims": {"nonce": None}},
        "https://shop.example",
    ),
}


@pytest.mark.parametrize("name", BY_PAGE)
def test_wallet_stops_by_page(name: str, world: World, tmp_path: Path) -> None:
    code, heard, arguments, origin = BY_PAGE[name]
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    shop = Shop(world.net, **{"mode": "dc_api.jwt", **arguments})
    done = call(world, "POST", "/dc-api", json={"origin": origin, "request": shop.page()}).json()
    if heard is None:
        assert done["error"] == code
    else:
        assert done == {"status": "refused", "data": {"error": heard}}
    assert world.net.sent == []
    nothing_happened(world)


def test_wallet_stops_required_credential_not_held(world: World, tmp_path: Path) -> None:
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    shop = Shop(world.net, claims={"dcql_query": query("digital_id", "lease")})
    assert ask(world, shop).json() == {"status": "declined"}
    assert world.net.posted(RESPONSE_URI) == [{"error": "access_denied", "state": "state-1"}]
    assert not world.leaked


def test_wallet_stops_where_nobody_signed_and_nothing_is_held(world: World, tmp_path: Path) -> None:
    trusting(world, tmp_path, auto_consent=True)
    shop = Shop(world.net, "redirect_uri")
    assert ask(world, shop).json() == {"status": "declined"}
    assert world.net.posted(RESPONSE_URI) == []


@pytest.mark.parametrize("status", [404, 500, 302])
def test_wallet_stops_request_uri_error(status: int, world: World, tmp_path: Path) -> None:
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    shop = Shop(world.net)
    world.net.routes["GET", REQUEST_URI] = lambda _: (status, b"")
    assert ask(world, shop).json()["error"] == "no_request"
    nothing_happened(world)


REGISTERED: dict[str, tuple[str, Callable[[Verifier], None]]] = {
    "over-asking": (
        "over_asking",
        lambda v: v.claims.update(dcql_query=query("digital_id", digital_id=[["name"], ["cnf"]])),
    ),
    "any claim of an unregistered type": (
        "over_asking",
        lambda v: v.claims.update(
            dcql_query={
                "credentials": [
                    {
                        "id": "a",
                        "format": "mso_mdoc",
                        "meta": {"doctype_value": "x"},
                        "claims": [{"path": ["n", "e"]}],
                    }
                ]
            }
        ),
    ),
    "purpose not registered": (
        "purpose_not_registered",
        lambda v: v.claims.update(verifier_info=told(intended_use_id="other")),
    ),
    "purpose missing": ("purpose_missing", lambda v: v.claims.update(verifier_info=None)),
    "purpose told otherwise": (
        "purpose_texts",
        lambda v: v.claims.update(verifier_info=told(purpose=[{"lang": "en", "value": "x"}])),
    ),
}


@pytest.mark.parametrize("name", REGISTERED)
def test_wallet_stops_registered(name: str, world: World, tmp_path: Path) -> None:
    """A verifier below the registry's roots asks within its purpose, foreign anchors or not."""
    code, bend = REGISTERED[name]
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    verifier = Verifier(world.net, certified(BELOW, VERIFIER))
    bend(verifier)
    done = call(world, "POST", "/open", json={"link": verifier.link()})
    assert done.json()["error"] == code
    assert verifier.posted == []
    nothing_happened(world)


def test_wallet_stops_pages_of_the_web(world: World, tmp_path: Path) -> None:
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    shop = Shop(world.net, mode="dc_api")
    asked = {"origin": "https://shop.example", "request": shop.page()}
    for path in ("/dc-api", "/open", "/scans/x/consent"):
        done = call(world, "POST", path, json=asked, headers={"origin": "https://evil.example"})
        assert done.status_code == 403
    done = call(world, "GET", "/authorize?x=1", headers={"host": "evil.example"})
    assert done.status_code == 400
    nothing_happened(world)


def test_nothing_of_the_vault_is_logged(
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    trusting(world, tmp_path, auto_consent=True)
    world.hold("digital_id")
    with caplog.at_level("DEBUG"):
        ask(world, Shop(world.net))
        ask(world, Shop(world.net, bend=altered))
        ask(world, Shop(world.net, mode="dc_api"))
    out, err = capfd.readouterr()
    kept = [copy.credential[:40] for copy in world.vault.copies()]
    for text in (caplog.text, out, err):
        assert not any(secret in text for secret in (*SECRETS, *kept, "vp_token"))
