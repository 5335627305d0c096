"""Who attests what (ADR 0011): what verifiers and wallets decide by, from a snapshot (ADR 0034)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from madang.core.keys.jwk import PublicKey
from madang.core.trust import x509
from madang.core.trust.foreign import NO_ANCHORS, ForeignAnchors, SignedBy
from madang.core.trust.registry import Registry, TrustError
from madang.core.trust.x509 import ChainError


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
        registry: what the chain says.
        types: the catalogue's id of each type, by its `vct`.
        foreign: anchors for types that are not in the catalogue.
        shared: types of it that a standard defines, and that are issued elsewhere too: there the
            same anchors decide.
    """

    registry: Registry
    types: Mapping[str, str]
    foreign: ForeignAnchors = NO_ANCHORS
    shared: frozenset[str] = frozenset()

    def type_id(self, vct: str) -> str | None:
        """Return the catalogue's id of a type, None for an unknown one."""
        return self.types.get(vct)

    def attester(self, vct: str, issuer: str, *, at: int | None, now: int) -> Attester:
        """Return the attester.

        Args:
            vct: the type.
            issuer: its `iss`.
            at: when it signed, seconds since the epoch; None for any time.
            now: seconds since the epoch.

        Raises:
            TrustError: issuer_not_accredited or issuer_suspended.
        """
        counting = self.registry.issuer(issuer, vct, at=at, now=now)
        return Attester(issuer, counting[-1].tenant, self.registry.roots(counting))

    def issuer_key(
        self, vct: str, issuer: str, chain: Sequence[bytes], *, at: int | None, now: int
    ) -> PublicKey:
        """Return the key that something of this type and issuer has to be signed with.

        Args and errors are those of `signer`.
        """
        return self.signer(vct, issuer, chain, at=at, now=now).key

    def signer(
        self, vct: str, issuer: str | None, chain: Sequence[bytes], *, at: int | None, now: int
    ) -> SignedBy:
        """Return who signed something of this type, and with which key.

        Args:
            vct: the credential's type.
            issuer: its `iss`; None where it has none, as only foreign ones may.
            chain: its `x5c` as DER, leaf first; the leaf names the issuer as a URI.
            at: when it was signed, seconds since the epoch; None for any time.
            now: seconds since the epoch.

        Raises:
            TrustError: the issuer is not accredited for the type, the chain does not lead to
                its anchors, or the leaf is another's.
        """
        if self.by_anchors(vct, issuer):
            return self.foreign.signer(issuer, chain, now=now)
        named = issuer or ""
        roots = self.registry.roots(self.registry.issuer(named, vct, at=at, now=now))
        return SignedBy(named, certified_key(named, chain, roots, now=now, body="issuer"))

    def is_foreign(self, of_type: str) -> bool:
        """Tell whether configured anchors decide on a type: it is not in the catalogue."""
        return bool(self.foreign.anchors) and of_type not in self.types

    def by_anchors(self, of_type: str, issuer: str | None) -> bool:
        """Tell whether configured anchors decide on an issuer of a type, and not the registry."""
        anyones = of_type not in self.types or of_type in self.shared
        return bool(self.foreign.anchors) and anyones and not self._accredited(of_type, issuer)

    def _accredited(self, of_type: str, issuer: str | None) -> bool:
        """Tell whether the registry speaks of an issuer of this type; then it alone decides."""
        return issuer is not None and self.registry.knows(issuer, of_type)


def certified_key(
    identifier: str, chain: Sequence[bytes], anchors: Sequence[bytes], *, now: int, body: str
) -> PublicKey:
    """Return the key of a chain that leads to one of the anchors and names a body as a URI.

    Raises:
        TrustError: a code of ChainError, or `<body>_name`.
    """
    try:
        key = x509.validate_chain(chain, anchors, now=now)
        names = x509.san_uris(chain[0])
    except ChainError as error:
        raise TrustError(error.code, str(error)) from error
    if identifier not in names:
        raise TrustError(f"{body}_name", f"the certificate does not name this {body}")
    return key
