import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.oid4vp.client_id import (
    ClientId,
    Prefix,
    check_certificate,
    check_response_host,
    parse_client_id,
    x509_hash_client_id,
    x509_san_dns_client_id,
)
from madang.core.protocol.oid4vp.errors import VpError
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
        "redirect_uri:https://mapo.example/cb",
        "openid_federation:https://mapo.example",
        "decentralized_identifier:did:example:1",
        "verifier_attestation:mapo",
        "https://mapo.example",
    ],
)
def test_other_prefixes_are_not_accepted(text: str) -> None:
    with pytest.raises(VpError) as refusal:
        parse_client_id(text)
    assert (refusal.value.code, refusal.value.reason) == ("invalid_request", "client_id_prefix")


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
