"""JSON that means one thing: no duplicate names, no NaN, bounded size and depth (RFC 8259)."""

import json
import math
from collections.abc import Sequence
from typing import Any, Final, NoReturn, TypeAlias

from madang.core.encoding.errors import EncodingError

Json: TypeAlias = Any
"""None, bool, int, float, str, list of Json, or dict of str to Json."""

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
DEEPEST = 256
"""No text nests deeper, whatever a caller allows: the reader recurses in C, and a package that
raises Python's limit of recursion (py_ecc does) would let it run out of stack."""
_SPACE = " \t\n\r"


def loads(data: bytes | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Json:
    """Return the value of JSON text.

    Args:
        data: UTF-8 bytes or text.
        max_bytes: the longest text accepted, in bytes.
        max_depth: how deep arrays and objects may nest; `DEEPEST` at most.

    Raises:
        EncodingError: not JSON, a name twice in one object, NaN or Infinity, a number beyond
            IEEE 754, a lone surrogate, too long, or too deep.
    """
    raw = data if isinstance(data, bytes) else _utf8(data)
    if len(raw) > max_bytes:
        raise EncodingError(f"JSON of {len(raw)} bytes, at most {max_bytes} are accepted")
    deepest = min(max_depth, DEEPEST)
    if raw.count(b"[") + raw.count(b"{") > deepest:
        _check_depth(raw, deepest)
    try:
        text = raw.decode("utf-8").strip(_SPACE)
        value, end = _scan(text, 0)
    except EncodingError:
        raise
    except (StopIteration, ValueError, RecursionError) as error:
        told = f"no value at {error.value}" if isinstance(error, StopIteration) else error
        raise EncodingError(f"not JSON: {told}") from error
    if end != len(text):
        raise EncodingError("not JSON: more text after the value")
    if "\\" in text and ("\\ud" in text or "\\uD" in text):
        _utf8(dumps(value))
    return value


def loads_all(
    items: Sequence[bytes], *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> list[Json]:
    """Return the value of each of `items`, as `loads` does; faster where all are simple.

    Simple are texts that together keep to the limits of one, and without escapes.
    """
    whole = b"".join(items)
    brackets = whole.count(b"[") + whole.count(b"{")
    if len(whole) > max_bytes or brackets > min(max_depth, DEEPEST) or b"\\" in whole:
        return [loads(item, max_bytes=max_bytes, max_depth=max_depth) for item in items]
    values = []
    for item in items:
        try:
            text = item.decode("utf-8")
            value, end = _scan(text, 0)
        except (ValueError, StopIteration, RecursionError):
            text, value, end = "", None, -1
        if end != len(text):
            # Space around the value, or something that is none: the long way tells.
            value = loads(item, max_bytes=max_bytes, max_depth=max_depth)
        values.append(value)
    return values


dumps = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
"""Return a value as compact JSON text; characters outside ASCII stay as they are."""
quote = json.encoder.encode_basestring
"""Return text as `dumps` does, and nothing but text."""


def _utf8(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EncodingError("text holds a lone surrogate, which has no UTF-8 form") from error


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise EncodingError("an object names a member twice")
    return value


def _no_constant(name: str) -> NoReturn:
    raise EncodingError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    """Refuse what reads as infinity (1e999); it could not be written again."""
    number = float(digits)
    if not math.isfinite(number):
        raise EncodingError("a number lies beyond the range of IEEE 754")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
)
_scan = vars(_DECODER)["scan_once"]
"""Reads one value of a text from a place on; StopIteration tells where there is none."""


def _check_depth(raw: bytes, max_depth: int) -> None:
    """Refuse deep nesting before the parser recurses; strings are stepped over."""
    depth, inside, escaped = 0, False, False
    for byte in raw:
        if inside:
            inside = escaped or byte != 0x22  # noqa: PLR2004 - the quotation mark
            escaped = byte == 0x5C and not escaped  # noqa: PLR2004 - the backslash
        elif byte == 0x22:  # noqa: PLR2004 - the quotation mark
            inside = True
        elif byte in b"[{":
            depth += 1
            if depth > max_depth:
                raise EncodingError(f"JSON nests deeper than {max_depth}")
        elif byte in b"]}":
            depth -= 1
