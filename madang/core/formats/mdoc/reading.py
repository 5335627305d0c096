"""Reads members of the structures of ISO/IEC 18013-5; what is not as it should be is one error."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeVar

from madang.core.encoding import cbor
from madang.core.encoding.cbor_pieces import unwrapped
from madang.core.encoding.errors import EncodingError
from madang.core.formats.mdoc.errors import MdocError

MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 16
MAX_DOCUMENTS: Final = 20
MAX_ELEMENTS: Final = 1_000

Kind = TypeVar("Kind")


class Limits(NamedTuple):
    """How much is accepted.

    Attributes:
        max_bytes: the longest message, and the longest piece of CBOR inside it.
        max_depth: how deep arrays, maps and tags may nest in each piece.
        max_documents: documents of a response, and of a request.
        max_elements: elements of a document over all namespaces, digests and errors likewise, and
            namespaces, whatever they hold.
    """

    max_bytes: int = MAX_BYTES
    max_depth: int = MAX_DEPTH
    max_documents: int = MAX_DOCUMENTS
    max_elements: int = MAX_ELEMENTS


DEFAULT_LIMITS: Final = Limits()


def malformed(where: str, detail: str) -> MdocError:
    """Return the error for a structure that is not as specified.

    Args:
        where: structure and section, "Document, 8.3.2.1.2.2".
        detail: what was expected.
    """
    name, _, section = where.partition(", ")
    return MdocError("malformed_mdoc", f"ISO 18013-5 {section}", f"{name}: {detail}")


def decoded(data: bytes, limits: Limits, where: str) -> cbor.Cbor:
    """Return the value of one piece of CBOR; MdocError if it is none, or too large or deep."""
    return decoded_each((data,), limits, where)[0]


def decoded_each(pieces: Sequence[bytes], limits: Limits, where: str) -> list[cbor.Cbor]:
    """Return the values of several pieces of CBOR; MdocError as of `decoded`."""
    try:
        return cbor.loads_each(pieces, max_bytes=limits.max_bytes, max_depth=limits.max_depth)
    except EncodingError as error:
        raise malformed(where, str(error)) from error


def as_map(value: cbor.Cbor, where: str) -> dict[Any, Any]:
    """Return `value` if it is a map."""
    if not isinstance(value, dict):
        raise malformed(where, "a map was expected")
    return value


def required(members: dict[Any, Any], name: str | int, kind: type[Kind], where: str) -> Kind:
    """Return a member of one kind; MdocError if it is missing or of another kind."""
    value = members.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise malformed(where, f"{name!r} is missing or not of the kind {kind.__name__}")
    return value


def optional(members: dict[Any, Any], name: str | int, kind: type[Kind], where: str) -> Kind | None:
    """Return a member of one kind, None if it is absent; MdocError for another kind."""
    return required(members, name, kind, where) if name in members else None


def inner(members: dict[Any, Any], name: str | int, where: str) -> bytes:
    """Return the bytes inside a member that is encoded CBOR data (tag 24)."""
    data = unwrapped(members.get(name))
    if data is None:
        raise malformed(where, f"{name!r} is missing or not encoded CBOR (tag 24 over bytes)")
    return data


def texts(value: cbor.Cbor, where: str) -> tuple[str, ...]:
    """Return `value` if it is an array of text."""
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise malformed(where, "an array of text was expected")
    return tuple(value)


def bounded(count: int, most: int, code: str, where: str) -> None:
    """Refuse more of something than is accepted."""
    if count > most:
        section = where.partition(", ")[2]
        detail = f"{count} were sent, at most {most} are accepted"
        raise MdocError(code, f"ISO 18013-5 {section}", detail)
