"""The mobile security object: what an issuer signs (ISO/IEC 18013-5 section 9.1.2.4)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from madang.core.encoding.cbor_pieces import unwrapped_bytes
from madang.core.formats.mdoc import reading
from madang.core.formats.mdoc.reading import DEFAULT_LIMITS, Limits
from madang.core.formats.mdoc.times import seconds_of

VERSION: Final = "1.0"
HASHES: Final = MappingProxyType(
    {"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512}
)
"""Digest algorithms (section 9.1.2.5, table 21)."""
DEFAULT_HASH: Final = "SHA-256"
_WHERE: Final = "MobileSecurityObject, 9.1.2.4"


class ValidityInfo(NamedTuple):
    """When an mdoc was signed and is valid, in seconds since the epoch.

    Attributes:
        signed: time of the signature.
        valid_from: first second of validity, not before `signed`.
        valid_until: last second of validity, after `valid_from`.
        expected_update: when the issuer will sign anew; None when it does not say.
    """

    signed: int
    valid_from: int
    valid_until: int
    expected_update: int | None = None


@dataclass(frozen=True, slots=True)
class KeyAuthorizations:
    """Elements that the device key may sign itself.

    Attributes:
        name_spaces: namespaces with all their elements.
        data_elements: single elements, by namespace.
    """

    name_spaces: tuple[str, ...] = ()
    data_elements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def allow(self, name_space: str, identifier: str) -> bool:
        """Tell whether the device may sign an element."""
        return name_space in self.name_spaces or identifier in self.data_elements.get(
            name_space, ()
        )


_NO_AUTHORIZATIONS: Final = KeyAuthorizations()


@dataclass(frozen=True, slots=True)
class StatusReference:
    """Where a copy's status stands (Token Status List, section 6.3).

    Attributes:
        uri: of the list.
        idx: place in it.
        certificate: DER of what the list's chain leads to, where the issuer names it (ISO/IEC
            18013-5, 12.3.6.2); read, and never written here.
    """

    uri: str
    idx: int
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class IdentifierReference:
    """By what a copy is named where it is revoked (ISO/IEC 18013-5, 12.3.6.2).

    Attributes:
        uri: of the identifier list.
        id: the identifier.
        certificate: as above.
    """

    uri: str
    id: bytes
    certificate: bytes | None = None


StatusPlace: TypeAlias = StatusReference | IdentifierReference


class MobileSecurityObject(NamedTuple):
    """The signed part of an mdoc.

    Attributes:
        version: "1.0".
        digest_algorithm: name of the hash of the digests; may be one that is not known.
        value_digests: digests by namespace and digestID.
        device_key: the holder's COSE_Key as received.
        key_authorizations: what the device key may sign.
        doc_type: type of the document.
        validity: times.
        status: place in a list; None when there is none of a kind that is known, or of both.
        members: everything that was received, unknown members too.
    """

    version: str
    digest_algorithm: str
    value_digests: Mapping[str, Mapping[int, bytes]]
    device_key: Mapping[Any, Any]
    key_authorizations: KeyAuthorizations
    doc_type: str
    validity: ValidityInfo
    status: StatusPlace | None
    members: Mapping[Any, Any]


def parse(payload: bytes | None, limits: Limits = DEFAULT_LIMITS) -> MobileSecurityObject:
    """Read MobileSecurityObjectBytes, the payload of `issuerAuth`.

    Raises:
        MdocError: no payload, not tag 24, a member missing or of another kind, too large, too
            deep, or too many digests.
    """
    data = unwrapped_bytes(payload or b"")
    if data is None:
        raise reading.malformed(_WHERE, "the payload is not encoded CBOR (tag 24 over bytes)")
    members = reading.as_map(reading.decoded(data, limits, _WHERE), _WHERE)
    device_key_info = reading.required(members, "deviceKeyInfo", dict, _WHERE)
    return MobileSecurityObject(
        version=reading.required(members, "version", str, _WHERE),
        digest_algorithm=reading.required(members, "digestAlgorithm", str, _WHERE),
        value_digests=_digests(reading.required(members, "valueDigests", dict, _WHERE), limits),
        device_key=reading.required(device_key_info, "deviceKey", dict, _WHERE),
        key_authorizations=_authorizations(device_key_info),
        doc_type=reading.required(members, "docType", str, _WHERE),
        validity=_validity(reading.required(members, "validityInfo", dict, _WHERE)),
        status=_status(members),
        members=members,
    )


def _digests(value: dict[Any, Any], limits: Limits) -> dict[str, dict[int, bytes]]:
    count = 0
    for name_space, digests in value.items():
        if not isinstance(name_space, str) or not isinstance(digests, dict) or not digests:
            raise reading.malformed(_WHERE, "valueDigests holds maps with digests by namespace")
        count += len(digests)
        for number, digest in digests.items():
            if type(number) is not int or number < 0 or not isinstance(digest, bytes):
                raise reading.malformed(_WHERE, "a digest is bytes under a number")
    reading.bounded(count, limits.max_elements, "too_many_elements", _WHERE)
    return value


def _authorizations(device_key_info: dict[Any, Any]) -> KeyAuthorizations:
    found = reading.optional(device_key_info, "keyAuthorizations", dict, _WHERE)
    if found is None:
        return _NO_AUTHORIZATIONS
    data_elements = reading.optional(found, "dataElements", dict, _WHERE) or {}
    return KeyAuthorizations(
        reading.texts(found.get("nameSpaces", ()), _WHERE),
        {name: reading.texts(value, _WHERE) for name, value in data_elements.items()},
    )


def _validity(value: dict[Any, Any]) -> ValidityInfo:
    update = value.get("expectedUpdate")
    return ValidityInfo(
        signed=seconds_of(value.get("signed")),
        valid_from=seconds_of(value.get("validFrom")),
        valid_until=seconds_of(value.get("validUntil")),
        expected_update=None if update is None else seconds_of(update),
    )


def _status(members: dict[Any, Any]) -> StatusPlace | None:
    """Return the place in a list; other mechanisms are not read here, nor two at once."""
    status = reading.optional(members, "status", dict, _WHERE) or {}
    named = [name for name in ("status_list", "identifier_list") if name in status]
    if len(named) != 1:
        return None
    place = reading.required(status, named[0], dict, _WHERE)
    uri = reading.required(place, "uri", str, _WHERE)
    certificate = reading.optional(place, "certificate", bytes, _WHERE)
    if named == ["identifier_list"]:
        identifier = reading.required(place, "id", bytes, _WHERE)
        return IdentifierReference(uri, identifier, certificate)
    idx = reading.required(place, "idx", int, _WHERE)
    if idx < 0:
        raise reading.malformed(_WHERE, "idx is not below zero")
    return StatusReference(uri, idx, certificate)
