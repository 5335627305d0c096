import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.urls import (
    WellKnown,
    host_of,
    is_public_address,
    is_web_address,
    well_known,
)

ISSUER = "https://mapo.example/mapo/issuer"


@pytest.mark.parametrize(
    ("identifier", "document", "address"),
    [
        (ISSUER, WellKnown.CREDENTIAL_ISSUER, "openid-credential-issuer/mapo/issuer"),
        (ISSUER, WellKnown.AUTHORIZATION_SERVER, "oauth-authorization-server/mapo/issuer"),
        (ISSUER, WellKnown.JWT_VC_ISSUER, "jwt-vc-issuer/mapo/issuer"),
        (ISSUER + "/", WellKnown.JWT_VC_ISSUER, "jwt-vc-issuer/mapo/issuer"),
        ("https://mapo.example", WellKnown.CREDENTIAL_ISSUER, "openid-credential-issuer"),
    ],
)
def test_a_well_known_name_is_inserted_before_the_path(
    identifier: str, document: WellKnown, address: str
) -> None:
    assert well_known(identifier, document) == f"https://mapo.example/.well-known/{address}"


def test_port_and_loopback_stay_in_the_address() -> None:
    here = well_known("http://127.0.0.1:8001/mapo/issuer", WellKnown.CREDENTIAL_ISSUER)
    assert here == "http://127.0.0.1:8001/.well-known/openid-credential-issuer/mapo/issuer"


@pytest.mark.parametrize("url", [ISSUER, "https://h:8443/x?y=1", "https://[::1]/x"])
def test_absolute_https_is_a_web_address(url: str) -> None:
    assert is_web_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/x",
        "https:///x",
        "http://mapo.example/x",
        "http://127.0.0.1/x",
        "ftp://mapo.example",
        "javascript:alert(1)",
        "https://user@mapo.example/",
        "https://mapo.example/#here",
        "https://mapo.example/\nx",
        "https://mapo.example/ x",
        "https://마포.example/",
        "https://mapo.example:port/",
        "https://[::1/",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_web_address(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_http_counts_on_this_machine_only_and_only_when_allowed(host: str) -> None:
    assert is_web_address(f"http://{host}:8000/x", allow_loopback_http=True)
    assert not is_web_address(f"http://{host}:8000/x")
    assert not is_web_address("http://127.0.0.1.evil.example/x", allow_loopback_http=True)


def test_the_host_is_lower_case_and_without_port() -> None:
    assert host_of("https://Mapo.Example:8443/x") == "mapo.example"
    assert host_of("https://[::1") is None


@given(st.text(max_size=40))
def test_any_text_is_answered(url: str) -> None:
    assert is_web_address(url) in (True, False)
    host_of(url)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "2606:4700:4700::1111", "64:ff9b::101:101", "2002:101:101::1"]
)
def test_addresses_of_the_public_network(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 - refused
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "fec0::1",
        "5f00::1",
        "2001:db8::1",
        "127.1",
        "2130706433",
        "localhost",
        "",
    ],
)
def test_this_machine_local_networks_and_what_leads_there_are_not_public(address: str) -> None:
    assert not is_public_address(address)


@given(st.text())
def test_any_text_is_an_address_or_not(text: str) -> None:
    assert is_public_address(text) in {True, False}
