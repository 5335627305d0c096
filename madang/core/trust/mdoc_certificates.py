"""Certificates behind mdocs: our attesters, and the profile of ISO/IEC 18013-5 annex B."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from madang.core.formats.mdoc.verdict import Failure
from madang.core.formats.mdoc.verify import Trust, TrustedKey
from madang.core.trust.model import Attester, TrustList
from madang.core.trust.registry import TrustError
from madang.core.trust.x509 import (
    CHAINS_KEPT,
    ChainError,
    Validated,
    anchors_of,
    reading,
    san_uris,
    subject_name,
    validate,
)

DOCUMENT_SIGNER: Final = "1.0.18013.5.1.2"
READER: Final = "1.0.18013.5.1.6"
VICAL_SIGNER: Final = "1.0.18013.5.1.8"
"""Extended key usages (tables B.3, B.7 and C.2)."""
MAX_SIGNER_VALIDITY: Final = timedelta(days=457)
_TRUST: Final = "ISO 18013-5 9.3.3"
_ROOT: Final = "ISO 18013-5 B.1.2"
_SIGNER: Final = "ISO 18013-5 B.1.4"


def attester_of(
    attesters: Sequence[Attester], chain: Sequence[bytes], *, now: int
) -> tuple[Attester, TrustedKey]:
    """Return who of the attesters signed, and with which key.

    An mdoc does not name its issuer; the certificate does, by the URI in its names.

    Args:
        attesters: those whose signature counts for the document's type.
        chain: `x5chain` as DER, leaf first.
        now: seconds since the epoch.

    Raises:
        TrustError: no attester is named, or the chain does not lead to that one's anchors.
    """
    try:
        names = san_uris(chain[0]) if chain else ()
        attester = next((each for each in attesters if each.issuer in names), None)
        if attester is None:
            raise TrustError("issuer_not_accredited", "the issuer is not trusted for this type")
        found = validate(chain, attester.anchors, now=now, purpose=DOCUMENT_SIGNER)
        return attester, _trusted(found)
    except ChainError as error:
        raise TrustError(error.code, str(error)) from error


def document_signer(
    trust: TrustList, doc_type: str, chain: Sequence[bytes], *, at: int | None, now: int
) -> tuple[str, TrustedKey]:
    """Return who signed a document of this type, by the registry or by foreign anchors.

    Of foreign ones no more of the profile of annex B is required than that the certificate is not
    for something else: their chain is whoever configured the anchor's to judge. A standard's type
    that is issued elsewhere has to keep to all of it, for an anchor may be there for other types.

    Args:
        trust: who attests what.
        doc_type: of the document.
        chain: `x5chain` as DER, leaf first.
        at: when it was signed, seconds since the epoch; None for any time.
        now: seconds since the epoch.

    Raises:
        TrustError: issuer_not_accredited, issuer_suspended, a code of ChainError, or of
            `profile_failures`.
    """
    try:
        named = san_uris(chain[0]) if chain else ()
    except ChainError as error:
        raise TrustError(error.code, str(error)) from error
    known = [name for name in named if trust.registry.knows(name, doc_type)]
    if not known and trust.is_foreign(doc_type):
        validated = trust.foreign.validated(chain, now=now, purpose=DOCUMENT_SIGNER)
        return subject_name(chain[0]), _trusted(validated)
    if not known and trust.by_anchors(doc_type, None):
        found = trust_document_signers({doc_type: trust.foreign.anchors}, now=now)(doc_type, chain)
        if isinstance(found, Failure):
            raise TrustError(found.code, found.detail)
        return subject_name(chain[0]), found
    attesters = [trust.attester(doc_type, name, at=at, now=now) for name in known]
    attester, key = attester_of(attesters, chain, now=now)
    return attester.issuer, key


def trust_attesters(by_doc_type: Mapping[str, Sequence[Attester]], *, now: int) -> Trust:
    """Return what finds the key of a document's issuer among our attesters.

    Args:
        by_doc_type: attesters whose signature counts, by document type.
        now: seconds since the epoch.
    """

    def trust(doc_type: str, chain: Sequence[bytes]) -> TrustedKey | Failure:
        try:
            return attester_of(by_doc_type.get(doc_type, ()), chain, now=now)[1]
        except TrustError as error:
            return Failure(error.code, _TRUST, str(error))

    return trust


def trust_document_signers(roots: Mapping[str, Sequence[bytes]], *, now: int) -> Trust:
    """Return what finds the key of an issuer by the rules of ISO/IEC 18013-5 annex B.

    Args:
        roots: issuing authorities' certificates (IACA) in DER, by document type; a VICAL has them.
        now: seconds since the epoch.
    """

    def trust(doc_type: str, chain: Sequence[bytes]) -> TrustedKey | Failure:
        anchors = roots.get(doc_type, ())
        try:
            found = validate(chain, anchors, now=now, purpose=DOCUMENT_SIGNER)
            failed = profile_failures(chain, anchors)
        except ChainError as error:
            return Failure(error.code, _TRUST, str(error))
        return failed[0] if failed else _trusted(found)

    return trust


def profile_failures(chain: Sequence[bytes], roots: Sequence[bytes]) -> tuple[Failure, ...]:
    """Return where a document signer's certificate or its root leaves the profile of annex B.

    Args:
        chain: `x5chain` as DER, leaf first, which is validated apart from this.
        roots: issuing authorities' certificates in DER; that of the last one's issuer among them.

    Raises:
        ChainError: something cannot be read, or no root signed the last certificate.
    """
    if len(chain) != 1:
        detail = "the root signs document signers itself"
        return (Failure("signer_below_root", _SIGNER, detail),)
    return _profile(chain[0], tuple(roots))


@lru_cache(maxsize=CHAINS_KEPT)
def _profile(leaf: bytes, roots: tuple[bytes, ...]) -> tuple[Failure, ...]:
    # Every document of an issuer brings the same signer, and no time decides here.
    with reading():
        signer = x509.load_der_x509_certificate(leaf)
        root = anchors_of(signer, roots)[0]
        failed = [*signer_failures(signer), *_names_failures(signer, root)]
        constraints = root.extensions.get_extension_for_class(x509.BasicConstraints).value
        if constraints.path_length != 0:
            failed.append(Failure("root_path_length", _ROOT, "the root's path length is not 0"))
        return tuple(failed)


def signer_failures(signer: x509.Certificate) -> Iterator[Failure]:
    """Yield where a document signer's certificate by itself leaves the profile (table B.3)."""
    if signer.not_valid_after_utc - signer.not_valid_before_utc > MAX_SIGNER_VALIDITY:
        yield Failure("signer_validity", _SIGNER, "valid for longer than 457 days")
    for kind in (x509.ExtendedKeyUsage, x509.KeyUsage):
        try:
            extension = signer.extensions.get_extension_for_class(kind)
        except x509.ExtensionNotFound:
            yield Failure("signer_extension", _SIGNER, f"{kind.__name__} is missing")
            continue
        if not extension.critical:
            yield Failure("signer_extension", _SIGNER, f"{kind.__name__} is not critical")
    if not signer.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        yield Failure("signer_name", _SIGNER, "the subject has no common name")


def _names_failures(signer: x509.Certificate, root: x509.Certificate) -> Iterator[Failure]:
    country = _named(root, NameOID.COUNTRY_NAME)
    if not country:
        yield Failure("root_country", _ROOT, "the root's subject has no country")
    elif _named(signer, NameOID.COUNTRY_NAME) != country:
        yield Failure("signer_country", _SIGNER, "the signer is not of the root's country")
    state = _named(root, NameOID.STATE_OR_PROVINCE_NAME)
    if state and _named(signer, NameOID.STATE_OR_PROVINCE_NAME) != state:
        yield Failure("signer_state", _SIGNER, "the signer is not of the root's state")


def _named(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(each.value) for each in certificate.subject.get_attributes_for_oid(oid)]


def _trusted(found: Validated) -> TrustedKey:
    return TrustedKey(found.key, *found.leaf_validity)
