from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.protocol.oauth.server_nonce import SECRET_BYTES, ServerNonces

NOW = 1_800_000_000
NONCES = ServerNonces(b"s" * SECRET_BYTES, "dpop https://a.example", 300)


@pytest.mark.parametrize(("age", "good"), [(0, True), (299, True), (300, False), (-1, False)])
def test_a_nonce_is_good_for_a_while_and_never_before_it_was_made(age: int, *, good: bool) -> None:
    assert NONCES.good(NONCES.make(NOW), NOW + age) is good


@pytest.mark.parametrize(
    "other",
    [
        replace(NONCES, secret=b"t" * SECRET_BYTES),
        replace(NONCES, purpose="dpop https://b.example"),
        replace(NONCES, purpose="challenge https://a.example"),
    ],
    ids=["secret", "server", "purpose"],
)
def test_a_nonce_of_another_server_or_purpose_is_not_known(other: ServerNonces) -> None:
    assert not NONCES.good(other.make(NOW), NOW)


def test_an_altered_nonce_is_not_known() -> None:
    raw = base64url.decode(NONCES.make(NOW))
    for at in range(len(raw)):
        altered = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        assert not NONCES.good(base64url.encode(altered), NOW)


@given(st.text(max_size=100))
def test_any_text_is_answered(text: str) -> None:
    assert not NONCES.good(text, NOW)
