import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.oid4vp.client_id import (
    CERTIFIED,
    ClientId,
    Prefix,
    attested_client_id,
    check_certificate,
    check_response_host,
    did_client_id,
    parse_client_id,
    redirect_uri_client_id,
    x509_hash_client_id,
    x509_san_dns_client_id,
)
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.trust.did.errors import DidError
from tests.unit.madang.core.protocol.oid4vp.city import City


def test_the_prefix_ends_at_the_first_colon() -> None:
    assert parse_client_id("x509_san_dns:a:b") == ClientId(Prefix.X509_SAN_DNS, "a:b")
    assert str(ClientId(Prefix.X509_HASH, "abc")) == "x509_hash:abc"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example-client",
        "x509_hash:",
        "X509_hash:abc",
        "origin:https://mapo.example",
        "redirect_uri:",
        "openid_federation:https://mapo.example",
        "https://mapo.example",
    ],
)
def test_other_prefixes_are_not_accepted(text: str) -> None:
    with pytest.raises(VpError) as refusal:
        parse_client_id(text)
    assert (refusal.value.code, refusal.value.reason) == ("invalid_request", "client_id_prefix")


def test_what_a_place_does_not_accept_is_refused_there() -> None:
    assert parse_client_id("x509_hash:a", accepted=CERTIFIED).prefix is Prefix.X509_HASH
    for text in ("redirect_uri:https://mapo.example/cb", "verifier_attestation:mapo"):
        assert str(parse_client_id(text)) == text
        with pytest.raises(VpError, match="x509_hash, x509_san_dns"):
            parse_client_id(text, accepted=CERTIFIED)


def test_each_kind_of_client_has_its_own_identifier() -> None:
    made = {
        "redirect_uri:https://mapo.example/cb": redirect_uri_client_id("https://mapo.example/cb"),
        "decentralized_identifier:did:web:mapo.example": did_client_id("did:web:mapo.example"),
        "verifier_attestation:mapo": attested_client_id("mapo"),
    }
    for text, client_id in made.items():
        assert str(client_id) == text
        assert parse_client_id(text) == client_id
    with pytest.raises(DidError, match="no DID"):
        did_client_id("mapo.example")


def test_an_address_gets_its_answers_at_itself() -> None:
    client_id = redirect_uri_client_id("https://mapo.example/r/1")
    check_response_host(client_id, "https://mapo.example/r/1")
    for uri in ("https://mapo.example/r/2", "https://mapo.example/r/1/", ""):
        with pytest.raises(VpError, match="response_uri_host"):
            check_response_host(client_id, uri)


def test_an_identifier_must_be_the_certificate_s(city: City) -> None:
    leaf = city.verifier.certificate_chain[0]
    check_certificate(x509_hash_client_id(leaf), leaf)
    check_certificate(x509_san_dns_client_id("mapo.example"), leaf)
    wrong = (
        x509_hash_client_id(city.issuer.certificate_chain[0]),
        x509_san_dns_client_id("evil.example"),
    )
    for client_id in wrong:
        with pytest.raises(VpError, match="client_id_certificate"):
            check_certificate(client_id, leaf)
    with pytest.raises(VpError, match="client_id_certificate"):
        check_certificate(x509_san_dns_client_id("mapo.example"), b"no certificate")


def test_a_dns_name_gets_its_answers_at_itself() -> None:
    client_id = x509_san_dns_client_id("Mapo.example")
    check_response_host(client_id, "https://mapo.example:8443/x")
    for uri in ("https://evil.example/x", "https://mapo.example.evil.example/", "x"):
        with pytest.raises(VpError, match="response_uri_host"):
            check_response_host(client_id, uri)
    check_response_host(ClientId(Prefix.X509_HASH, "abc"), "https://anywhere.example/")


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_by_the_family(text: str) -> None:
    with contextlib.suppress(VpError):
        assert str(parse_client_id(text)) == text
