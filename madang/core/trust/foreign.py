"""Issuers of types outside our catalogue: trusted by X.509 anchors that somebody configured.

The chain is validated as all are (RFC 5280 section 6.1); root and leaf by HAIP 1.0 section 6.1.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from madang.core.keys.jwk import PublicKey
from madang.core.trust import x509
from madang.core.trust.registry import TrustError
from madang.core.trust.x509 import ChainError, Validated


class SignedBy(NamedTuple):
    """Who signed something.

    Attributes:
        issuer: its permanent identifier; of a foreign one whatever its certificate proves.
        key: what it has to be signed with.
    """

    issuer: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class ForeignAnchors:
    """Roots that issuers of foreign types lead to; none means that there are no such issuers.

    Attributes:
        anchors: DER.
    """

    anchors: tuple[bytes, ...] = ()

    def signer(self, issuer: str | None, chain: Sequence[bytes], *, now: int) -> SignedBy:
        """Return who signed: the leaf's subject, or `issuer` where the leaf names it.

        Args:
            issuer: what the credential says; an anchor certifies many, so it proves nothing alone.
            chain: DER, leaf first.
            now: seconds since the epoch.

        Raises:
            TrustError: a code of ChainError.
        """
        key = self.validated(chain, now=now).key
        try:
            if issuer is not None and x509.names_issuer(chain[0], issuer):
                return SignedBy(issuer, key)
            return SignedBy(x509.subject_name(chain[0]), key)
        except ChainError as error:
            raise TrustError(error.code, str(error)) from error

    def validated(
        self, chain: Sequence[bytes], *, now: int, purpose: str | None = None
    ) -> Validated:
        """Return a chain that leads to one of the anchors; TrustError, arguments as of x509."""
        try:
            return x509.validate(chain, self.anchors, now=now, purpose=purpose)
        except ChainError as error:
            raise TrustError(error.code, str(error)) from error


NO_ANCHORS: Final = ForeignAnchors()
