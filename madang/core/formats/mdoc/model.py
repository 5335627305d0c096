"""The parts of an mdoc response (ISO/IEC 18013-5 section 8.3.2.1.2.2)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.encoding.cbor_pieces import ARRAY, head, octets, unwrapped, wrapped
from madang.core.envelope import cose
from madang.core.envelope.cose import Mac0, Sign1
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.mdoc import mso, reading
from madang.core.formats.mdoc.mso import HASHES, MobileSecurityObject
from madang.core.formats.mdoc.reading import DEFAULT_LIMITS, Limits

VERSION: Final = "1.0"
OK: Final = 0
"""Status of a response in which nothing went wrong (table 8)."""
_NOTHING: Final = cbor.dumps({})
"""What nearly every device has to say itself."""
_RESPONSE: Final = "DeviceResponse, 8.3.2.1.2.2"
_DOCUMENT: Final = "Document, 8.3.2.1.2.2"
_ISSUER: Final = "IssuerSigned, 8.3.2.1.2.2"
_DEVICE: Final = "DeviceSigned, 8.3.2.1.2.2"


class IssuerSignedItem(NamedTuple):
    """One element with what hides it.

    Attributes:
        encoded: the bytes inside IssuerSignedItemBytes (tag 24), as received.
        digest_id: number of its digest in the namespace.
        random: bytes that keep the value from being guessed.
        element_identifier: name of the element.
        element_value: any CBOR value.
    """

    encoded: bytes
    digest_id: int
    random: bytes
    element_identifier: str
    element_value: Any

    def digest(self, algorithm: str) -> bytes:
        """Return the digest of IssuerSignedItemBytes (section 9.1.2.5)."""
        return HASHES[algorithm](wrapped(self.encoded)).digest()


_signed_item = partial(tuple.__new__, IssuerSignedItem)
"""Makes one of a tuple."""


@dataclass(frozen=True, slots=True)
class IssuerSigned:
    """What the issuer signed: elements, and the signature over their digests.

    Attributes:
        name_spaces: items by namespace; all when issued, the chosen ones when presented.
        issuer_auth: COSE_Sign1 over MobileSecurityObjectBytes.
        mso: its payload.
    """

    name_spaces: Mapping[str, tuple[IssuerSignedItem, ...]]
    issuer_auth: Sign1
    mso: MobileSecurityObject

    @property
    def issuer_digest(self) -> bytes:
        """Return the hash of the issuer's signature: the same in every presentation."""
        return issuer_digest(self.issuer_auth)

    @property
    def value(self) -> dict[str, Any]:
        """Return the structure for CBOR, each item in the bytes that were received."""
        found: dict[str, Any] = {"issuerAuth": self.issuer_auth.value}
        if self.name_spaces:
            found["nameSpaces"] = {
                name: [Tag(cbor.ENCODED, item.encoded) for item in items]
                for name, items in self.name_spaces.items()
            }
        return found


@dataclass(frozen=True, slots=True)
class DeviceSigned:
    """What the device signed over the session.

    Attributes:
        encoded: the bytes inside DeviceNameSpacesBytes (tag 24), as received.
        name_spaces: elements of the device itself, by namespace and identifier.
        device_auth: a signature or a MAC over DeviceAuthenticationBytes.
    """

    encoded: bytes
    name_spaces: Mapping[str, Mapping[str, Any]]
    device_auth: Sign1 | Mac0

    @property
    def value(self) -> dict[str, Any]:
        """Return the structure for CBOR."""
        signed = isinstance(self.device_auth, Sign1)
        name = "deviceSignature" if signed else "deviceMac"
        return {
            "nameSpaces": Tag(cbor.ENCODED, self.encoded),
            "deviceAuth": {name: self.device_auth.value},
        }


