"""Trusted lists: which services a state has granted (ETSI TS 119 612, clause 5).

The list is signed by XML Signature, which is not checked here: whoever reads a list has to have had
that done. No document type is accepted, so there are no entities that could grow or go anywhere.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from xml.parsers.expat import ExpatError, ParserCreate  # DTDs are refused below

NAMESPACE: Final = "http://uri.etsi.org/02231/v2#"
GRANTED: Final = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted"
MAX_BYTES: Final = 32_000_000
MAX_DEPTH: Final = 64
MAX_SERVICES: Final = 20_000
MAX_TEXT: Final = 100_000
_SCHEME: Final = ("TrustServiceStatusList", "SchemeInformation")
_ISSUED: Final = (*_SCHEME, "ListIssueDateTime")
_NEXT: Final = (*_SCHEME, "NextUpdate", "dateTime")
_POINTER: Final = (*_SCHEME, "PointersToOtherTSL", "OtherTSLPointer", "TSLLocation")
_SERVICE: Final = (
    *("TrustServiceStatusList", "TrustServiceProviderList", "TrustServiceProvider"),
    *("TSPServices", "TSPService", "ServiceInformation"),
)
_TYPE: Final = (*_SERVICE, "ServiceTypeIdentifier")
_STATUS: Final = (*_SERVICE, "ServiceStatus")
_CERTIFICATE: Final = (*_SERVICE, "ServiceDigitalIdentity", "DigitalId", "X509Certificate")
_READ: Final = frozenset({_ISSUED, _NEXT, _POINTER, _TYPE, _STATUS, _CERTIFICATE})


class TrustedListError(ValueError):
    """A document that is no trusted list, or not one that is read here."""


@dataclass(frozen=True, slots=True)
class ListedService:
    """A service as it stands now; what it was before is not read.

    Attributes:
        type: what it does, as a URI.
        status: how it stands, as a URI.
        certificates: DER, as they came.
    """

    type: str
    status: str
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TrustedList:
    """A list whose signature is not checked.

    Attributes:
        issued_at: seconds since 1970.
        next_update: when it is over, seconds since 1970; None for a scheme that has ended.
        services: in their order.
        pointers: addresses of other lists.
    """

    issued_at: int
    next_update: int | None
    services: tuple[ListedService, ...]
    pointers: tuple[str, ...]


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> TrustedList:
    """Read a list.

    Raises:
        TrustedListError: no XML, another document, a document type, too large, too deep, or a
            value that is none.
    """
    if len(data) > max_bytes:
        raise TrustedListError(f"a list of {len(data)} bytes, at most {max_bytes} are accepted")
    reader = _Reader()
    parser = ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)  # noqa: FBT003  # expat's own shape
    except ExpatError as error:
        raise TrustedListError(f"no XML: {error}") from error
    except TrustedListError:
        raise
    except (ValueError, LookupError) as error:  # of more bytes a character, too
        raise TrustedListError("text in an encoding that is not known") from error
    return reader.read()


class _Reader:
    def __init__(self) -> None:
        self._path: list[str] = []
        self._texts: list[str] | None = None
        self._size = 0
        self._issued: str | None = None
        self._next: str | None = None
        self._pointers: list[str] = []
        self._services: list[ListedService] = []
        self._service: dict[tuple[str, ...], list[str]] = {}

    def doctype(self, *_: object) -> None:
        raise TrustedListError("a document type is not accepted")

    def start(self, name: str, _attributes: object) -> None:
        self._path.append(name.removeprefix(f"{NAMESPACE} "))
        if len(self._path) > MAX_DEPTH:
            raise TrustedListError(f"nests deeper than {MAX_DEPTH}")
        if len(self._path) == 1 and self._path[0] != "TrustServiceStatusList":
            raise TrustedListError("another document than a trusted list")
        self._texts = [] if tuple(self._path) in _READ else None
        self._size = 0

    def text(self, text: str) -> None:
        if self._texts is not None:
            self._size += len(text)
            if self._size > MAX_TEXT:
                raise TrustedListError(f"a value of more than {MAX_TEXT} characters")
            self._texts.append(text)

    def end(self, _name: str) -> None:
        path = tuple(self._path)
        if self._texts is not None:
            self._keep(path, "".join(self._texts).strip())
        if path == _SERVICE:
            self._close()
        self._path.pop()
        self._texts = None

    def _keep(self, path: tuple[str, ...], value: str) -> None:
        if path == _ISSUED:
            self._issued = value
        elif path == _NEXT:
            self._next = value
        elif path == _POINTER:
            self._pointers.append(value)
        else:
            self._service.setdefault(path, []).append(value)

    def _close(self) -> None:
        if len(self._services) == MAX_SERVICES:
            raise TrustedListError(f"more than {MAX_SERVICES} services")
        found, self._service = self._service, {}
        types, statuses = found.get(_TYPE, []), found.get(_STATUS, [])
        if len(types) != 1 or len(statuses) != 1:
            raise TrustedListError("a service has one type and one status")
        certificates = tuple(map(_der, found.get(_CERTIFICATE, ())))
        self._services.append(ListedService(types[0], statuses[0], certificates))

    def read(self) -> TrustedList:
        if self._issued is None:
            raise TrustedListError("the list does not say when it was issued")
        after = None if self._next is None else _seconds(self._next)
        services, pointers = tuple(self._services), tuple(dict.fromkeys(self._pointers))
        return TrustedList(_seconds(self._issued), after, services, pointers)


def _der(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise TrustedListError("a certificate that is no base64") from error


def _seconds(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise TrustedListError("a time that is none") from error
