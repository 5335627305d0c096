"""Canonical JSON (RFC 8785) for values without fractions, and its digest."""

import hashlib
import json

from madang.core.encoding.errors import EncodingError
from madang.core.encoding.strict_json import Json

MAX_SAFE_INTEGER = 2**53 - 1


def encode(value: Json) -> bytes:
    """Return the one canonical form of `value` (RFC 8785 section 3.2), UTF-8.

    Raises:
        EncodingError: a fraction, an integer beyond 2**53 - 1 (RFC 8785 section 3.2.2.3 gives
            numbers the range of IEEE 754), a lone surrogate, or a type that JSON lacks.
    """
    try:
        return _text(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError("text holds a lone surrogate, which has no canonical form") from error


def digest(value: Json) -> bytes:
    """Return SHA-256 of the canonical form, 32 bytes; errors as of `encode`."""
    return hashlib.sha256(encode(value)).digest()


def _text(value: Json) -> str:
    match value:
        case None | bool() | str():
            return json.dumps(value, ensure_ascii=False)
        case int():
            return _integer(value)
        case list() | tuple():
            return "[" + ",".join(map(_text, value)) + "]"
        case dict():
            return _object(value)
        case _:
            raise EncodingError(f"{type(value).__name__} has no canonical form here")


def _integer(value: int) -> str:
    if abs(value) > MAX_SAFE_INTEGER:
        raise EncodingError(f"integer beyond 2**53 - 1: {value}; write it as a string")
    return str(value)


def _object(value: dict[str, Json]) -> str:
    if not all(isinstance(name, str) for name in value):
        raise EncodingError("an object has a name that is not text")
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{_text(name)}:{_text(value[name])}" for name in names) + "}"
