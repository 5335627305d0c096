"""What the registry on the chain says of a body: an issuer, a verifier, a witness or a log.

Each is a document in canonical JSON (RFC 8785) whose SHA-256 is the record's id. A document that is
not exactly as it should be counts for nothing: nothing may slip into what everybody decides by.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from madang.core.catalog.certificate_type import Path, Texts
from madang.core.catalog.errors import CatalogError
from madang.core.catalog.federation import PURPOSE_ID
from madang.core.catalog.reader import Node, load, shown
from madang.core.encoding import canonical_json
from madang.core.encoding.strict_json import Json

MAX_DOCUMENT_BYTES: Final = 16_384
"""What the contract takes."""
MAX_STEPS: Final = 16
MAX_INDEX: Final = 10_000
MAX_TIME: Final = 2**40

_WHERE: Final = "document"
_ID: Final = r"https?://[!#-\[\]-~]{1,500}"
_TENANT: Final = r"[a-z][a-z0-9-]{0,31}"
_TYPE: Final = r"[!#-\[\]-~]{1,500}"
_FINGERPRINT: Final = r"[0-9a-f]{64}"
_KEY: Final = r"[^\s+]{1,300}\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}"
_ORIGIN: Final = r"[!#-*,-\[\]-~]{1,500}"
_ADDRESS: Final = r"0x[0-9a-fA-F]{40}"
_COMMON: Final = ("kind", "id", "tenant", "valid_from", "valid_until")


class AccreditationError(ValueError):
    """A document is not what it has to be; the message tells the place and what was expected."""


class Kind(IntEnum):
    """What a record accredits, as the contract numbers it."""

    ISSUER = 1
    VERIFIER = 2
    WITNESS = 3
    LOG = 4


@dataclass(frozen=True, slots=True)
class Body:
    """What every document says.

    Attributes:
        id: the body's permanent identifier, an https address.
        tenant: the municipality that it belongs to.
        valid_from: first second, since the epoch.
        valid_until: last second.
    """

    id: str
    tenant: str
    valid_from: int
    valid_until: int


@dataclass(frozen=True, slots=True)
class Issuer(Body):
    """Who attests what.

    Attributes:
        types: `vct` or `docType` of each type.
        anchors: SHA-256 of the DER of each root that its certificates lead to.
    """

    types: tuple[str, ...]
    anchors: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RegisteredPurpose:
    """What a verifier may ask, and why.

    Attributes:
        id: the purpose's name.
        texts: SHA-256 of what holders are told, see `texts_hash`.
        asks: per `vct` or `docType` the claim paths that may be asked; there may be none.
    """

    id: str
    texts: bytes
    asks: Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True, slots=True)
class Verifier(Body):
    """Who may ask what.

    Attributes:
        anchors: as of an issuer.
        purposes: the registered uses.
    """

    anchors: tuple[bytes, ...]
    purposes: tuple[RegisteredPurpose, ...]


@dataclass(frozen=True, slots=True)
class Witness(Body):
    """Who cosigns heads of logs.

    Attributes:
        key: its verifier key (C2SP signed-note), as text.
    """

    key: str


@dataclass(frozen=True, slots=True)
class Log(Body):
    """A municipality's log.

    Attributes:
        origin: as its checkpoints begin.
        key: verifier key of its checkpoints, as text.
        second_key: that of its second line.
        owner: address that appends its heads.
    """

    origin: str
    key: str
    second_key: str
    owner: str


Document: TypeAlias = Issuer | Verifier | Witness | Log
KINDS: Final[Mapping[type[Document], Kind]] = {
    Issuer: Kind.ISSUER,
    Verifier: Kind.VERIFIER,
    Witness: Kind.WITNESS,
    Log: Kind.LOG,
}


def record_id(document: bytes) -> bytes:
    """Return the id of a document's record, 32 bytes."""
    return hashlib.sha256(document).digest()


def texts_hash(texts: Texts) -> bytes:
    """Return what a registered purpose commits to: SHA-256 of its canonical texts by language."""
    return canonical_json.digest(dict(texts))


def encode_document(document: Document) -> bytes:
    """Return the bytes that the contract takes.

    Raises:
        AccreditationError: a value that could not be read back, or too many bytes.
    """
    common = {
        "kind": KINDS[type(document)].name.lower(),
        "id": document.id,
        "tenant": document.tenant,
        "valid_from": document.valid_from,
        "valid_until": document.valid_until,
    }
    data = canonical_json.encode({**common, **_own(document)})
    if parse_document(data) != document:
        raise AccreditationError(f"{_WHERE}: the values have no form that reads as the same")
    return data


def _own(document: Document) -> dict[str, Json]:
    match document:
        case Issuer():
            return {"types": list(document.types), "anchors": [a.hex() for a in document.anchors]}
        case Verifier():
            purposes = [_purpose_json(each) for each in document.purposes]
            return {"anchors": [a.hex() for a in document.anchors], "purposes": purposes}
        case Witness():
            return {"key": document.key}
        case Log():
            names = ("origin", "key", "second_key", "owner")
            return {name: getattr(document, name) for name in names}


