"""Which trusted authorities a certificate chain shows (OpenID4VP 1.0 section 6.1.1)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from madang.core.encoding import base64url
from madang.core.trust.x509 import CHAINS_KEPT, MAX_CHAIN, ChainError, authority_key_id

AKI: Final = "aki"
ETSI_TL: Final = "etsi_tl"
OPENID_FEDERATION: Final = "openid_federation"
KNOWN: Final = frozenset({AKI, ETSI_TL, OPENID_FEDERATION})
"""Types of authorities that are evaluated; others match nothing."""


def chain_authorities(chain: Sequence[bytes]) -> frozenset[str]:
    """Return the values of ``aki`` that an issuer's chain matches, base64url.

    Args:
        chain: DER certificates. One that cannot be read, or has no authority key identifier,
            contributes nothing: whether a chain is valid is decided elsewhere. Nor does one
            behind the longest chain that can be valid.
    """
    return _identifiers(tuple(chain[:MAX_CHAIN]))


@lru_cache(maxsize=CHAINS_KEPT)
def _identifiers(chain: tuple[bytes, ...]) -> frozenset[str]:
    # Every credential of an issuer brings the same chain.
    found = (_authority_key_id(der) for der in chain)
    return frozenset(base64url.encode(key_id) for key_id in found if key_id is not None)


def _authority_key_id(der: bytes) -> bytes | None:
    try:
        return authority_key_id(der)
    except ChainError:
        return None
