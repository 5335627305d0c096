"""Steps 2 to 5 for an mdoc: one DeviceResponse with one document (OpenID4VP 1.0 appendix B.2).

The device signs over the session's transcript, so the client, the nonce, the address and the key
that the answer is encrypted to need no checks of their own: another session is another transcript.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from madang.core.encoding import base64url
from madang.core.encoding.errors import EncodingError
from madang.core.envelope import cose
from madang.core.envelope.errors import EnvelopeError
from madang.core.formats.identifiers import MSO_MDOC
from madang.core.formats.mdoc.errors import MdocError
from madang.core.formats.mdoc.model import OK, VERSION, DeviceResponse, Document, parse_response
from madang.core.formats.mdoc.mso import IdentifierReference, MobileSecurityObject
from madang.core.formats.mdoc.reading import Limits as MdocLimits
from madang.core.formats.mdoc.verdict import Failure, Verdict
from madang.core.formats.mdoc.verify import Expectation, TrustedKey, verify_document
from madang.core.protocol.dcql.credential import Credential
from madang.core.protocol.oid4vp.presented import (
    NOTHING,
    UNAUTHENTIC,
    Authorized,
    Examination,
    Policy,
    Presented,
    held_against,
    misplaced_status,
    not_offered,
    unreadable,
)
from madang.core.protocol.oid4vp.type_check import document_failures
from madang.core.protocol.oid4vp.verdict import StatusReference, StatusSource, Step, StepFailure
from madang.core.trust.mdoc_certificates import document_signer
from madang.core.trust.registry import TrustError

_RESPONSE: Final = "ISO 18013-5 8.3.2.1.2.2"
_TRUST: Final = "ISO 18013-5 9.3.3"
_STEPS: Final[Mapping[str, Step]] = {
    **dict.fromkeys(("device_alg", "device_signature", "device_key"), Step.BINDING),
    **dict.fromkeys(("device_mac", "device_mac_unexpected", "device_element"), Step.BINDING),
    "status_mechanism": Step.STATUS,
}
"""Where the findings of an mdoc's verification belong; all others are about the credential."""


def examine_mdoc(text: str, held: Examination) -> Presented:
    """Go through steps 2 to 5 for one presentation; whatever fails becomes a failure."""
    query = held.query
    try:
        response = _parse(text, held)
        document = _only(response)
        chain = tuple(cose.x5chain(document.issuer_signed.issuer_auth))
    except MdocError as error:
        return unreadable(query, error.code, error.clause, error.detail)
    except EncodingError as error:
        return unreadable(query, "malformed_mdoc", "OpenID4VP 1.0 appendix B.2.5", str(error))
    except EnvelopeError as error:
        return unreadable(query, "issuer_chain", "RFC 9360 2", str(error))
    issuer, signer = _signer(document, chain, held.policy)
    verdict = _verdict(document, signer, held)
    return _described(document, verdict, chain, issuer, signer, held)


def _parse(text: str, held: Examination) -> DeviceResponse:
    most = held.limits.jwe_bytes
    if len(text) > most:
        raise EncodingError(f"{len(text)} characters, at most {most} are accepted")
    bounds = MdocLimits(max_bytes=most, max_documents=1, max_elements=held.limits.disclosures)
    return parse_response(base64url.decode(text), bounds)


def _only(response: DeviceResponse) -> Document:
    """Return the one document (HAIP 1.0 section 5.3.1); MdocError if there is none."""
    if response.version.partition(".")[0] != VERSION.partition(".")[0]:
        raise MdocError("version", _RESPONSE, "the version is not one of 1.x")
    if response.status != OK:
        raise MdocError("response_status", _RESPONSE, f"the device says {response.status}")
    if not response.documents:
        raise MdocError("no_documents", _RESPONSE, "the response holds no document")
    return response.documents[0]


def _signer(
    document: Document, chain: tuple[bytes, ...], policy: Policy
) -> tuple[str | None, TrustedKey | Failure]:
    mso = document.issuer_signed.mso
    try:
        return document_signer(
            policy.trust, mso.doc_type, chain, at=mso.validity.signed, now=policy.now
        )
    except TrustError as error:
        return None, Failure(error.code, _TRUST, str(error))


def _verdict(document: Document, signer: TrustedKey | Failure, held: Examination) -> Verdict:
    asked = held.asked
    expected = Expectation(asked.transcript, reader=asked.reader, max_skew=held.policy.max_skew)
    return verify_document(document, expected, issuer=signer, now=held.policy.now)


