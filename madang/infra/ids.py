"""Chance: identifiers, codes, salts, and the order of what is shuffled."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Protocol, TypeVar

from madang.core.encoding import base64url

Item = TypeVar("Item")
TOKEN_BYTES = 16


class Ids(Protocol):
    """Draws what must not be guessed."""

    def bytes(self, size: int) -> bytes:
        """Return `size` bytes."""
        ...

    def token(self, size: int = TOKEN_BYTES) -> str:
        """Return base64url text of `size` bytes (16 by default: 128 bits)."""
        ...

    def digits(self, count: int) -> str:
        """Return `count` decimal digits, each as likely as the others."""
        ...

    def below(self, limit: int) -> int:
        """Return an integer from 0 to `limit` - 1."""
        ...

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in an order of chance."""
        ...


class _Drawn:
    """What follows from being able to draw bytes."""

    def bytes(self, size: int) -> bytes:
        raise NotImplementedError

    def token(self, size: int = TOKEN_BYTES) -> str:
        """Return base64url text of `size` bytes."""
        return base64url.encode(self.bytes(size))

    def digits(self, count: int) -> str:
        """Return `count` decimal digits."""
        return "".join(str(self.below(10)) for _ in range(count))

    def below(self, limit: int) -> int:
        """Return an integer from 0 to `limit` - 1, without preference for any."""
        size = (limit.bit_length() + 7) // 8 + 1
        bound = (1 << (8 * size)) // limit * limit
        while (value := int.from_bytes(self.bytes(size))) >= bound:
            continue
        return value % limit

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in an order of chance (Fisher and Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order


class SystemIds(_Drawn):
    """The operating system's source of chance."""

    def bytes(self, size: int) -> bytes:
        """Return `size` bytes that nobody can guess."""
        return secrets.token_bytes(size)


class SeededIds(_Drawn):
    """The same values again for the same seed; for tests and demonstrations of them.

    Args:
        seed: any text.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._drawn = 0

    def bytes(self, size: int) -> bytes:
        """Return the next `size` bytes of the sequence."""
        self._drawn += 1
        return hashlib.shake_256(self._seed + self._drawn.to_bytes(8)).digest(size)
