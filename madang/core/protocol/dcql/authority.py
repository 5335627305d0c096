"""Which trusted authorities a certificate chain shows (OpenID4VP 1.0 section 6.1.1)."""

from collections.abc import Iterable
from itertools import islice

from madang.core.encoding import base64url
from madang.core.protocol.dcql.credential import Authority
from madang.core.trust.x509 import MAX_CHAIN, ChainError, authority_key_id


def chain_authorities(chain: Iterable[bytes]) -> frozenset[Authority]:
    """Return the ``aki`` authorities of an issuer's ``x5c`` chain.

    Args:
        chain: DER certificates. One that cannot be read, or has no authority key identifier,
            contributes nothing: whether a chain is valid is decided elsewhere. Nor does one
            behind the longest chain that can be valid.
    """
    found = (_authority_key_id(der) for der in islice(chain, MAX_CHAIN))
    return frozenset(("aki", base64url.encode(key_id)) for key_id in found if key_id is not None)


def _authority_key_id(der: bytes) -> bytes | None:
    try:
        return authority_key_id(der)
    except ChainError:
        return None