@dataclass(frozen=True, slots=True)
class Document:
    """One presented document.

    Attributes:
        doc_type: its type; not signed by the issuer here, but in the MSO.
        issuer_signed: the issuer's part.
        device_signed: the device's part.
        errors: error codes of elements that were asked for, by namespace and identifier.
    """

    doc_type: str
    issuer_signed: IssuerSigned
    device_signed: DeviceSigned
    errors: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def value(self) -> dict[str, Any]:
        """Return the structure for CBOR."""
        found: dict[str, Any] = {
            "docType": self.doc_type,
            "issuerSigned": self.issuer_signed.value,
            "deviceSigned": self.device_signed.value,
        }
        return {**found, "errors": self.errors} if self.errors else found


@dataclass(frozen=True, slots=True)
class DeviceResponse:
    """The answer of a device.

    Attributes:
        documents: in the order sent.
        document_errors: error codes of documents that were asked for, by their types.
        status: 0 when nothing went wrong.
        version: "1.0".
    """

    documents: tuple[Document, ...]
    document_errors: tuple[Mapping[str, int], ...] = ()
    status: int = OK
    version: str = VERSION


def issuer_digest(issuer_auth: Sign1) -> bytes:
    """Return SHA-256 of `issuerAuth` without its unprotected header, which anybody may change."""
    payload = octets(issuer_auth.payload or b"")
    parts = (head(ARRAY, 3), octets(issuer_auth.protected), payload, octets(issuer_auth.signature))
    return hashlib.sha256(b"".join(parts)).digest()


def encode_issuer_signed(issuer_signed: IssuerSigned) -> bytes:
    """Return an IssuerSigned as CBOR: what a wallet receives (OpenID4VCI 1.0 appendix A.2.4)."""
    return cbor.dumps(issuer_signed.value)


def encode_response(response: DeviceResponse) -> bytes:
    """Return a DeviceResponse as CBOR."""
    found: dict[str, Any] = {"version": response.version, "status": response.status}
    if response.documents:
        found["documents"] = [document.value for document in response.documents]
    if response.document_errors:
        found["documentErrors"] = [dict(each) for each in response.document_errors]
    return cbor.dumps(found)


def parse_issuer_signed(data: bytes, limits: Limits = DEFAULT_LIMITS) -> IssuerSigned:
    """Take an encoded IssuerSigned apart; nothing but its form is checked.

    Raises:
        MdocError: not CBOR, a member missing or of another kind, or more than `limits` allow.
    """
    return read_issuer_signed(reading.decoded(data, limits, _ISSUER), limits)


def parse_response(data: bytes, limits: Limits = DEFAULT_LIMITS) -> DeviceResponse:
    """Take an encoded DeviceResponse apart; MdocError as of `parse_issuer_signed`."""
    members = reading.as_map(reading.decoded(data, limits, _RESPONSE), _RESPONSE)
    documents = reading.optional(members, "documents", list, _RESPONSE) or []
    reading.bounded(len(documents), limits.max_documents, "too_many_documents", _RESPONSE)
    errors = reading.optional(members, "documentErrors", list, _RESPONSE) or []
    reading.bounded(len(errors), limits.max_elements, "too_many_elements", _RESPONSE)
    return DeviceResponse(
        documents=tuple(_document(each, limits) for each in documents),
        document_errors=tuple(_codes(each) for each in errors),
        status=reading.required(members, "status", int, _RESPONSE),
        version=reading.required(members, "version", str, _RESPONSE),
    )


def _document(value: cbor.Cbor, limits: Limits) -> Document:
    members = reading.as_map(value, _DOCUMENT)
    errors = reading.optional(members, "errors", dict, _DOCUMENT) or {}
    reading.bounded(len(errors), limits.max_elements, "too_many_elements", _DOCUMENT)
    return Document(
        doc_type=reading.required(members, "docType", str, _DOCUMENT),
        issuer_signed=read_issuer_signed(members.get("issuerSigned"), limits),
        device_signed=_device_signed(members.get("deviceSigned"), limits),
        errors={name: _codes(codes) for name, codes in errors.items()},
    )


def _codes(value: cbor.Cbor) -> dict[str, int]:
    codes = reading.as_map(value, _DOCUMENT)
    if not all(isinstance(name, str) and type(code) is int for name, code in codes.items()):
        raise reading.malformed(_DOCUMENT, "errors are numbers by name")
    return codes


