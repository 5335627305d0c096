import contextlib
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.envelope import jwe
from madang.core.protocol.limits import DEFAULT_LIMITS, Limits
from madang.core.protocol.oid4vp.errors import VpCode, VpError
from madang.core.protocol.oid4vp.request import RequestObject
from madang.core.protocol.oid4vp.response import (
    Answer,
    PostedAnswer,
    PostedError,
    answer_form,
    answer_members,
    error_form,
    open_answer,
    parse_handed_over,
    parse_posted,
)
from tests.unit.madang.core.protocol.oid4vp.city import City, private_jwks, public_jwk


def sealed(payload: object, enc: str = "A128GCM") -> PostedAnswer:
    text = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return PostedAnswer(jwe.encrypt(text, public_jwk(), enc=enc))


def opened(posted: PostedAnswer, limits: Limits = DEFAULT_LIMITS) -> Answer | PostedError:
    return open_answer(posted, private_jwks(), limits=limits)


@pytest.mark.parametrize("state", ["s-1", None])
def test_what_the_wallet_encrypts_the_verifier_reads(city: City, state: str | None) -> None:
    body = answer_form(
        city.request().model_copy(update={"state": state}), {"id": ["a~b~"], "lease": ["c", "d"]}
    )
    posted = parse_posted(body.encode())
    assert isinstance(posted, PostedAnswer)
    assert opened(posted) == Answer({"id": ("a~b~",), "lease": ("c", "d")}, state)


def test_the_header_names_key_and_algorithms_and_no_content_is_seen(city: City) -> None:
    body = answer_form(city.request(), {"id": ["secret"]})
    head = body.removeprefix("response=").split(".")[0]
    header = json.loads(base64url.decode(head))
    assert (header["alg"], header["enc"], header["kid"]) == ("ECDH-ES", "A128GCM", "e1")
    assert "secret" not in body


def test_an_error_may_come_in_the_clear() -> None:
    body = error_form(VpCode.ACCESS_DENIED, description="거절", state="s-1")
    assert parse_posted(body.encode()) == PostedError("access_denied", "??", "s-1")
    assert parse_posted(b"error=x") == PostedError("x", None, None)


def test_an_error_may_be_encrypted_too() -> None:
    found = opened(sealed({"error": "access_denied", "state": "s-1"}))
    assert found == PostedError("access_denied", None, "s-1")
    with pytest.raises(VpError, match="vp_token_form"):
        opened(sealed({"error": 5}))
    assert opened(sealed({"error": "x", "vp_token": {"id": ["x"]}})) == Answer({"id": ("x",)}, None)


def request_in(city: City, mode: str) -> RequestObject:
    return city.request().model_copy(update={"response_mode": mode})


def test_an_answer_in_the_clear_is_read_as_it_stands(city: City) -> None:
    body = answer_form(request_in(city, "direct_post"), {"id": ["a~b~", "c"]})
    assert parse_posted(body.encode(), "direct_post") == Answer({"id": ("a~b~", "c")}, "s-1")
    assert parse_posted(b"error=x", "direct_post") == PostedError("x", None, None)


def test_what_a_wallet_hands_over_by_the_api_is_read(city: City) -> None:
    clear = answer_members(request_in(city, "dc_api"), {"id": ["a"]})
    assert clear == {"vp_token": {"id": ["a"]}}
    assert parse_handed_over(clear, "dc_api") == Answer({"id": ("a",)}, None)
    posted = parse_handed_over(answer_members(request_in(city, "dc_api.jwt"), clear), "dc_api.jwt")
    assert isinstance(posted, PostedAnswer)
    assert opened(posted) == Answer({"vp_token": ("id",)}, None)
    for mode in ("dc_api", "dc_api.jwt"):
        found = parse_handed_over({"error": "access_denied"}, mode)
        assert found == PostedError("access_denied", None, None)


