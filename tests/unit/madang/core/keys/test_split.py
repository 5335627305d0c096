"""A secret under two passphrases: with both, in their order, and in no other way."""

import unicodedata

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from hypothesis import given
from hypothesis import strategies as st

from madang.core.keys.split import Passphrases, SplitError, seal, unseal

N = 2
FIRST, SECOND = "correct horse battery", "staple of the other one"
BOTH, CHANCE, CONTEXT = Passphrases(FIRST, SECOND), bytes(range(44)), b"root of hanbit"


def sealed(secret: bytes = b"the key") -> bytes:
    return seal(secret, BOTH, chance=CHANCE, context=CONTEXT, n=N)


@given(st.binary(max_size=300), st.binary(min_size=44, max_size=44))
def test_both_open_what_both_sealed(secret: bytes, chance: bytes) -> None:
    box = seal(secret, BOTH, chance=chance, context=CONTEXT, n=N)
    assert unseal(box, BOTH, context=CONTEXT, n=N) == secret


def test_the_construction_is_the_one_that_is_described() -> None:
    """By hand: two stretchings, XOR, one box."""
    shares = [
        Scrypt(salt=salt, length=32, n=N, r=8, p=1).derive(text.encode())
        for salt, text in ((CHANCE[:16], FIRST), (CHANCE[16:32], SECOND))
    ]
    key = bytes(a ^ b for a, b in zip(*shares, strict=True))
    assert sealed()[:44] == CHANCE
    assert AESGCM(key).decrypt(CHANCE[32:], sealed()[44:], CONTEXT) == b"the key"
    for alone in shares:
        with pytest.raises(InvalidTag):
            AESGCM(alone).decrypt(CHANCE[32:], sealed()[44:], CONTEXT)


@pytest.mark.parametrize(
    "other",
    [
        Passphrases(SECOND, FIRST),
        Passphrases(FIRST, "abcdefgh" * 2),
        Passphrases("abcdefgh" * 2, SECOND),
        Passphrases(FIRST, SECOND + " "),
        Passphrases(FIRST.upper(), SECOND),
    ],
    ids=["swapped", "the first alone", "the second alone", "a space more", "capitals"],
)
def test_anything_else_opens_nothing(other: Passphrases) -> None:
    with pytest.raises(SplitError, match="does not open: both"):
        unseal(sealed(), other, context=CONTEXT, n=N)


@pytest.mark.parametrize(
    ("first", "second"),
    [("", SECOND), (FIRST, ""), (FIRST, "abcdefghijklmno"), ("가나다" * 5, SECOND)],
)
def test_short_passphrases_are_none(first: str, second: str) -> None:
    with pytest.raises(SplitError, match="at least 16"):
        Passphrases(first, second)


@pytest.mark.parametrize("text", ["x" * 40, "1234567" * 4, " " * 20, "abab" * 8])
def test_few_characters_again_and_again_are_no_secret(text: str) -> None:
    for pair in ((text, SECOND), (FIRST, text)):
        with pytest.raises(SplitError, match="8 different ones"):
            Passphrases(*pair)


def test_two_officers_have_two_passphrases() -> None:
    with pytest.raises(SplitError, match="the same"):
        Passphrases(FIRST, FIRST)
    with pytest.raises(SplitError, match="the same"):
        Passphrases("한글로 쓴 긴 비밀 문장입니다", "한글로 쓴 긴 비밀 문장입니다")


def test_a_passphrase_is_alike_from_every_keyboard() -> None:
    whole = "비밀 문장을 길게 적어 둡니다"
    letters = unicodedata.normalize("NFD", whole)
    assert whole != letters
    assert Passphrases(letters, SECOND) == Passphrases(whole, SECOND)
    box = seal(b"s", Passphrases(whole, SECOND), chance=CHANCE, context=CONTEXT, n=N)
    assert unseal(box, Passphrases(letters, SECOND), context=CONTEXT, n=N) == b"s"


@given(st.integers(0, 66), st.integers(1, 255))
def test_a_changed_byte_opens_nothing(at: int, change: int) -> None:
    box = bytearray(sealed())
    box[at] ^= change
    with pytest.raises(SplitError):
        unseal(bytes(box), BOTH, context=CONTEXT, n=N)


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_with_this_one_error(data: bytes) -> None:
    with pytest.raises(SplitError):
        unseal(data, BOTH, context=CONTEXT, n=N)


def test_another_context_opens_nothing() -> None:
    with pytest.raises(SplitError):
        unseal(sealed(), BOTH, context=b"root of saebyeol", n=N)


@pytest.mark.parametrize("size", [0, 43, 45])
def test_chance_has_its_size(size: int) -> None:
    with pytest.raises(SplitError, match="44 random bytes"):
        seal(b"s", BOTH, chance=bytes(size), context=CONTEXT, n=N)


def test_passphrases_are_in_no_text() -> None:
    assert FIRST not in repr(BOTH)
    assert SECOND not in repr(BOTH)
