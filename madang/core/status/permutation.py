"""A secret order of all numbers below a size, computed and never stored (ADR 0023).

A Feistel network over pairs (a, b) with a·side + b, on a square that just holds the size; what
falls outside the size walks on until it is inside (cycle walking; Black and Rogaway 2002).
"""

import hashlib
from collections.abc import Sequence
from math import isqrt
from typing import Final

KEY_BYTES: Final = 32
ROUNDS: Final = 10
"""As many as FF1 has (NIST SP 800-38G); small squares need them."""
_VALUE_BYTES: Final = 8


class Permutation:
    """Gives each position below `size` a place below `size`, no place twice.

    Args:
        key: 32 secret bytes; without them the places look drawn by lot.
        size: how many, at least 1.
    """

    def __init__(self, key: bytes, size: int) -> None:
        if len(key) != KEY_BYTES or size < 1:
            raise ValueError(f"a key of {KEY_BYTES} bytes and a size of at least 1 were expected")
        self.size = size
        self._side = isqrt(size - 1) + 1
        self._tables = [_table(key, size, number, self._side) for number in range(ROUNDS)]

    def place(self, position: int) -> int:
        """Return the place at a position; ValueError for one outside the size."""
        if not 0 <= position < self.size:
            raise ValueError(f"position {position} is not below {self.size}")
        place = self._step(position)
        while place >= self.size:
            place = self._step(place)
        return place

    def _step(self, number: int) -> int:
        side = self._side
        left, right = divmod(number, side)
        for table in self._tables:
            left, right = right, (left + table[right]) % side
        return left * side + right


def _table(key: bytes, size: int, number: int, side: int) -> Sequence[int]:
    """Return one round's function as a table: SHAKE-256 over key, size and round."""
    seed = key + size.to_bytes(8) + number.to_bytes(1)
    stream = hashlib.shake_256(seed).digest(side * _VALUE_BYTES)
    starts = range(0, len(stream), _VALUE_BYTES)
    return [int.from_bytes(stream[at : at + _VALUE_BYTES]) % side for at in starts]