def _described(
    document: Document,
    verdict: Verdict,
    chain: tuple[bytes, ...],
    issuer: str | None,
    signer: TrustedKey | Failure,
    held: Examination,
) -> Presented:
    mso, query = document.issuer_signed.mso, held.query
    authorities = held.authorities_of(issuer, chain)
    credential = Credential.of_mdoc(
        mso.doc_type, verdict.elements, chain=chain, authorities=authorities
    )
    fit, released = held_against(query, credential, {})
    status, misplaced = _status(document, verdict, issuer, held.policy)
    found = [*_steps(verdict.failures, signer, query.id)]
    elsewhere = held.policy.trust.by_anchors(mso.doc_type, issuer)
    if issuer is not None and not elsewhere and _authentic(verdict):
        found += _steps(_broken(mso, credential, held.policy), signer, query.id)
    found += [StepFailure(Step.STATUS, *misplaced, query.id)] if misplaced else []
    issuer_key = signer.key if isinstance(signer, TrustedKey) else None
    found += not_offered(query.id, issuer_key, verdict.device_key)
    return Presented(
        query_id=query.id,
        format=MSO_MDOC,
        type=mso.doc_type,
        issuer=issuer,
        fit=fit,
        released=released,
        holder=None if verdict.device_key is None else verdict.device_key.thumbprint(),
        bound=True,
        authorized=_authorized(verdict.device_elements, held),
        issuer_digest=document.issuer_signed.issuer_digest,
        issued_at=mso.validity.signed,
        expires_at=mso.validity.valid_until,
        status=status,
        failures=tuple(sorted(found, key=lambda failure: failure.step)),
    )


def _authentic(verdict: Verdict) -> bool:
    return not any(failure.code in UNAUTHENTIC for failure in verdict.failures)


def _broken(
    mso: MobileSecurityObject, credential: Credential, policy: Policy
) -> tuple[Failure, ...]:
    known = policy.documents.get(mso.doc_type)
    return () if known is None else tuple(document_failures(mso, credential.claims, known))


def _steps(
    failures: Iterable[Failure], signer: TrustedKey | Failure, query_id: str
) -> Iterator[StepFailure]:
    for failure in failures:
        step = _STEPS.get(failure.code, Step.CREDENTIAL)
        if failure is signer:
            step = Step.ISSUER
        yield StepFailure(step, failure.code, failure.clause, failure.detail, query_id)


def _status(
    document: Document, verdict: Verdict, issuer: str | None, policy: Policy
) -> tuple[StatusReference | None, tuple[str, str, str] | None]:
    """Return where the status stands, of a document whose MSO is its issuer's word."""
    mso = document.issuer_signed.mso
    if (
        issuer is None
        or not _authentic(verdict)
        or (mso.status is None and "status" in mso.members)
    ):
        return None, None  # a status of another kind is a failure already
    place = mso.status
    if place is None and policy.trust.by_anchors(mso.doc_type, issuer):
        return None, None
    misplaced = misplaced_status(None if place is None else place.uri, mso.doc_type, policy)
    if misplaced is not None or place is None:
        return None, misplaced
    source = StatusSource(place.uri, mso.doc_type, issuer, place.certificate)
    index = place.id if isinstance(place, IdentifierReference) else place.idx
    return StatusReference(source, index), None


def _authorized(elements: Mapping[str, Mapping[str, Any]], held: Examination) -> Authorized:
    """Return the hashes in the elements that registered types name (appendix B.2.1).

    That the device may sign such an element is the issuer's word (KeyAuthorizations), and whether
    it did is judged elsewhere. That word is about one element, so a hash in that of another type
    authorizes nothing.
    """
    if not held.asked.transaction_data:
        return NOTHING
    by_type = {
        each.name: frozenset(_hashes(elements, *each.element))
        for each in held.policy.transaction_types.values()
        if each.element is not None
    }
    return Authorized(tuple(frozenset().union(*by_type.values())), by_type=by_type)


def _hashes(elements: Mapping[str, Mapping[str, Any]], name_space: str, name: str) -> Iterator[str]:
    value = elements.get(name_space, {}).get(name)
    for each in value if isinstance(value, list) else ():
        yield base64url.encode(each) if isinstance(each, bytes) else ""
