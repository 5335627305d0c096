"""CBOR that means one thing: no name twice, no indefinite length, bounded size and depth.

Read with RFC 8949 section 5.6 in mind, written in the core deterministic form (section 4.2.1).
Tags are handed on as they came: a date stays text, a large number stays bytes.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, Final, TypeAlias

import cbor2
from cbor2 import CBORDecoder

from madang.core.encoding.errors import EncodingError

Tag = cbor2.CBORTag
Cbor: TypeAlias = Any
"""None, bool, int, bytes, str, list, dict with names of int, str or bytes, or Tag.

When read, also float, and what cbor2 makes of undefined and of other simple values."""

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 24
ENCODED: Final = 24
"""Tag of encoded CBOR data (RFC 8949 section 3.4.5.1)."""


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Cbor:
    """Return the one data item in `data`.

    Args:
        data: the item, with nothing behind it.
        max_bytes: the longest input accepted.
        max_depth: how deep arrays, maps and tags may nest.

    Raises:
        EncodingError: not well-formed, a name twice in a map or of another kind than text, bytes
            and integers, indefinite lengths, bytes behind the end, too long, or too deep.
    """
    return loads_each((data,), max_bytes=max_bytes, max_depth=max_depth)[0]


def loads_each(
    pieces: Sequence[bytes], *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> list[Cbor]:
    """Return the one data item in each of several pieces, sooner than one by one.

    Args:
        pieces: each one item, with nothing behind it.
        max_bytes: the longest input accepted, all pieces together.
        max_depth: how deep arrays, maps and tags may nest in each.

    Raises:
        EncodingError: as of `loads`.
    """
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if len(data) > max_bytes:
        raise EncodingError(f"CBOR of {len(data)} bytes, at most {max_bytes} are accepted")
    source = BytesIO(data)
    decoder = CBORDecoder(
        source,
        object_hook=_named,
        semantic_decoders=_KEPT,
        max_depth=max_depth,
        allow_indefinite=False,
        allow_duplicate_keys=False,
    )
    values, end = [], 0
    for piece in pieces:
        end += len(piece)
        try:
            values.append(decoder.decode())
        except (cbor2.CBORError, ValueError, OverflowError) as error:
            told = error.__cause__ if isinstance(error.__cause__, EncodingError) else error
            raise EncodingError(f"not CBOR: {told}") from error
        if source.tell() != end:
            raise EncodingError(f"{end - source.tell()} bytes stand behind the CBOR item")
    return values


def dumps(value: Cbor) -> bytes:
    """Return `value` in the core deterministic form (RFC 8949 section 4.2.1).

    Raises:
        EncodingError: a float, whose form would depend on taste, or a type that CBOR lacks.
    """
    try:
        return cbor2.dumps(_ordered(value))
    except (cbor2.CBORError, ValueError, OverflowError) as error:
        raise EncodingError(f"no CBOR: {error}") from error


def encoded(value: Cbor) -> Tag:
    """Return `value` as encoded CBOR data, tag 24 over its bytes."""
    return Tag(ENCODED, dumps(value))


def _ordered(value: Cbor) -> Cbor:
    """Return `value` with the names of every map in bytewise order of their encodings."""
    if isinstance(value, dict):
        ordered = sorted(value, key=_encoded_name)
        return {name: _ordered(value[name]) for name in ordered}
    if isinstance(value, list | tuple):
        return [_ordered(element) for element in value]
    if isinstance(value, Tag):
        return Tag(value.tag, _ordered(value.value))
    if value is None or isinstance(value, bool | int | str | bytes):
        return value
    raise EncodingError(f"{type(value).__name__} has no deterministic CBOR here")


def _encoded_name(name: object) -> bytes:
    if isinstance(name, str | bytes) or (isinstance(name, int) and not isinstance(name, bool)):
        return cbor2.dumps(name)
    told = f"a map has a name of type {type(name).__name__}; text, bytes or int was expected"
    raise EncodingError(told)


def _named(members: Any, _immutable: object = None) -> Any:  # noqa: ANN401 - what cbor2 hands over
    """Refuse names that are neither text, bytes nor integers: others could collide at will."""
    for name in members:
        if type(name) is not str and type(name) is not int and type(name) is not bytes:
            raise EncodingError(f"a map has a name of type {type(name).__name__}")
    return members


def _keeper(number: int) -> Callable[..., Tag]:
    def keep(value: Cbor, *_: object) -> Tag:
        return Tag(number, value)

    return keep


class _Kept(dict[int, Callable[..., Tag]]):
    """A decoder for every tag, which hands it on.

    Those of cbor2 would turn signed bytes into objects that encode differently, and its shared
    references could make a loop.
    """

    def __missing__(self, number: int) -> Callable[..., Tag]:
        return _keeper(number)


_OFTEN: Final = (0, ENCODED, 1004)
_KEPT: Final = _Kept({number: _keeper(number) for number in _OFTEN})
