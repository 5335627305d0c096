"""Which trusted authorities a certificate chain shows (OpenID4VP 1.0 section 6.1.1)."""

from collections.abc import Iterable

from cryptography import x509

from madang.core.encoding import base64url
from madang.core.protocol.certificates import UNREADABLE
from madang.core.protocol.dcql.credential import Authority


def chain_authorities(chain: Iterable[bytes]) -> frozenset[Authority]:
    """Return the ``aki`` authorities of an issuer's ``x5c`` chain.

    Args:
        chain: DER certificates. One that cannot be read, or has no authority key identifier,
            contributes nothing: whether a chain is valid is decided elsewhere.
    """
    return frozenset(("aki", key_id) for der in chain for key_id in _authority_key_ids(der))


def _authority_key_ids(der: bytes) -> list[str]:
    try:
        certificate = x509.load_der_x509_certificate(der)
        extension = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except (x509.ExtensionNotFound, *UNREADABLE):
        return []
    identifier = extension.value.key_identifier
    return [] if identifier is None else [base64url.encode(identifier)]
