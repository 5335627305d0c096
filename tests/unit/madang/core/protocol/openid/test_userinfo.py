import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.protocol.limits import Limits
from madang.core.protocol.openid.errors import OpenIdError
from madang.core.protocol.openid.userinfo import parse_userinfo

JSON = "application/json"
TOLD = {"sub": "p1", "name": "김하늘"}


@pytest.mark.parametrize("media_type", [JSON, "Application/JSON; charset=utf-8"])
def test_claims_of_the_same_person_are_read(media_type: str) -> None:
    assert parse_userinfo(json.dumps(TOLD).encode(), media_type, "p1") == TOLD


@pytest.mark.parametrize(
    ("body", "media_type", "subject", "code"),
    [
        (b'{"sub":"p1"}', "application/jwt", "p1", "userinfo_form"),
        (b'{"sub":"p1"}', "", "p1", "userinfo_form"),
        (b"[]", JSON, "p1", "userinfo_form"),
        (b"<html>", JSON, "p1", "userinfo_form"),
        (b'{"sub":"p1","sub":"p1"}', JSON, "p1", "userinfo_form"),
        (b'{"sub":"p2"}', JSON, "p1", "userinfo_subject"),
        (b"{}", JSON, "p1", "userinfo_subject"),
        (b"{}", JSON, None, "userinfo_subject"),
        (b'{"sub":null}', JSON, None, "userinfo_subject"),
    ],
)
def test_of_anybody_else_or_in_another_form_they_are_refused(
    body: bytes, media_type: str, subject: str | None, code: str
) -> None:
    with pytest.raises(OpenIdError) as refused:
        parse_userinfo(body, media_type, subject)
    assert refused.value.code == code


def test_an_answer_over_the_limit_is_refused() -> None:
    with pytest.raises(OpenIdError, match="userinfo_form"):
        parse_userinfo(json.dumps(TOLD).encode(), JSON, "p1", limits=Limits(body_bytes=10))


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(OpenIdError):
        parse_userinfo(data, JSON, "p1")