def read_issuer_signed(value: cbor.Cbor, limits: Limits = DEFAULT_LIMITS) -> IssuerSigned:
    """Return the IssuerSigned in decoded CBOR; MdocError as of `parse_issuer_signed`."""
    members = reading.as_map(value, _ISSUER)
    name_spaces = reading.optional(members, "nameSpaces", dict, _ISSUER) or {}
    reading.bounded(len(name_spaces), limits.max_elements, "too_many_elements", _ISSUER)
    items = {name: _items(name, value, limits) for name, value in name_spaces.items()}
    count = sum(map(len, items.values()))
    reading.bounded(count, limits.max_elements, "too_many_elements", _ISSUER)
    try:
        issuer_auth = cose.read_sign1(members.get("issuerAuth"))
    except EnvelopeError as error:
        raise reading.malformed(_ISSUER, f"issuerAuth: {error}") from error
    return IssuerSigned(items, issuer_auth, mso.parse(issuer_auth.payload, limits))


def _items(name_space: object, value: cbor.Cbor, limits: Limits) -> tuple[IssuerSignedItem, ...]:
    if not isinstance(name_space, str) or not isinstance(value, list):
        raise reading.malformed(_ISSUER, "nameSpaces holds arrays by names")
    reading.bounded(len(value), limits.max_elements, "too_many_elements", _ISSUER)
    pieces = [encoded for each in value if (encoded := unwrapped(each)) is not None]
    if len(pieces) != len(value):
        raise reading.malformed(_ISSUER, "an item is not encoded CBOR (tag 24 over bytes)")
    contents = reading.decoded_each(pieces, limits, _ISSUER)
    return tuple(map(_item, pieces, contents))


def _item(encoded: bytes, members: cbor.Cbor) -> IssuerSignedItem:
    try:
        number, random = members["digestID"], members["random"]
        identifier, content = members["elementIdentifier"], members["elementValue"]
    except (KeyError, TypeError, IndexError) as error:
        raise reading.malformed(_ISSUER, "an item lacks one of its four members") from error
    if type(number) is not int or number < 0 or type(random) is not bytes:
        raise reading.malformed(_ISSUER, "digestID is a number, random is bytes")
    if type(identifier) is not str:
        raise reading.malformed(_ISSUER, "elementIdentifier is text")
    return _signed_item((encoded, number, random, identifier, content))


def _device_signed(value: cbor.Cbor, limits: Limits) -> DeviceSigned:
    members = reading.as_map(value, _DEVICE)
    encoded = reading.inner(members, "nameSpaces", _DEVICE)
    name_spaces = _device_name_spaces(encoded, limits)
    auth = reading.required(members, "deviceAuth", dict, _DEVICE)
    return DeviceSigned(encoded, name_spaces, _device_auth(auth))


def _device_name_spaces(encoded: bytes, limits: Limits) -> dict[str, dict[str, Any]]:
    if encoded == _NOTHING:
        return {}
    name_spaces = reading.as_map(reading.decoded(encoded, limits, _DEVICE), _DEVICE)
    reading.bounded(len(name_spaces), limits.max_elements, "too_many_elements", _DEVICE)
    for name, elements in name_spaces.items():
        if not isinstance(name, str) or not all(
            isinstance(identifier, str) for identifier in reading.as_map(elements, _DEVICE)
        ):
            raise reading.malformed(_DEVICE, "nameSpaces holds elements by names")
    count = sum(map(len, name_spaces.values()))
    reading.bounded(count, limits.max_elements, "too_many_elements", _DEVICE)
    return name_spaces


def _device_auth(members: dict[Any, Any]) -> Sign1 | Mac0:
    """Return the one of both that is there; two would leave open which one counts."""
    if ("deviceSignature" in members) == ("deviceMac" in members):
        raise reading.malformed(_DEVICE, "either deviceSignature or deviceMac was expected")
    try:
        if "deviceSignature" in members:
            return cose.read_sign1(members["deviceSignature"])
        return cose.read_mac0(members["deviceMac"])
    except EnvelopeError as error:
        raise reading.malformed(_DEVICE, f"deviceAuth: {error}") from error
