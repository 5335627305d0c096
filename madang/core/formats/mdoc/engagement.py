"""Device engagement: how a session in proximity begins (ISO/IEC 18013-5 section 8.2.1.1)."""

from dataclasses import dataclass
from typing import Any, Final

from madang.core.encoding import cbor
from madang.core.encoding.cbor import Tag
from madang.core.formats.mdoc import reading
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.reading import DEFAULT_LIMITS, Limits
from madang.core.keys.cose_key import from_cose, to_cose
from madang.core.keys.jwk import KeyFormatError, PublicKey

VERSION: Final = "1.0"
CIPHER_SUITE_1: Final = 1
"""ECDH, HKDF with SHA-256, AES-256-GCM (section 9.1.5.2)."""
QR_SCHEME: Final = "mdoc:"
_WHERE: Final = "DeviceEngagement, 8.2.1.1"
_SECURITY_PARTS: Final = 2


@dataclass(frozen=True, slots=True)
class RetrievalMethod:
    """A way to reach the device.

    Attributes:
        kind: 1 for NFC, 2 for Bluetooth Low Energy, 3 for Wi-Fi Aware.
        version: of the method.
        options: by their numbers, in the method's own terms.
    """

    kind: int
    version: int
    options: dict[Any, Any]


@dataclass(frozen=True, slots=True)
class DeviceEngagement:
    """What a QR code or a tag of the device says.

    Attributes:
        version: "1.0", or later.
        e_device_key: the device's key of this session.
        e_device_key_encoded: the bytes inside EDeviceKeyBytes (tag 24), as received.
        retrieval_methods: ways to reach the device; none when NFC agreed on one.
    """

    version: str
    e_device_key: PublicKey
    e_device_key_encoded: bytes
    retrieval_methods: tuple[RetrievalMethod, ...] = ()


def encode(key: PublicKey, retrieval_methods: tuple[RetrievalMethod, ...] = ()) -> bytes:
    """Return a DeviceEngagement as CBOR."""
    found: dict[int, Any] = {0: VERSION, 1: [CIPHER_SUITE_1, cbor.encoded(to_cose(key))]}
    if retrieval_methods:
        found[2] = [[each.kind, each.version, each.options] for each in retrieval_methods]
    return cbor.dumps(found)


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> DeviceEngagement:
    """Take an encoded DeviceEngagement apart.

    Raises:
        MdocError: malformed, another cipher suite, or a key of another kind.
    """
    members = reading.as_map(reading.decoded(data, limits, _WHERE), _WHERE)
    security = reading.required(members, 1, list, _WHERE)
    if len(security) < _SECURITY_PARTS or security[0] != CIPHER_SUITE_1:
        detail = f"cipher suite {CIPHER_SUITE_1} with a key was expected"
        raise MdocError("cipher_suite", "ISO 18013-5 9.1.5.2", detail)
    key, encoded = read_key({"eDeviceKey": security[1]}, "eDeviceKey", limits, _WHERE)
    methods = reading.optional(members, 2, list, _WHERE) or []
    reading.bounded(len(methods), limits.max_elements, "too_many_elements", _WHERE)
    version = reading.required(members, 0, str, _WHERE)
    return DeviceEngagement(version, key, encoded, tuple(map(_method, methods)))


def read_key(
    members: dict[Any, Any], name: str, limits: Limits, where: str
) -> tuple[PublicKey, bytes]:
    """Return a COSE_Key that stands in tag 24, and its bytes; MdocError if there is none."""
    encoded = reading.inner(members, name, where)
    try:
        return from_cose(reading.decoded(encoded, limits, where)), encoded
    except KeyFormatError as error:
        raise reading.malformed(where, f"{name}: {error}") from error


def key_tag(key: PublicKey) -> Tag:
    """Return a key as a COSE_Key in tag 24."""
    return cbor.encoded(to_cose(key))


def _method(value: cbor.Cbor) -> RetrievalMethod:
    match value:
        case [int(kind), int(version), dict(options)]:
            return RetrievalMethod(kind, version, options)
        case _:
            raise reading.malformed(_WHERE, "a retrieval method is [type, version, options]")
