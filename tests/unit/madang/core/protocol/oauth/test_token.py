import contextlib
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.error_body import UNTOLD
from madang.core.protocol.limits import Limits
from madang.core.protocol.oauth.details import AuthorizationDetail
from madang.core.protocol.oauth.errors import OAuthCode, OAuthError, parse_error
from madang.core.protocol.oauth.names import (
    PRE_AUTHORIZED_CODE_GRANT,
    AccessToken,
    PreAuthorizedCode,
)
from madang.core.protocol.oauth.token import (
    AnyTokenRequest,
    CodeRequest,
    RefreshRequest,
    TokenRequest,
    TokenResponse,
    parse_token_request,
    parse_token_response,
)

DETAIL = AuthorizationDetail(type="openid_credential", credential_configuration_id="lease")


def form(**parameters: str) -> bytes:
    known = {"grant_type": PRE_AUTHORIZED_CODE_GRANT, "pre-authorized_code": "abc"}
    return urlencode(known | parameters).encode()


@pytest.mark.parametrize(
    "request_",
    [
        TokenRequest(PreAuthorizedCode("abc")),
        TokenRequest(PreAuthorizedCode("abc"), "493536", "wallet", (DETAIL,)),
        CodeRequest("abc", "v" * 43),
        CodeRequest("abc", "v" * 43, "https://w.example/cb", "wallet", (DETAIL,)),
        RefreshRequest("abc"),
        RefreshRequest("abc", "wallet", ("lease", "digital_id"), (DETAIL,)),
    ],
)
def test_what_a_wallet_posts_is_what_the_server_reads(request_: AnyTokenRequest) -> None:
    assert parse_token_request(request_.to_form().encode()) == request_


def test_unknown_parameters_are_ignored_and_an_empty_code_counts_as_missing() -> None:
    assert parse_token_request(form(resource="x", tx_code="")).tx_code is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", OAuthCode.INVALID_REQUEST),
        (b"\xff\xfe", OAuthCode.INVALID_REQUEST),
        (form(grant_type=""), OAuthCode.INVALID_REQUEST),
        (form(grant_type="client_credentials"), OAuthCode.UNSUPPORTED_GRANT_TYPE),
        (form(grant_type="authorization_code"), OAuthCode.INVALID_REQUEST),
        (form(grant_type="authorization_code", code="abc"), OAuthCode.INVALID_REQUEST),
        (form(grant_type="refresh_token"), OAuthCode.INVALID_REQUEST),
        (
            form(grant_type="refresh_token", refresh_token="a", scope="a  b"),
            OAuthCode.INVALID_SCOPE,
        ),
        (urlencode({"grant_type": PRE_AUTHORIZED_CODE_GRANT}).encode(), OAuthCode.INVALID_REQUEST),
        (form() + b"&tx_code=1&tx_code=1", OAuthCode.INVALID_REQUEST),
        (form() + b"&grant_type=x", OAuthCode.INVALID_REQUEST),
        (form(authorization_details="{"), OAuthCode.INVALID_AUTHORIZATION_DETAILS),
        (form(authorization_details="{}"), OAuthCode.INVALID_AUTHORIZATION_DETAILS),
        (form(authorization_details="[]"), OAuthCode.INVALID_AUTHORIZATION_DETAILS),
        (form(authorization_details="[1]"), OAuthCode.INVALID_AUTHORIZATION_DETAILS),
        (
            form(authorization_details='[{"type":"x","credential_configuration_id":"y"}]'),
            OAuthCode.INVALID_AUTHORIZATION_DETAILS,
        ),
    ],
)
def test_a_malformed_token_request_is_refused_with_its_code(body: bytes, code: OAuthCode) -> None:
    with pytest.raises(OAuthError) as refusal:
        parse_token_request(body)
    assert refusal.value.code == code
    assert refusal.value.status == 400
    assert refusal.value.to_json()["error"] == code


def test_the_number_of_details_is_bounded() -> None:
    body = TokenRequest(PreAuthorizedCode("a"), authorization_details=(DETAIL,) * 3).to_form()
    assert parse_token_request(body.encode(), limits=Limits(configurations=3))
    with pytest.raises(OAuthError, match="1 to 2"):
        parse_token_request(body.encode(), limits=Limits(configurations=2))


def test_an_answer_names_no_nonce_and_is_read_back() -> None:
    answer = TokenResponse(access_token=AccessToken("t"), expires_in=300)
    assert answer.to_json() == {"access_token": "t", "token_type": "Bearer", "expires_in": 300}
    assert parse_token_response(json.dumps(answer.to_json()).encode()) == answer


@pytest.mark.parametrize(
    "data",
    [b"{}", b"[]", b'{"access_token":1,"token_type":"Bearer"}', b'{"access_token":"t",'],
)
def test_an_unreadable_answer_is_the_wallet_s_own_error(data: bytes) -> None:
    with pytest.raises(OAuthError) as refusal:
        parse_token_response(data)
    assert refusal.value.code == OAuthCode.INVALID_RESPONSE


def test_a_token_type_the_wallet_cannot_use_is_refused() -> None:
    with pytest.raises(OAuthError, match="neither Bearer nor DPoP"):
        parse_token_response(b'{"access_token":"t","token_type":"mac"}')


def test_a_bound_token_is_read_and_what_authenticates_the_client_is_added() -> None:
    assert parse_token_response(b'{"access_token":"t","token_type":"dpop"}').token_type == "dpop"
    more = {"client_assertion": "a.b.c"}
    for request in (
        TokenRequest(PreAuthorizedCode("a")),
        CodeRequest("a", "v"),
        RefreshRequest("a"),
    ):
        assert request.to_form(more).endswith("&client_assertion=a.b.c")


def test_a_server_s_error_is_read_whatever_its_code() -> None:
    error = parse_error(b'{"error":"slow_down","error_description":"x"}', 400)
    assert (error.code, error.description, error.status) == ("slow_down", "x", 400)
    assert parse_error(b'{"error":"slow_down"}', 400).description == UNTOLD
    with pytest.raises(OAuthError, match="invalid_response"):
        parse_error(b"<html>", 500)


def test_statuses_follow_the_code() -> None:
    assert OAuthError(OAuthCode.INVALID_TOKEN, "").status == 401
    assert OAuthError(OAuthCode.INSUFFICIENT_SCOPE, "").status == 403
    assert OAuthError("something_new", "").status == 400


@given(st.binary(max_size=80))
def test_any_token_request_is_read_or_refused_by_the_family(body: bytes) -> None:
    with contextlib.suppress(OAuthError):
        parse_token_request(form() + b"&" + body)
    with contextlib.suppress(OAuthError):
        parse_token_response(body)
