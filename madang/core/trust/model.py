"""Who attests what (ADR 0011): the list that verifiers and wallets decide by.

Built from the federation's agreement and the municipalities' anchors; later a signed snapshot of
the registry on the chain takes the place of the first, and nothing else changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.keys.jwk import PublicKey
from madang.core.trust import x509
from madang.core.trust.x509 import ChainError


class TrustError(ValueError):
    """An issuer is not trusted for what it signed.

    Attributes:
        code: fixed word: issuer_not_accredited, issuer_name, or a code of ChainError.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Attester:
    """An issuer whose signature counts for a type of certificate.

    Attributes:
        issuer: its permanent identifier, the `iss` of its credentials.
        tenant: the municipality it belongs to.
        anchors: DER of the roots that its certificates lead to.
    """

    issuer: str
    tenant: str
    anchors: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TrustList:
    """Attesters per type.

    Attributes:
        by_vct: attesters of each type, by the type's `vct`.
        types: the catalogue's id of each type, by its `vct`.
    """

    by_vct: Mapping[str, tuple[Attester, ...]]
    types: Mapping[str, str]

    def type_id(self, vct: str) -> str | None:
        """Return the catalogue's id of a type, None for an unknown one."""
        return self.types.get(vct)

    def attester(self, vct: str, issuer: str) -> Attester:
        """Return the attester; TrustError("issuer_not_accredited") if it is none for this type."""
        for attester in self.by_vct.get(vct, ()):
            if attester.issuer == issuer:
                return attester
        raise TrustError("issuer_not_accredited", "the issuer is not trusted for this type")

    def issuer_key(self, vct: str, issuer: str, chain: Sequence[bytes], *, now: int) -> PublicKey:
        """Return the key that a credential of this type and issuer has to be signed with.

        Args:
            vct: the credential's type.
            issuer: its `iss`.
            chain: its `x5c` as DER, leaf first; the leaf names the issuer as a URI.
            now: seconds since the epoch.

        Raises:
            TrustError: the issuer is not accredited for the type, the chain does not lead to
                its anchors, or the leaf is another's.
        """
        attester = self.attester(vct, issuer)
        try:
            key = x509.validate_chain(chain, attester.anchors, now=now)
            names = x509.san_uris(chain[0])
        except ChainError as error:
            raise TrustError(error.code, str(error)) from error
        if issuer not in names:
            raise TrustError("issuer_name", "the certificate does not name this issuer")
        return key
