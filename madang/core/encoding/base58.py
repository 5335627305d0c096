"""base58btc, the alphabet that multibase marks by `z` (draft-msporny-base58)."""

from types import MappingProxyType
from typing import Final

from madang.core.encoding.errors import EncodingError

MAX_BYTES: Final = 128
"""Longest value; the work grows with the square of the length. Keys on curves have up to 69."""

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE: Final = len(_ALPHABET)
_DIGITS: Final = MappingProxyType({letter: value for value, letter in enumerate(_ALPHABET)})


def encode(data: bytes, *, max_bytes: int = MAX_BYTES) -> str:
    """Return `data` as base58btc text without the mark; EncodingError if it is too long."""
    if len(data) > max_bytes:
        raise EncodingError(f"{len(data)} bytes for base58, at most {max_bytes} are accepted")
    number, letters = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, _BASE)
        letters = _ALPHABET[digit] + letters
    # A leading zero byte has no digit of its own and is written as the letter for zero.
    zeros = len(data) - len(data.lstrip(b"\0"))
    return _ALPHABET[0] * zeros + letters


def decode(text: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the bytes of base58btc text without the mark.

    Raises:
        EncodingError: another letter, or more than `max_bytes`.
    """
    # A letter stands for more than five bits, so a longer text has no value of this size.
    if len(text) * 5 > max_bytes * 8:
        raise EncodingError(f"base58 text of {len(text)} letters, too long for {max_bytes} bytes")
    number = 0
    for letter in text:
        digit = _DIGITS.get(letter)
        if digit is None:
            raise EncodingError("base58 text has another letter than those of the alphabet")
        number = number * _BASE + digit
    zeros = len(text) - len(text.lstrip(_ALPHABET[0]))
    data = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(data) > max_bytes:
        raise EncodingError(f"base58 text of {len(data)} bytes, at most {max_bytes} are accepted")
    return data
