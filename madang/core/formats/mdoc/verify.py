"""Verify presented mdocs (ISO/IEC 18013-5 sections 9.1.3 and 9.3.1)."""

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from madang.core.encoding.cbor_pieces import wrapped
from madang.core.envelope import cose
from madang.core.envelope.cose import Mac0, Sign1
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.mdoc.agreement import Agreement
from madang.core.formats.mdoc.device_auth import authentication_bytes, mac_key
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import OK, VERSION, Document, IssuerSigned, parse_response
from madang.core.formats.mdoc.mso import HASHES, MobileSecurityObject
from madang.core.formats.mdoc.reading import DEFAULT_LIMITS, Limits
from madang.core.formats.mdoc.verdict import Failure, ResponseVerdict, Verdict
from madang.core.keys.cose_key import ALGORITHMS, from_cose
from madang.core.keys.jwk import KeyFormatError, PublicKey
from madang.core.keys.signing import checker_for

MAX_SKEW: Final = 60
_ISSUER: Final = "ISO 18013-5 9.3.1"
_DEVICE: Final = "ISO 18013-5 9.1.3"


class TrustedKey(NamedTuple):
    """An issuer's key in which trust was established.

    Attributes:
        key: of the document signer's certificate.
        not_before: first second of that certificate's validity; None when it is not known.
        not_after: last such second.
    """

    key: PublicKey
    not_before: float | None = None
    not_after: float | None = None


Trust = Callable[[str, Sequence[bytes]], TrustedKey | Failure]
"""Finds the key of a document type's issuer by `x5chain`, or says why there is none (9.3.3)."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a verifier expects of a document.

    Attributes:
        transcript: the encoded SessionTranscript of this session.
        doc_types: accepted types; None accepts any.
        reader: the reader's key of this session; None when no MAC is accepted.
        max_skew: seconds by which clocks may differ.
    """

    transcript: bytes
    doc_types: Container[str] | None = None
    reader: Agreement | None = None
    max_skew: int = MAX_SKEW


def verify_response(
    data: bytes,
    expected: Expectation,
    *,
    trust: Trust,
    now: int,
    limits: Limits = DEFAULT_LIMITS,
) -> ResponseVerdict:
    """Parse and verify a DeviceResponse; bytes that are none give a verdict too.

    Args:
        data: the DeviceResponse.
        expected: what the verifier expects of each document.
        trust: finds the issuers' keys.
        now: seconds since the epoch.
        limits: how much is accepted.
    """
    try:
        response = parse_response(data, limits)
    except MdocError as error:
        return ResponseVerdict((), (Failure(error.code, error.clause, error.detail),))
    clause = "ISO 18013-5 8.3.2.1.2.2"
    failed = []
    if response.version.partition(".")[0] != VERSION.partition(".")[0]:
        failed.append(Failure("version", clause, "the version is not one of 1.x"))
    if response.status != OK:
        failed.append(Failure("response_status", clause, f"the device says {response.status}"))
    if not response.documents:
        failed.append(Failure("no_documents", clause, "the response holds no document"))
    verdicts = (
        verify_document(document, expected, issuer=_issuer(document, trust), now=now)
        for document in response.documents
    )
    return ResponseVerdict(tuple(verdicts), tuple(failed))


def verify_document(
    document: Document, expected: Expectation, *, issuer: TrustedKey | Failure, now: int
) -> Verdict:
    """Verify a presented document and report every failed step.

    The steps, in the order of sections 9.3.1 and 9.1.3: 1. issuer's certificate, 2. issuer
    signature, 3. digests, 4. document type, 5. times, 6. device key and its signature or MAC over
    this session, 7. what the device key may sign. Its status is the caller's to check.

    Args:
        document: a parsed document.
        expected: what the verifier expects.
        issuer: the key that trust was established in, or why there is none.
        now: seconds since the epoch.
    """
    mso = document.issuer_signed.mso
    elements, failed = _issued(document.issuer_signed, issuer)
    failed += _doc_type(document, expected)
    failed += _times(mso, issuer, expected.max_skew, now)
    key = None
    try:
        key = from_cose(mso.device_key)
        failed += _device(document, expected, key)
    except KeyFormatError as error:
        failed.append(Failure("device_key", "ISO 18013-5 9.1.2.4", str(error)))
    failed += _authorized(document, mso)
    failed += _status_known(mso)
    device_elements = document.device_signed.name_spaces
    return Verdict(document.doc_type, elements, device_elements, key, mso.status, tuple(failed))


def verify_issued(
    issuer_signed: IssuerSigned, *, issuer: TrustedKey | Failure, now: int, max_skew: int = MAX_SKEW
) -> Verdict:
    """Verify what an issuer sent, as the wallet that receives it: steps 1, 2, 3 and 5."""
    mso = issuer_signed.mso
    elements, failed = _issued(issuer_signed, issuer)
    failed += _times(mso, issuer, max_skew, now)
    failed += _status_known(mso)
    key = None
    try:
        key = from_cose(mso.device_key)
    except KeyFormatError as error:
        failed.append(Failure("device_key", "ISO 18013-5 9.1.2.4", str(error)))
    return Verdict(mso.doc_type, elements, {}, key, mso.status, tuple(failed))


