"""Make the copies of one certificate as mdocs: elements, times, key, status, signature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from issuer.status.model import Place
from issuer.status.usecases import list_uri
from madang.core.catalog import mdoc
from madang.core.catalog.certificate_type import CertificateType
from madang.core.encoding import base64url
from madang.core.encoding.strict_json import Json
from madang.core.formats.mdoc.issue import (
    ORDER_BYTES,
    SALT_BYTES,
    Copy,
    Draft,
    draft,
    issue,
    salts_from,
    shuffled,
)
from madang.core.formats.mdoc.mso import KeyAuthorizations, StatusReference, ValidityInfo
from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer


@dataclass(frozen=True, slots=True)
class MdocStamp:
    """What all copies of one issue have in common.

    Attributes:
        issuer: identifier.
        signer: the issuer's key, with its certificates.
        blank: document type and elements, encoded once.
        issued_at: epoch seconds of the hour, so that copies are not linked by a moment.
        expires_at: epoch seconds, rounded in the same way.
    """

    issuer: str
    signer: Signer
    blank: Draft
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class MintedMdoc:
    """One copy.

    Attributes:
        compact: IssuerSigned in base64url, as the credential response has it (OpenID4VCI 1.0
            appendix A.2.4).
        issuer_digest: what the log commits to, and the record is found by.
    """

    compact: str
    issuer_digest: bytes


def blank_of(
    domain: str,
    certificate_type: CertificateType,
    claims: Mapping[str, Json],
    may_sign: KeyAuthorizations,
) -> Draft:
    """Encode what all copies share.

    Args:
        domain: reversed domain of the lead municipality (`Catalogue.domain`).
        certificate_type: the type.
        claims: the certificate's own claims.
        may_sign: what the holder's key may sign.
    """
    elements = mdoc.elements(domain, certificate_type, claims)
    doc_type = mdoc.doc_type(domain, certificate_type)
    return draft(doc_type, elements, authorizations=may_sign)


def mint_mdoc(
    stamp: MdocStamp, key: PublicKey, place: Place, chance: Callable[[int], bytes]
) -> MintedMdoc:
    """Sign one copy (ISO/IEC 18013-5 section 9.1.2.4).

    Args:
        stamp: what all copies have in common.
        key: the holder key.
        place: where the copy's status stands.
        chance: draws so many bytes.
    """
    count = len(stamp.blank.elements)
    copy = Copy(
        device_key=key,
        validity=ValidityInfo(stamp.issued_at, stamp.issued_at, stamp.expires_at),
        salts=salts_from(chance(SALT_BYTES * count)),
        order=shuffled(count, chance(ORDER_BYTES * count)),
        status=StatusReference(list_uri(stamp.issuer, place.number), place.index),
    )
    issued = issue(stamp.blank, copy, stamp.signer)
    return MintedMdoc(base64url.encode(issued.encoded), issued.issuer_digest)
