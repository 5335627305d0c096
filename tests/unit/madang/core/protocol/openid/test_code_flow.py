"""One code flow: what is asked, and what comes back."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.openid.code_flow import (
    AuthenticationRequest,
    Callback,
    basic,
    parse_callback,
    parse_pushed_answer,
    parse_token_answer,
    with_query,
)
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.metadata import ProviderMetadata

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
REQUEST = AuthenticationRequest(
    client_id="hanbit",
    redirect_uri="https://id.example/back",
    scope="openid card",
    state="state-1",
    nonce="nonce-1",
    code_verifier=VERIFIER,
    acr_values=("high", "low"),
    max_age=300,
    claims=("name",),
    language="ko",
)


def metadata(*, named: bool) -> ProviderMetadata:
    return ProviderMetadata(
        issuer="https://login.example",
        authorization_endpoint="https://login.example/auth",
        token_endpoint="https://login.example/token",
        jwks_uri="https://login.example/jwks",
        authorization_response_iss_parameter_supported=named,
    )


def test_the_request_asks_for_a_new_log_in_of_a_level_and_for_the_claims() -> None:
    asked = REQUEST.parameters()
    assert asked["response_type"] == "code"
    assert (asked["prompt"], asked["max_age"]) == ("login", "300")
    assert asked["acr_values"] == "high low"
    assert json.loads(asked["claims"]) == {
        "id_token": {
            "name": {"essential": True},
            "acr": {"essential": True, "values": ["high", "low"]},
        }
    }
    assert (asked["state"], asked["nonce"], asked["ui_locales"]) == ("state-1", "nonce-1", "ko")


def test_of_the_code_verifier_only_the_hash_travels() -> None:
    """The example of RFC 7636, appendix B."""
    asked = REQUEST.parameters()
    assert asked["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert asked["code_challenge_method"] == "S256"
    assert VERIFIER not in asked.values()
    assert VERIFIER not in repr(REQUEST)


def test_an_endpoint_s_own_query_stays() -> None:
    assert with_query("https://a.example/x?y=1", {"z": "2 3"}) == "https://a.example/x?y=1&z=2+3"
    assert with_query("https://a.example/x", {"z": "2"}) == "https://a.example/x?z=2"


def test_names_and_secrets_are_encoded_before_they_are_joined() -> None:
    """RFC 6749 section 2.3.1."""
    assert base64.b64decode(basic("a:b", "c d").removeprefix("Basic ")) == b"a%3Ab:c+d"


def test_a_callback_is_read() -> None:
    assert parse_callback("state=s&code=c&iss=https%3A%2F%2Flogin.example&more=1") == Callback(
        "s", "c", "", "https://login.example"
    )
    assert parse_callback("state=s&error=access_denied").error == "access_denied"


@pytest.mark.parametrize(
    "query",
    ["", "code=c", "state=s", "state=s&code=c&error=e", "state=s&state=t&code=c", "state=&code=c"],
)
def test_a_callback_that_is_none_is_refused(query: str) -> None:
    with pytest.raises(OpenIdError) as caught:
        parse_callback(query)
    assert caught.value.code == "callback_form"


@pytest.mark.parametrize(
    ("issuer", "named", "holds"),
    [
        ("https://login.example", True, True),
        ("https://login.example", False, True),
        (None, False, True),
        (None, True, False),
        ("https://evil.example", False, False),
        ("https://evil.example", True, False),
    ],
)
def test_a_callback_of_another_provider_is_refused(
    issuer: str | None, *, named: bool, holds: bool
) -> None:
    callback = Callback("s", "c", "", issuer)
    if holds:
        callback.check_issuer(metadata(named=named))
    else:
        with pytest.raises(OpenIdError, match="callback_issuer"):
            callback.check_issuer(metadata(named=named))


def test_answers_are_read() -> None:
    told = parse_token_answer(b'{"id_token": "a.b.c", "access_token": "x", "token_type": "bearer"}')
    assert (told.id_token, told.bearer) == ("a.b.c", "x")
    assert "'x'" not in repr(told)
    other = parse_token_answer(b'{"id_token": "a.b.c", "access_token": "x", "token_type": "DPoP"}')
    assert other.bearer == parse_token_answer(b'{"id_token": "a.b.c"}').bearer == ""
    assert parse_pushed_answer(b'{"request_uri": "urn:x", "expires_in": 60}') == "urn:x"


@pytest.mark.parametrize("token", ["\u00e9", "x y", "x\r\ny: z", "\x00"])
def test_an_access_token_that_no_header_carries_is_none(token: str) -> None:
    answer = {"id_token": "a.b.c", "access_token": token, "token_type": "Bearer"}
    assert parse_token_answer(json.dumps(answer).encode()).bearer == ""


@given(st.binary(max_size=100))
def test_any_bytes_are_an_answer_or_refused(data: bytes) -> None:
    for parse in (parse_token_answer, parse_pushed_answer):
        with pytest.raises(OpenIdError):
            parse(data)


@given(st.text(max_size=100))
def test_any_text_is_a_callback_or_refused(query: str) -> None:
    try:
        found = parse_callback(query)
    except OpenIdError:
        return
    assert found.state
    assert bool(found.code) != bool(found.error)
