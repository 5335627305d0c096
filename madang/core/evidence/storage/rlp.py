"""Recursive length prefix (Ethereum's Yellow Paper, appendix B), strict: one form for a value."""

from typing import Final, TypeAlias

from madang.core.evidence.errors import EvidenceError

Rlp: TypeAlias = "bytes | list[Rlp]"

MAX_BYTES: Final = 64 * 1024
MAX_DEPTH: Final = 8
_SHORT: Final = 55
_TEXT, _LONG_TEXT, _LIST, _LONG_LIST = 0x80, 0xB7, 0xC0, 0xF7


def decode(data: bytes) -> Rlp:
    """Return the one item in `data`: bytes, or a list of items.

    Raises:
        EvidenceError: "rlp", when it is too long, too deep, cut short, not in its shortest form,
            or something stands behind it.
    """
    if len(data) > MAX_BYTES:
        raise _bad(f"{len(data)} bytes, at most {MAX_BYTES} are read")
    item, end = _item(data, 0, MAX_DEPTH)
    if end != len(data):
        raise _bad(f"{len(data) - end} bytes stand behind the item")
    return item


def decode_list(data: bytes) -> list[Rlp]:
    """Return the one list in `data`; EvidenceError "rlp" as of `decode`, or when it is none."""
    item = decode(data)
    if not isinstance(item, list):
        raise _bad("bytes came, a list was expected")
    return item


def encode(item: Rlp) -> bytes:
    """Return the item's one form."""
    if isinstance(item, list):
        content = b"".join(encode(each) for each in item)
        return _head(len(content), _LIST) + content
    if len(item) == 1 and item[0] < _TEXT:
        return item
    return _head(len(item), _TEXT) + item


def _head(size: int, first: int) -> bytes:
    if size <= _SHORT:
        return bytes([first + size])
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([first + _SHORT + len(length)]) + length


def _item(data: bytes, at: int, depth: int) -> tuple[Rlp, int]:
    if at >= len(data):
        raise _bad("the data end where an item was expected")
    if data[at] < _TEXT:
        return data[at : at + 1], at + 1
    start, end = _span(data, at)
    if data[at] >= _LIST:
        return _list(data, start, end, depth), end
    text = data[start:end]
    if len(text) == 1 and text[0] < _TEXT:
        raise _bad("a byte below 0x80 stands for itself, it came with a length")
    return text, end


def _list(data: bytes, at: int, end: int, depth: int) -> list[Rlp]:
    if not depth:
        raise _bad(f"lists nest deeper than {MAX_DEPTH}")
    items = []
    while at < end:
        item, at = _item(data, at, depth - 1)
        items.append(item)
    if at != end:
        raise _bad("an item reaches beyond its list")
    return items


def _span(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the item at `at` begins and ends."""
    first = data[at]
    base, long = (_LIST, _LONG_LIST) if first >= _LIST else (_TEXT, _LONG_TEXT)
    start, size = at + 1, first - base
    if first > long:
        start += first - long
        told = data[at + 1 : start]
        size = int.from_bytes(told)
        if not told or told[0] == 0 or size <= _SHORT:
            raise _bad("a length is not in its shortest form")
    if start + size > len(data):
        raise _bad(f"an item of {size} bytes is cut short")
    return start, start + size


def _bad(message: str) -> EvidenceError:
    return EvidenceError("rlp", f"not RLP: {message}")