def _purpose_json(purpose: RegisteredPurpose) -> dict[str, Json]:
    asks = {name: [list(path) for path in paths] for name, paths in purpose.asks.items()}
    return {"id": purpose.id, "texts": purpose.texts.hex(), "asks": asks}


def parse_document(data: bytes) -> Document:
    """Read a document.

    Raises:
        AccreditationError: too long, not canonical, or a member that is missing, unknown or of
            another form.
    """
    if len(data) > MAX_DOCUMENT_BYTES:
        most = f"at most {MAX_DOCUMENT_BYTES} were expected"
        raise AccreditationError(f"{_WHERE}: {len(data)} bytes, {most}")
    try:
        node = load({_WHERE: data}, "", _WHERE)
        document = _PARSERS[node.choice("kind", tuple(_PARSERS))](node)
        _check_window(node, document)
    except CatalogError as error:
        raise AccreditationError(str(error)) from error
    if canonical_json.encode(dict(node.members)) != data:
        raise AccreditationError(f"{_WHERE}: expected canonical JSON (RFC 8785)")
    return document


def _common(node: Node) -> tuple[str, str, int, int]:
    return (
        node.matching("id", _ID, "an absolute https address"),
        node.matching("tenant", _TENANT, "the id of a municipality"),
        node.integer("valid_from", 0, MAX_TIME),
        node.integer("valid_until", 0, MAX_TIME),
    )


def _check_window(node: Node, document: Document) -> None:
    if document.valid_until < document.valid_from:
        raise node.error("valid_until", "a time after valid_from", shown(document.valid_until))


def _issuer(node: Node) -> Issuer:
    node.only(*_COMMON, "types", "anchors")
    types = _each(node, "types", _TYPE, "a vct or a docType")
    return Issuer(*_common(node), types=types, anchors=_anchors(node))


def _verifier(node: Node) -> Verifier:
    node.only(*_COMMON, "anchors", "purposes")
    purposes = tuple(map(_purpose, node.children("purposes")))
    if len({each.id for each in purposes}) != len(purposes):
        raise node.error("purposes", "each id once", "an id twice")
    return Verifier(*_common(node), anchors=_anchors(node), purposes=purposes)


def _witness(node: Node) -> Witness:
    node.only(*_COMMON, "key")
    return Witness(*_common(node), key=node.matching("key", _KEY, "a verifier key"))


def _log(node: Node) -> Log:
    node.only(*_COMMON, "origin", "key", "second_key", "owner")
    return Log(
        *_common(node),
        origin=node.matching("origin", _ORIGIN, "the origin of a log"),
        key=node.matching("key", _KEY, "a verifier key"),
        second_key=node.matching("second_key", _KEY, "a verifier key"),
        owner=node.matching("owner", _ADDRESS, "an address of the chain"),
    )


_PARSERS: Final[Mapping[str, Callable[[Node], Document]]] = {
    "issuer": _issuer,
    "verifier": _verifier,
    "witness": _witness,
    "log": _log,
}


def _purpose(node: Node) -> RegisteredPurpose:
    node.only("id", "texts", "asks")
    asks = node.child("asks")
    if not asks.members:
        raise node.error("asks", "at least one type", "an empty object")
    return RegisteredPurpose(
        id=node.matching("id", PURPOSE_ID, "a name in snake_case"),
        texts=bytes.fromhex(node.matching("texts", _FINGERPRINT, "SHA-256 in hex")),
        asks={name: _paths(asks, name) for name in asks.members},
    )


def _paths(node: Node, name: str) -> tuple[Path, ...]:
    paths = []
    for index, value in enumerate(node.array(name, may_be_empty=True)):
        steps = tuple(value) if isinstance(value, list) else ()
        if not _is_path(steps) or steps in paths:
            raise node.error(f"{name}[{index}]", "a claim path, each once", shown(value))
        paths.append(steps)
    return tuple(paths)


def _is_path(steps: tuple[Json, ...]) -> bool:
    """Tell whether these are keys, indexes and nulls (OpenID4VP 1.0 section 7)."""
    return 0 < len(steps) <= MAX_STEPS and all(
        step is None or isinstance(step, str) or (type(step) is int and 0 <= step <= MAX_INDEX)
        for step in steps
    )


def _anchors(node: Node) -> tuple[bytes, ...]:
    found = _each(node, "anchors", _FINGERPRINT, "SHA-256 in hex")
    return tuple(map(bytes.fromhex, found))


def _each(node: Node, key: str, pattern: str, expected: str) -> tuple[str, ...]:
    found: list[str] = []
    for index, value in enumerate(node.array(key)):
        item = Node(node.file, node.place(key), {f"[{index}]": value})
        text = item.matching(f"[{index}]", pattern, expected)
        if text in found:
            raise node.error(f"{key}[{index}]", "each once", "a value twice")
        found.append(text)
    return tuple(found)