def _issuer(document: Document, trust: Trust) -> TrustedKey | Failure:
    try:
        chain = cose.x5chain(document.issuer_signed.issuer_auth)
    except EnvelopeError as error:
        return Failure("issuer_chain", "RFC 9360 2", str(error))
    return trust(document.issuer_signed.mso.doc_type, chain)


def _issued(
    issuer_signed: IssuerSigned, issuer: TrustedKey | Failure
) -> tuple[dict[str, dict[str, Any]], list[Failure]]:
    failed = [*_issuer_signature(issuer_signed.issuer_auth, issuer)]
    elements: dict[str, dict[str, Any]] = {}
    failed += digests(issuer_signed, elements)
    return elements, failed


def _issuer_signature(auth: Sign1, issuer: TrustedKey | Failure) -> Iterator[Failure]:
    if isinstance(issuer, Failure):
        yield issuer
    elif ALGORITHMS.get(auth.header[cose.ALG]) != issuer.key.algorithm:
        detail = f"alg {auth.header[cose.ALG]}, the key's {issuer.key.algorithm} was expected"
        yield Failure("issuer_alg", _ISSUER, detail)
    elif not cose.verify1(auth, checker_for(issuer.key)):
        yield Failure("issuer_signature", _ISSUER, "not signed by the issuer's key")


def digests(issuer_signed: IssuerSigned, good: dict[str, dict[str, Any]]) -> Iterator[Failure]:
    """Put the elements whose digests agree into `good`, by name space; tell of the others."""
    mso = issuer_signed.mso
    if mso.version.partition(".")[0] != VERSION.partition(".")[0]:
        yield Failure("mso_version", _ISSUER, "the MSO's version is not one of 1.x")
    if mso.digest_algorithm not in HASHES:
        yield Failure("digest_algorithm", _ISSUER, "the digests' hash is not known")
        return
    digest_of = HASHES[mso.digest_algorithm]
    for name_space, items in issuer_signed.name_spaces.items():
        digests = mso.value_digests.get(name_space, {})
        seen = good.setdefault(name_space, {})
        for encoded, number, _, identifier, value in items:
            if digests.get(number) != digest_of(wrapped(encoded)).digest():
                yield Failure("digest", _ISSUER, f"{identifier}: its digest is not in the MSO")
            elif identifier in seen:
                yield Failure("element_twice", _ISSUER, f"{identifier} came twice")
            else:
                seen[identifier] = value


def _doc_type(document: Document, expected: Expectation) -> Iterator[Failure]:
    if document.doc_type != document.issuer_signed.mso.doc_type:
        yield Failure("doc_type", _ISSUER, "docType is not that of the MSO")
    elif expected.doc_types is not None and document.doc_type not in expected.doc_types:
        yield Failure("doc_type_unexpected", _ISSUER, "docType is none of the accepted types")


def _times(
    mso: MobileSecurityObject, issuer: TrustedKey | Failure, skew: int, now: int
) -> Iterator[Failure]:
    times = mso.validity
    if isinstance(issuer, TrustedKey) and issuer.not_before is not None:
        last = times.signed if issuer.not_after is None else issuer.not_after
        if not issuer.not_before <= times.signed <= last:
            yield Failure("signed_outside_certificate", _ISSUER, "signed while not certified")
    if times.signed > now + skew:
        yield Failure("not_yet_valid", _ISSUER, "signed lies ahead")
    elif times.valid_from > now + skew:
        yield Failure("not_yet_valid", _ISSUER, "validFrom lies ahead")
    if times.valid_until < now - skew:
        yield Failure("expired", _ISSUER, "validUntil has passed")


def _device(document: Document, expected: Expectation, key: PublicKey) -> Iterator[Failure]:
    signed = document.device_signed
    data = authentication_bytes(expected.transcript, document.doc_type, signed.encoded)
    if isinstance(signed.device_auth, Mac0):
        yield from _mac(signed.device_auth, expected, key, data)
    elif ALGORITHMS.get(signed.device_auth.header[cose.ALG]) != key.algorithm:
        yield Failure("device_alg", _DEVICE, "alg is not that of the device key")
    elif not cose.verify1(signed.device_auth, checker_for(key), payload=data):
        yield Failure("device_signature", _DEVICE, "not signed by the device key for this session")


def _mac(auth: Mac0, expected: Expectation, key: PublicKey, data: bytes) -> Iterator[Failure]:
    if expected.reader is None:
        yield Failure("device_mac_unexpected", _DEVICE, "a signature was asked for, not a MAC")
        return
    try:
        secret = mac_key(expected.reader, key, expected.transcript)
    except MdocError as error:
        yield Failure("device_key", _DEVICE, error.detail)
        return
    if not cose.verify_mac0(auth, secret, payload=data):
        yield Failure("device_mac", _DEVICE, "not the device key's MAC for this session")


def _authorized(document: Document, mso: MobileSecurityObject) -> Iterator[Failure]:
    for name_space, elements in document.device_signed.name_spaces.items():
        for identifier in elements:
            if not mso.key_authorizations.allow(name_space, identifier):
                detail = f"the device key may not sign {identifier}"
                yield Failure("device_element", "ISO 18013-5 9.1.2.4", detail)


def _status_known(mso: MobileSecurityObject) -> Iterator[Failure]:
    """Refuse a status that cannot be looked up: the document may be revoked."""
    if "status" in mso.members and mso.status is None:
        yield Failure("status_mechanism", "Token Status List 6.3", "a status of an unknown kind")
