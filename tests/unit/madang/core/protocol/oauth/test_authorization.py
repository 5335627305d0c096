import contextlib
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.form import encode_form, parse_form
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.oauth.authorization import (
    AuthorizationRequest,
    authorization_link,
    code_answer,
    error_answer,
    is_redirect_uri,
    parse_pushed_response,
    read_answer,
    read_authorization_request,
)
from madang.core.protocol.oauth.details import AuthorizationDetail, parse_details, parse_scope
from madang.core.protocol.oauth.errors import OAuthError, invalid_request

ISSUER = "https://id.example/mapo/issuer"
CALLBACK = "https://w.example/cb"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
DETAIL = AuthorizationDetail(type="openid_credential", credential_configuration_id="lease")
PLAIN = AuthorizationRequest("wallet", CALLBACK, CHALLENGE)
FULL = AuthorizationRequest(
    "wallet", CALLBACK, CHALLENGE, "s", ("lease", "digital_id"), (DETAIL,), "offer", CHALLENGE
)


def form(request: AuthorizationRequest, /, **changes: str | None) -> dict[str, str]:
    merged = request.to_parameters() | changes
    return {name: value for name, value in merged.items() if value is not None}


@pytest.mark.parametrize("request_", [PLAIN, FULL], ids=["plain", "full"])
def test_what_a_client_pushes_is_what_the_server_reads(request_: AuthorizationRequest) -> None:
    text = encode_form(request_.to_parameters())
    read = parse_form(text, limits=DEFAULT_LIMITS, refuse=invalid_request)
    assert read_authorization_request(read | {"nonce": "ignored"}) == request_


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"client_id": None}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"state": "x" * 4001}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"scope": "a  b"}, "invalid_scope"),
        ({"scope": 'a"'}, "invalid_scope"),
        ({"authorization_details": "{}"}, "invalid_authorization_details"),
    ],
    ids=range(17),
)
def test_a_request_with_one_defect_is_refused(changes: dict[str, str | None], code: str) -> None:
    with pytest.raises(OAuthError) as refusal:
        read_authorization_request(form(FULL, **changes))
    assert (refusal.value.code, refusal.value.status) == (code, 400)


def test_a_long_state_is_kept_whole() -> None:
    assert read_authorization_request(form(PLAIN, state="x" * 1000)).state == "x" * 1000


def test_a_scope_counts_once_and_nothing_is_nothing() -> None:
    assert parse_scope("b a b") == ("b", "a")
    assert parse_scope(None) == ()
    assert parse_details(None, DEFAULT_LIMITS) == ()


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        (CALLBACK, True),
        ("https://w.example/cb?x=1", True),
        ("org.example.wallet:/cb", True),
        ("org.example.wallet://cb", True),
        ("http://127.0.0.1:9/cb", False),
        ("http://w.example/cb", False),
        ("wallet://cb", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://w.example/cb#f", False),
        ("org.example:/c#f", False),
        ("org.example:/a b", False),
        ("/cb", False),
        ("", False),
    ],
)
def test_where_an_answer_may_go(uri: str, *, good: bool) -> None:
    assert is_redirect_uri(uri) is good


def test_loopback_needs_permission() -> None:
    assert is_redirect_uri("http://127.0.0.1:9/cb", allow_loopback_http=True)
    assert not is_redirect_uri("http://w.example/cb", allow_loopback_http=True)


def test_the_link_carries_client_and_request_alone() -> None:
    link = authorization_link(f"{ISSUER}/authorize", "wallet", "urn:a:b")
    assert parse_qs(urlsplit(link).query) == {"client_id": ["wallet"], "request_uri": ["urn:a:b"]}


@pytest.mark.parametrize("redirect", [CALLBACK, f"{CALLBACK}?x=1", "org.example.wallet:/cb"])
@pytest.mark.parametrize("state", ["s t&u", None], ids=["state", "none"])
def test_an_answer_is_read_back(redirect: str, state: str | None) -> None:
    answer = code_answer(redirect, code="c", state=state, issuer=ISSUER)
    assert read_answer(answer, issuer=ISSUER, state=state) == "c"
    refused = error_answer(redirect, error="access_denied", state=state, issuer=ISSUER)
    with pytest.raises(OAuthError, match="access_denied: no reason was given"):
        read_answer(refused, issuer=ISSUER, state=state)


@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK,
        "",
        f"{CALLBACK}?code=c&state=s",
        code_answer(CALLBACK, code="c", state="s", issuer="https://evil.example"),
        code_answer(CALLBACK, code="c", state="t", issuer=ISSUER),
        code_answer(CALLBACK, code="c", state=None, issuer=ISSUER),
        f"{CALLBACK}?state=s&iss={ISSUER}",
        code_answer(CALLBACK, code="c", state="s", issuer=ISSUER) + "&code=d",
        error_answer(CALLBACK, error="x", state="t", issuer=ISSUER),
        "https://[",
    ],
    ids=range(10),
)
def test_an_answer_that_is_not_of_this_request_is_refused(uri: str) -> None:
    with pytest.raises(OAuthError, match="invalid_response"):
        read_answer(uri, issuer=ISSUER, state="s")


def test_the_answer_to_a_push_is_read() -> None:
    read = parse_pushed_response(b'{"request_uri":"urn:a","expires_in":60}')
    assert (read.request_uri, read.expires_in) == ("urn:a", 60)
    for bad in (b"{}", b'{"request_uri":"urn:a","expires_in":0}', b"x"):
        with pytest.raises(OAuthError, match="invalid_response"):
            parse_pushed_response(bad)


@given(st.dictionaries(st.sampled_from(sorted(form(FULL))), st.text(max_size=60)))
def test_any_request_is_read_or_refused_by_the_family(changes: dict[str, str]) -> None:
    with contextlib.suppress(OAuthError):
        read_authorization_request(form(FULL, **changes))


@given(st.text(max_size=200))
def test_any_answer_is_read_or_refused_by_the_family(text: str) -> None:
    for uri in (text, f"{CALLBACK}?{text}"):
        with contextlib.suppress(OAuthError):
            read_answer(uri, issuer=ISSUER, state=None)
    is_redirect_uri(text, allow_loopback_http=True)
