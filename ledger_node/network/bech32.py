"""Bech32 (BIP-173): how the engine writes the accounts of its validators' operators."""

from collections.abc import Sequence
from typing import Final

_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM_LETTERS: Final = 6


def encode(prefix: str, data: bytes) -> str:
    """Return `data` under a lower-case prefix, with its checksum."""
    values = _fives(data)
    spread = [*(ord(letter) >> 5 for letter in prefix), 0, *(ord(letter) & 31 for letter in prefix)]
    left = _polymod([*spread, *values, *[0] * _CHECKSUM_LETTERS]) ^ 1
    checksum = [left >> 5 * (_CHECKSUM_LETTERS - 1 - at) & 31 for at in range(_CHECKSUM_LETTERS)]
    return f"{prefix}1{''.join(_LETTERS[value] for value in (*values, *checksum))}"


def _fives(data: bytes) -> list[int]:
    """Return the bits of `data` five at a time, the last five filled up with zeros."""
    count = -(-len(data) * 8 // 5)
    number = int.from_bytes(data, "big") << count * 5 - len(data) * 8
    return [number >> 5 * at & 31 for at in reversed(range(count))]


def _polymod(values: Sequence[int]) -> int:
    """Return the checksum's remainder, as in BIP-173."""
    rest = 1
    for value in values:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ value
        for at, term in enumerate(_GENERATOR):
            if top >> at & 1:
                rest ^= term
    return rest
