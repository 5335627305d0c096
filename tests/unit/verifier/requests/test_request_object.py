"""The request of the running verifier, held against what a test suite for verifiers looks at."""

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography import x509

from madang.core.encoding import base64url
from madang.core.envelope import jws
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for
from madang.core.protocol.oid4vp.client_id import x509_hash_client_id
from tests.unit.verifier.world import NOW, TENANT, City, Land, open_city

MEMBERS = {
    *("client_id", "response_uri", "response_type", "response_mode", "nonce", "state"),
    *("dcql_query", "client_metadata", "aud", "iat", "exp"),
}
"""What a request has that nothing special is asked of; others are told as unexpected."""
OF_CLIENT = {"jwks", "vp_formats_supported", "encrypted_response_enc_values_supported"}
WALLET = "https://wallet.example/authorize"


@pytest.fixture
def outside(land: Land) -> Iterator[City]:
    changes = {"ask_outside_registry": frozenset({TENANT}), "authorization_endpoint": WALLET}
    with open_city(land, **changes) as city:
        yield city


def link(city: City, mode: str, prefix: str = "x509_hash") -> dict[str, str]:
    """Ask for a Digital ID, and return the parameters of the link."""
    meta = {"vct_values": [city.vct("digital_id")]}
    asked = {"id": "a", "format": "dc+sd-jwt", "meta": meta, "claims": [{"path": ["name"]}]}
    wish = {"dcql_query": {"credentials": [asked]}, "response_mode": mode}
    told = city.ask({**wish, "client_id_prefix": prefix}).json()["request_uri"]
    assert told.partition("?")[0] == WALLET
    return dict(parse_qsl(urlsplit(told).query, strict_parsing=True))


def opened(city: City, parameters: dict[str, str]) -> tuple[jws.Jws, dict[str, Any]]:
    fetched = city.client.get(parameters["request_uri"])
    assert fetched.status_code == 200
    assert fetched.headers["content-type"] == "application/oauth-authz-req+jwt"
    found = jws.parse(fetched.text)
    return found, json.loads(found.payload)


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
@pytest.mark.parametrize("prefix", ["x509_hash", "x509_san_dns"])
def test_nothing_is_missing_and_nothing_unexpected(outside: City, mode: str, prefix: str) -> None:
    parameters = link(outside, mode, prefix)
    assert parameters.keys() == {"client_id", "request_uri"}
    place = urlsplit(parameters["request_uri"])
    assert (place.scheme, place.fragment) == ("https", "")
    _, claims = opened(outside, parameters)
    assert claims.keys() == MEMBERS
    assert claims["client_id"] == parameters["client_id"]
    assert (claims["response_type"], claims["response_mode"]) == ("vp_token", mode)
    assert claims["aud"] == "https://self-issued.me/v2"
    assert claims["response_uri"].startswith("https://")
    assert type(claims["iat"]) is type(claims["exp"]) is int
    assert claims["iat"] <= NOW < claims["exp"]
    assert len(base64url.decode(claims["nonce"])) >= 16


@pytest.mark.parametrize("mode", ["direct_post", "direct_post.jwt"])
def test_the_client_says_its_formats_and_a_key_for_the_answer(outside: City, mode: str) -> None:
    _, claims = opened(outside, link(outside, mode))
    metadata = claims["client_metadata"]
    assert metadata["vp_formats_supported"].keys() == {"dc+sd-jwt"}
    assert all("ES256" in each for each in metadata["vp_formats_supported"]["dc+sd-jwt"].values())
    if mode == "direct_post":
        assert metadata.keys() == {"vp_formats_supported"}
        return
    assert metadata.keys() == OF_CLIENT
    assert metadata["encrypted_response_enc_values_supported"] == ["A128GCM", "A256GCM"]
    (key,) = metadata["jwks"]["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["use"], key["alg"], key["crv"]) == ("enc", "ECDH-ES", "P-256")


def apparent_bits(text: str) -> float:
    """Return how much chance a reader sees in a text who knows nothing but it (Shannon)."""
    return sum(times * math.log2(len(text) / times) for times in Counter(text).values())


def test_a_nonce_is_seen_to_be_of_chance_and_is_not_long(outside: City) -> None:
    for _ in range(20):
        _, claims = opened(outside, link(outside, "direct_post.jwt"))
        assert apparent_bits(claims["nonce"]) > 96
        assert len(claims["nonce"]) <= 43


def test_the_chain_signs_and_names_the_client(outside: City) -> None:
    parameters = link(outside, "direct_post.jwt")
    found, _ = opened(outside, parameters)
    assert (found.header["typ"], found.header["alg"]) == ("oauth-authz-req+jwt", "ES256")
    chain = jws.decode_chain(found.header)
    leaf, *above = (x509.load_der_x509_certificate(each) for each in chain)
    for certificate in (leaf, *above):
        assert certificate.issuer != certificate.subject
    leaf.verify_directly_issued_by(above[0])
    assert parameters["client_id"] == str(x509_hash_client_id(chain[0]))
    key = PublicKey.from_native(leaf.public_key())  # type: ignore[arg-type]  # on P-256
    assert jws.verify(found, checker_for(key))
