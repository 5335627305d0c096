"""The little of Protocol Buffers that CometBFT and ICS 23 use, in the form that they write.

Fields come in rising order, repeated ones side by side; what is zero or empty is left out, and a
number has its shortest form. So each message has one form, and nothing can hide in another.
"""

from typing import Final

from madang.core.evidence.errors import EvidenceError

MAX_FIELDS: Final = 256
VARINT, FIXED64, BYTES = 0, 1, 2
"""Wire types."""
_WIRE_BITS: Final = 3
_MORE: Final = 0x80
_MAX_VARINT_BYTES: Final = 10
_UINT64: Final = 1 << 64

Fields = list[tuple[int, int | bytes]]


def varint(number: int) -> bytes:
    """Return a whole number of up to 64 bits; a negative one in two's complement."""
    number %= _UINT64
    out = bytearray()
    while number >= _MORE:
        out.append(number % _MORE | _MORE)
        number //= _MORE
    out.append(number)
    return bytes(out)


def number_field(field: int, number: int) -> bytes:
    """Return a field of a whole number; nothing for 0."""
    return varint(field << _WIRE_BITS) + varint(number) if number else b""


def fixed_field(field: int, number: int) -> bytes:
    """Return a field of type sfixed64; nothing for 0."""
    if not number:
        return b""
    return varint(field << _WIRE_BITS | FIXED64) + (number % _UINT64).to_bytes(8, "little")


def bytes_field(field: int, content: bytes, *, always: bool = False) -> bytes:
    """Return a field of bytes, text or a message; nothing for none unless it is `always` there."""
    if not content and not always:
        return b""
    return varint(field << _WIRE_BITS | BYTES) + varint(len(content)) + content


def read_varint(data: bytes, at: int = 0) -> tuple[int, int]:
    """Return the number at `at` and where it ends.

    Raises:
        EvidenceError: "protobuf", when it is cut short, over 64 bits, or not the shortest form.
    """
    number = 0
    for count in range(_MAX_VARINT_BYTES):
        if at + count >= len(data):
            raise _bad("a number is cut short")
        byte = data[at + count]
        number |= (byte % _MORE) << (7 * count)
        if byte < _MORE:
            if number >= _UINT64 or (count and not byte):
                raise _bad("a number is over 64 bits or not in its shortest form")
            return number, at + count + 1
    raise _bad("a number is over 64 bits")


def fields(data: bytes) -> Fields:
    """Return the fields of a message: number, and whole number or bytes.

    Raises:
        EvidenceError: "protobuf", when it is not in the one form, or has over `MAX_FIELDS` fields.
    """
    found: Fields = []
    at = last = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        field = tag >> _WIRE_BITS
        value, at = _value(data, at, tag % (1 << _WIRE_BITS))
        if field < max(last, 1) or not value or len(found) == MAX_FIELDS:
            raise _bad(f"field {field} is out of order, empty or one too many")
        found.append((field, value))
        last = field
    return found


def _value(data: bytes, at: int, wire: int) -> tuple[int | bytes, int]:
    number, at = read_varint(data, at)
    if wire == VARINT:
        return number, at
    if wire != BYTES or at + number > len(data):
        raise _bad("a field is cut short or of another wire type")
    return data[at : at + number], at + number


def _bad(message: str) -> EvidenceError:
    return EvidenceError("protobuf", f"not a message in its one form: {message}")
