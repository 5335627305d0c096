import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.limits import Limits
from madang.core.protocol.oid4vp.errors import VpError
from madang.core.protocol.oid4vp.request_link import (
    PlainRequest,
    RequestByValue,
    RequestLink,
    WalletPost,
    parse_request_link,
    parse_request_query,
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
        ("openid4vp://?client_id=x&request=a.b.c&request_uri_method=post", "invalid_request"),
        ("openid4vp://?client_id=x&response_type=vp_token&dcql_query=%7B", "invalid_request"),
        ("openid4vp://?response_type=vp_token", "invalid_request"),
        (link(request="a.b.c"), "invalid_request"),
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
    for limits in (Limits(uri_chars=len(ADDRESS) - 1), Limits(jwt_bytes=len(link()) - 1)):
        with pytest.raises(VpError, match="longer"):
            parse_request_link(link(), limits=limits)


def test_a_request_object_may_come_in_the_link() -> None:
    uri = "openid4vp://?client_id=x509_hash%3Aabc&request=a.b.c"
    assert parse_request_link(uri) == RequestByValue("x509_hash:abc", "a.b.c")
    assert parse_request_query(uri.partition("?")[2]) == parse_request_link(uri)


def test_a_plain_request_has_its_objects_decoded() -> None:
    members = {
        "client_id": "redirect_uri:https://x.example/cb",
        "response_type": "vp_token",
        "nonce": "5",
        "dcql_query": '{"credentials": []}',
        "transaction_data": '["e30"]',
        "unknown": "{}",
    }
    found = parse_request_link(f"openid4vp://?{urlencode(members)}")
    assert found == PlainRequest(
        {**members, "dcql_query": {"credentials": []}, "transaction_data": ["e30"]}
    )


def test_a_wallet_s_post_gives_its_nonce_and_metadata_is_not_used() -> None:
    assert parse_wallet_post(b"wallet_nonce=abc&wallet_metadata=%7Bjunk") == WalletPost("abc")
    assert parse_wallet_post(b"wallet_metadata=%7B%7D") == WalletPost()
    assert parse_wallet_post(b"") == WalletPost()
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
