"""The parts of an mdoc request (ISO/IEC 18013-5 section 8.3.2.1.2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.envelope import cose
from madang.core.envelope.cose import Sign1
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.mdoc import reading
from madang.core.formats.mdoc.reading import DEFAULT_LIMITS, Limits

VERSION: Final = "1.0"
_REQUEST: Final = "DeviceRequest, 8.3.2.1.2.1"
_ITEMS: Final = "ItemsRequest, 8.3.2.1.2.1"


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """What is asked of one document.

    Attributes:
        doc_type: type of the document.
        name_spaces: for each element asked for, whether the reader will keep it
            (IntentToRetain).
        request_info: further information, of no meaning here.
    """

    doc_type: str
    name_spaces: Mapping[str, Mapping[str, bool]]
    request_info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DocRequest:
    """One document's request and, maybe, the reader's signature.

    Attributes:
        encoded: the bytes inside ItemsRequestBytes (tag 24), as received or made.
        items_request: the same, decoded.
        reader_auth: COSE_Sign1 over ReaderAuthenticationBytes; None when the reader is not known.
    """

    encoded: bytes
    items_request: ItemsRequest
    reader_auth: Sign1 | None = None


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What a reader asks of a device."""

    doc_requests: tuple[DocRequest, ...]
    version: str = VERSION


def encode_items(items_request: ItemsRequest) -> bytes:
    """Return an ItemsRequest as CBOR, the bytes inside ItemsRequestBytes."""
    found: dict[str, Any] = {
        "docType": items_request.doc_type,
        "nameSpaces": {name: dict(each) for name, each in items_request.name_spaces.items()},
    }
    if items_request.request_info:
        found["requestInfo"] = dict(items_request.request_info)
    return cbor.dumps(found)


def encode_request(request: DeviceRequest) -> bytes:
    """Return a DeviceRequest as CBOR."""
    asked = []
    for each in request.doc_requests:
        found: dict[str, Any] = {"itemsRequest": Tag(cbor.ENCODED, each.encoded)}
        if each.reader_auth is not None:
            found["readerAuth"] = each.reader_auth.value
        asked.append(found)
    return cbor.dumps({"version": request.version, "docRequests": asked})


def parse_request(data: bytes, limits: Limits = DEFAULT_LIMITS) -> DeviceRequest:
    """Take an encoded DeviceRequest apart; nothing but its form is checked.

    Raises:
        MdocError: not CBOR, a member missing or of another kind, or more than `limits` allow.
    """
    members = reading.as_map(reading.decoded(data, limits, _REQUEST), _REQUEST)
    asked = reading.required(members, "docRequests", list, _REQUEST)
    reading.bounded(len(asked), limits.max_documents, "too_many_documents", _REQUEST)
    return DeviceRequest(
        doc_requests=tuple(_doc_request(each, limits) for each in asked),
        version=reading.required(members, "version", str, _REQUEST),
    )


def _doc_request(value: cbor.Cbor, limits: Limits) -> DocRequest:
    members = reading.as_map(value, _REQUEST)
    encoded = reading.inner(members, "itemsRequest", _REQUEST)
    auth = members.get("readerAuth")
    try:
        reader_auth = None if auth is None else cose.read_sign1(auth)
    except EnvelopeError as error:
        raise reading.malformed(_REQUEST, f"readerAuth: {error}") from error
    return DocRequest(encoded, parse_items(encoded, limits), reader_auth)


def parse_items(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ItemsRequest:
    """Take an encoded ItemsRequest apart; MdocError as of `parse_request`."""
    members = reading.as_map(reading.decoded(data, limits, _ITEMS), _ITEMS)
    name_spaces = reading.required(members, "nameSpaces", dict, _ITEMS)
    reading.bounded(len(name_spaces), limits.max_elements, "too_many_elements", _ITEMS)
    for name, elements in name_spaces.items():
        if not isinstance(name, str) or not all(
            isinstance(identifier, str) and isinstance(retain, bool)
            for identifier, retain in reading.as_map(elements, _ITEMS).items()
        ):
            raise reading.malformed(_ITEMS, "nameSpaces holds true or false by element")
    count = sum(map(len, name_spaces.values()))
    reading.bounded(count, limits.max_elements, "too_many_elements", _ITEMS)
    return ItemsRequest(
        doc_type=reading.required(members, "docType", str, _ITEMS),
        name_spaces=name_spaces,
        request_info=reading.optional(members, "requestInfo", dict, _ITEMS) or {},
    )
