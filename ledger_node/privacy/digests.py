"""Whether bytes that should be a hash can be one: text and patterns are not."""

from typing import Final

from madang.core.merkle.tree import HASH_SIZE

MIN_DISTINCT: Final = 16
"""Of 32 random bytes fewer than 16 differ in less than one case of a million million."""


def may_be_hash(data: bytes) -> bool:
    """Return whether 32 bytes can be a hash: they are no text, and not few bytes repeated.

    Text is what UTF-8 reads without control characters; 32 random bytes are so in less than one
    case of a million million.
    """
    if len(data) != HASH_SIZE or len(set(data)) < MIN_DISTINCT:
        return False
    try:
        return not data.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return True
