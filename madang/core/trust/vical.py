"""Verified Issuer Certificate Authority List: whose mdocs a group trusts (ISO/IEC 18013-5 C.1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from madang.core.encoding import cbor
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose
from madang.core.envelope.cose import Sign1
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.mdoc import reading
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.reading import Limits
from madang.core.formats.mdoc.times import seconds_of
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import checker_for

MAX_BYTES: Final = 5_000_000
MAX_CERTIFICATES: Final = 2_000
LIMITS: Final = Limits(max_bytes=MAX_BYTES, max_elements=MAX_CERTIFICATES)
_WHERE: Final = "VICAL, C.1.7.1"


@dataclass(frozen=True, slots=True)
class CertificateInfo:
    """One issuing authority's certificate (IACA).

    Attributes:
        certificate: DER.
        ski: subject key identifier, as the list's provider wrote it.
        doc_types: document types for which it is trusted.
        members: everything that was received.
    """

    certificate: bytes
    ski: bytes
    doc_types: tuple[str, ...]
    members: Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class Vical:
    """A parsed list whose signature is not checked yet.

    Attributes:
        message: the COSE_Sign1.
        provider: who keeps the list.
        date: when it was made, in seconds since the epoch.
        next_update: when the next one comes; None when it does not say.
        issue_id: number of this list; None when it has none.
        certificates: in the order of the list.
    """

    message: Sign1
    provider: str
    date: int
    next_update: int | None
    issue_id: int | None
    certificates: tuple[CertificateInfo, ...]

    @property
    def chain(self) -> tuple[bytes, ...]:
        """Return the provider's certificates, leaf first; MdocError if they are malformed."""
        try:
            return cose.x5chain(self.message)
        except EnvelopeError as error:
            raise reading.malformed(_WHERE, str(error)) from error

    def roots(self, doc_type: str) -> tuple[bytes, ...]:
        """Return the certificates that are trusted for a document type."""
        return tuple(each.certificate for each in self.certificates if doc_type in each.doc_types)


def parse(data: bytes, limits: Limits = LIMITS) -> Vical:
    """Take an encoded list apart.

    Raises:
        MdocError: not a COSE_Sign1 over a list, or more than `limits` allow.
    """
    try:
        message = cose.parse_sign1(data, max_bytes=limits.max_bytes)
    except EnvelopeError as error:
        raise reading.malformed(_WHERE, str(error)) from error
    members = reading.as_map(_payload(message, limits), _WHERE)
    infos = reading.required(members, "certificateInfos", list, _WHERE)
    reading.bounded(len(infos), limits.max_elements, "too_many_certificates", _WHERE)
    update = members.get("nextUpdate")
    return Vical(
        message=message,
        provider=reading.required(members, "vicalProvider", str, _WHERE),
        date=seconds_of(members.get("date")),
        next_update=None if update is None else seconds_of(update),
        issue_id=reading.optional(members, "vicalIssueID", int, _WHERE),
        certificates=tuple(map(_info, infos)),
    )


def verify(vical: Vical, key: PublicKey) -> bool:
    """Tell whether a list is signed with a key.

    Whose key that is, is the caller's to know: the list brings its chain, but the provider's
    certificates follow a profile of their own (table C.2) and are pinned.
    """
    return cose.verify1(vical.message, checker_for(key))


def _payload(message: Sign1, limits: Limits) -> cbor.Cbor:
    try:
        return cbor.loads(
            message.payload or b"", max_bytes=limits.max_bytes, max_depth=limits.max_depth
        )
    except EncodingError as error:
        raise reading.malformed(_WHERE, str(error)) from error


def _info(value: cbor.Cbor) -> CertificateInfo:
    members = reading.as_map(value, _WHERE)
    doc_types = reading.texts(members.get("docType"), _WHERE)
    if not doc_types:
        raise MdocError("malformed_mdoc", "ISO 18013-5 C.1.7.1", "a certificate is for no type")
    return CertificateInfo(
        certificate=reading.required(members, "certificate", bytes, _WHERE),
        ski=reading.required(members, "ski", bytes, _WHERE),
        doc_types=doc_types,
        members=members,
    )
