import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.request_link import (
    RequestLink,
    parse_request_link,
    parse_wallet_post,
)

ADDRESS = "https://mapo.example/mapo/verifier/request/1"


def link(scheme: str = "openid4vp", **parameters: str) -> str:
    known = {"client_id": "x509_hash:abc", "request_uri": ADDRESS}
    return f"{scheme}://?{urlencode(known | parameters)}"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("scheme", ["openid4vp", "haip-vp"])
def test_a_link_is_read_back(method: str, scheme: str) -> None:
    made = RequestLink("x509_hash:abc", ADDRESS, method)
    assert parse_request_link(made.to_uri(scheme=scheme)) == made
    assert ("request_uri_method" in made.to_uri()) is (method == "post")


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("", "invalid_request"),
        ("https://mapo.example/?client_id=a&request_uri=b", "invalid_request"),
        ("openid4vp://", "invalid_request"),
        ("openid4vp://[", "invalid_request"),
        ("openid4vp://?client_id=x", "invalid_request"),
        (link() + "&client_id=other", "invalid_request"),
        (link(request_uri="http://mapo.example/1"), "invalid_request"),
        (link(request_uri="http://127.0.0.1/1"), "invalid_request"),
        (link(request_uri_method="POST"), "invalid_request_uri_method"),
        (link(request_uri_method="put"), "invalid_request_uri_method"),
    ],
)
def test_a_malformed_link_is_refused_with_its_code(uri: str, code: str) -> None:
    with pytest.raises(VpError) as refusal:
        parse_request_link(uri)
    assert refusal.value.code == code
    assert refusal.value.reply_to is None


def test_http_on_this_machine_needs_permission_and_length_is_bounded() -> None:
    uri = link(request_uri="http://127.0.0.1:8000/1")
    assert parse_request_link(uri, allow_loopback_http=True)
    with pytest.raises(VpError, match="longer"):
        parse_request_link(link(), limits=Limits(uri_chars=len(link()) - 1))


def test_a_wallet_s_post_gives_its_nonce_and_metadata_is_not_used() -> None:
    assert parse_wallet_post(b"wallet_nonce=abc&wallet_metadata=%7Bjunk") == "abc"
    assert parse_wallet_post(b"wallet_metadata=%7B%7D") is None
    assert parse_wallet_post(b"") is None
    for body in (b"wallet_nonce=a&wallet_nonce=b", b"\xff"):
        with pytest.raises(VpError, match="wallet_post"):
            parse_wallet_post(body)
    with pytest.raises(VpError, match="longer"):
        parse_wallet_post(b"wallet_nonce=abc", limits=Limits(text_chars=2))


@given(st.text(max_size=40), st.binary(max_size=40))
def test_anything_is_read_or_refused_by_the_family(text: str, body: bytes) -> None:
    for uri in (text, f"openid4vp://?{text}"):
        with contextlib.suppress(VpError):
            parse_request_link(uri)
    with contextlib.suppress(VpError):
        parse_wallet_post(body)