@pytest.mark.parametrize(
    ("mode", "data", "reason"),
    [
        ("dc_api", [], "response_form"),
        ("dc_api", {}, "response_form"),
        ("dc_api", {"error": 5}, "response_form"),
        ("dc_api", {"vp_token": {}, "error": "x"}, "response_form"),
        ("dc_api", {"vp_token": []}, "vp_token_form"),
        ("dc_api", {"vp_token": '{"id":["x"]}'}, "vp_token_form"),
        ("dc_api", {"response": "a.b"}, "response_encrypted"),
        ("dc_api.jwt", {"response": 5}, "response_form"),
        ("dc_api.jwt", {"vp_token": {"id": ["x"]}}, "response_plain"),
    ],
)
def test_what_was_not_asked_for_is_not_taken(mode: str, data: object, reason: str) -> None:
    with pytest.raises(VpError) as refusal:
        parse_handed_over(data, mode)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"response": "a.b.c.d.e"}, "response_encrypted"),
        ({"vp_token": "x"}, "vp_token_form"),
        ({"vp_token": "[]"}, "vp_token_form"),
        ({"vp_token": '{"id":["x"],"id":["y"]}'}, "vp_token_form"),
        ({"vp_token": "{}", "error": "x"}, "response_form"),
        ({"state": "s-1"}, "response_form"),
    ],
)
def test_a_form_that_is_no_answer_in_the_clear_is_refused(
    form: dict[str, str], reason: str
) -> None:
    with pytest.raises(VpError) as refusal:
        parse_posted(urlencode(form).encode(), "direct_post")
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "response_form"),
        (b"\xff", "response_form"),
        (b"state=s-1", "response_form"),
        (b"response=a&response=b", "response_form"),
        (b"response=a&error=b", "response_form"),
        (urlencode({"vp_token": '{"id":["x"]}', "state": "s"}).encode(), "response_plain"),
        (b"response=a&vp_token=%7B%7D", "response_plain"),
    ],
)
def test_a_form_that_is_no_encrypted_answer_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(VpError) as refusal:
        parse_posted(body)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"vp_token": "x"},
        {"vp_token": ["x"]},
        {"vp_token": None},
        {"vp_token": {"id": "x"}},
        {"vp_token": {"id": []}},
        {"vp_token": {"id": [{}]}},
        {"vp_token": {"id": [None]}},
        {"vp_token": {"": ["x"]}},
        {"vp_token": {"a b": ["x"]}},
        {"vp_token": {"id\n": ["x"]}},
    ],
)
def test_v30_a_vp_token_that_is_no_object_of_arrays_is_refused(payload: object) -> None:
    with pytest.raises(VpError) as refusal:
        opened(sealed(payload))
    assert refusal.value.reason == "vp_token_form"


@pytest.mark.parametrize(
    "payload",
    [[], "x", {"vp_token": {}, "state": 5}, b"not json", b'{"vp_token":{},"vp_token":{}}'],
)
def test_a_payload_that_cannot_be_read_is_refused(payload: object) -> None:
    with pytest.raises(VpError) as refusal:
        opened(sealed(payload))
    assert refusal.value.reason == "response_payload"


def test_v33_only_the_key_and_algorithms_of_this_request_are_accepted() -> None:
    posted = sealed({"vp_token": {"id": ["x"]}}, enc="A256GCM")
    assert opened(posted)
    head, *rest = posted.jwe.split(".")
    header = json.loads(base64url.decode(head))
    changed = [
        {**header, "kid": "other"},
        {**header, "alg": "RSA-OAEP"},
        {**header, "enc": "A128CBC-HS256"},
        {**header, "zip": "DEF"},
        {name: value for name, value in header.items() if name != "kid"},
    ]
    texts = [".".join([base64url.encode(json.dumps(each).encode()), *rest]) for each in changed]
    for text in ["", "a.b.c.d.e", posted.jwe[:-4] + "AAAA", *texts]:
        with pytest.raises(VpError) as refusal:
            opened(PostedAnswer(text))
        assert refusal.value.reason == "response_encryption"
    with pytest.raises(VpError, match="response_encryption"):
        open_answer(posted, {"e0": private_jwks()["e1"]})
    with pytest.raises(VpError, match="response_encryption"):
        open_answer(posted, private_jwks(), allowed_enc=("A128GCM",))


def test_sizes_and_counts_are_bounded() -> None:
    posted = sealed({"vp_token": {"a": ["x", "y"], "b": ["z"]}})
    assert opened(posted, Limits(presentations=3, jwe_bytes=len(posted.jwe), text_chars=1))
    for limits in (
        Limits(presentations=2),
        Limits(jwe_bytes=len(posted.jwe) - 1),
        Limits(json_depth=2),
        Limits(text_chars=0),
    ):
        with pytest.raises(VpError):
            opened(posted, limits)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["vp_token", "state", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(payload=json_values | st.binary(max_size=20), body=st.binary(max_size=50))
def test_anything_is_read_or_refused_by_the_family(payload: object, body: bytes) -> None:
    with contextlib.suppress(VpError):
        opened(sealed(payload))
    with contextlib.suppress(VpError):
        parse_posted(body)


@given(text=st.text(max_size=40))
def test_any_text_in_place_of_a_jwe_is_refused_by_the_family(text: str) -> None:
    for jwe_text in (text, f"{text}.a.b.c.d", f"eyJhbGciOiJFQ0RILUVTIn0.{text}.b.c.d"):
        with pytest.raises(VpError):
            opened(PostedAnswer(jwe_text))


def test_a_header_with_an_odd_ephemeral_key_is_refused() -> None:
    for epk in (None, 5, {}, {"kty": "EC"}, {**public_jwk(), "x": "AA"}, {**public_jwk(), "x": 1}):
        header = {"alg": "ECDH-ES", "enc": "A128GCM", "kid": "e1", "epk": epk}
        head = base64url.encode(json.dumps(header).encode())
        with pytest.raises(VpError, match="response_encryption"):
            opened(PostedAnswer(f"{head}..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA"))
