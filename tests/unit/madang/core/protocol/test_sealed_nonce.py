from hypothesis import given
from hypothesis import strategies as st

from madang.core.encoding import base64url
from madang.core.protocol import sealed_nonce

SECRET, PURPOSE, NOW = b"s" * 32, "c_nonce https://mapo.example/mapo/issuer", 1_780_000_000
NONCE = sealed_nonce.make(SECRET, PURPOSE, b"c" * sealed_nonce.CHANCE_BYTES, until=NOW + 300)


def test_its_maker_recognises_a_nonce_until_it_is_over() -> None:
    assert sealed_nonce.end_of(SECRET, PURPOSE, NONCE, now=NOW) == NOW + 300
    assert sealed_nonce.end_of(SECRET, PURPOSE, NONCE, now=NOW + 299) == NOW + 300
    assert sealed_nonce.end_of(SECRET, PURPOSE, NONCE, now=NOW + 300) is None


def test_nobody_else_does() -> None:
    assert sealed_nonce.end_of(b"t" * 32, PURPOSE, NONCE, now=NOW) is None
    assert (
        sealed_nonce.end_of(SECRET, "c_nonce https://mapo.example/other/issuer", NONCE, now=NOW)
        is None
    )


@given(st.integers(0, len(base64url.decode(NONCE)) * 8 - 1))
def test_no_bit_can_be_changed(bit: int) -> None:
    raw = bytearray(base64url.decode(NONCE))
    raw[bit // 8] ^= 1 << bit % 8
    assert sealed_nonce.end_of(SECRET, PURPOSE, base64url.encode(bytes(raw)), now=NOW) is None


@given(st.text(max_size=80))
def test_any_text_is_none_of_ours(text: str) -> None:
    assert sealed_nonce.end_of(SECRET, PURPOSE, text, now=NOW) is None
