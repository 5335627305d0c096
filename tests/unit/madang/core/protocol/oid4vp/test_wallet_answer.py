"""What presentations are bound to in each response mode, and what the wallet says of itself."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from madang.core.encoding import base64url
from madang.core.keys.jwk import PublicKey
from madang.core.protocol.oid4vp.asked import Asked
from madang.core.protocol.oid4vp.client_authentication import Client, Standing
from madang.core.protocol.oid4vp.request import Delivery, Session, build_request
from madang.core.protocol.oid4vp.request_check import VerifiedRequest
from madang.core.protocol.oid4vp.wallet_answer import asked_of
from madang.core.protocol.oid4vp.wallet_metadata import wallet_metadata, wallet_post
from tests.unit.madang.core.protocol.oid4vp.city import (
    NOW,
    VERIFIER,
    City,
    public_jwk,
    query_for,
)


def asked(city: City, mode: Any) -> Asked:
    session = Session("n-1", "s-1", public_jwk(), NOW, NOW + 300)
    uri = f"{VERIFIER}/response/1" if mode.startswith("direct") else None
    request = build_request(city.client_id, query_for("id", "name"), session, Delivery(mode, uri))
    client = Client(str(city.client_id), city.client_id, Standing.CERTIFIED)
    origin = None if uri else "https://mapo.example"
    return asked_of(VerifiedRequest(request, client, origin))


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt", "dc_api", "dc_api.jwt"])
def test_presentations_are_bound_to_what_the_verifier_will_hold_them_against(
    mode: str, city: City
) -> None:
    found = asked(city, mode)
    digest = base64url.decode(PublicKey.from_jwk(public_jwk()).thumbprint())
    assert found.jwk_thumbprint == (digest if mode.endswith(".jwt") else None)
    api = mode.startswith("dc_api")
    assert found.audience == ("origin:https://mapo.example" if api else str(city.client_id))
    assert found.transcript


def test_the_wallet_says_of_itself_what_it_can_do_and_nothing_of_the_person() -> None:
    found = wallet_metadata("x509_hash:abc")
    assert found["vp_formats_supported"].keys() == {"dc+sd-jwt", "mso_mdoc"}
    assert "pre-registered" in found["client_id_prefixes_supported"]
    assert "none" not in found["request_object_signing_alg_values_supported"]
    unsigned = wallet_metadata("redirect_uri:https://x.example")
    assert "request_object_signing_alg_values_supported" not in unsigned
    form = parse_qs(wallet_post("x509_hash:abc", "n-1"))
    assert (json.loads(form["wallet_metadata"][0]), form["wallet_nonce"]) == (found, ["n-1"])
