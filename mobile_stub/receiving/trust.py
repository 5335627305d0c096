"""Which issuers count: those of the registry, and others under configured roots."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from madang.core.formats.mdoc.verdict import Failure
from madang.core.formats.mdoc.verify import Trust as DocumentTrust
from madang.core.formats.mdoc.verify import TrustedKey
from madang.core.keys.jwk import PublicKey
from madang.core.trust.accreditation import Issuer
from madang.core.trust.mdoc_certificates import DOCUMENT_SIGNER, trust_attesters
from madang.core.trust.model import TrustList, certified_key
from madang.core.trust.registry import Registry, TrustError
from madang.core.trust.x509 import ChainError, validate, validate_chain
from mobile_stub.accreditations import Accreditations
from mobile_stub.errors import WalletError


@dataclass(frozen=True, slots=True)
class IssuerTrust:
    """By what the signatures of one issuer count.

    Attributes:
        issuer: its identifier.
        registry: where it is accredited; None for an issuer under configured roots.
        anchors: DER of those roots.
    """

    issuer: str
    registry: Registry | None
    anchors: tuple[bytes, ...] = ()

    def key(self, of_type: str, chain: Sequence[bytes], now: int) -> PublicKey:
        """Return the key of an SD-JWT VC of this type; TrustError if the chain does not hold."""
        if self.registry is not None:
            return TrustList(self.registry, {}).issuer_key(
                of_type, self.issuer, chain, at=now, now=now
            )
        try:
            return validate_chain(chain, self.anchors, now=now)
        except ChainError as error:
            raise TrustError(error.code, str(error)) from error

    def documents(self, doc_type: str, now: int) -> DocumentTrust:
        """Return what finds the key of an mdoc; TrustError if the issuer is not accredited."""
        if self.registry is not None:
            attester = TrustList(self.registry, {}).attester(doc_type, self.issuer, at=now, now=now)
            return trust_attesters({doc_type: [attester]}, now=now)

        def trust(_doc_type: str, chain: Sequence[bytes]) -> TrustedKey | Failure:
            try:
                found = validate(chain, self.anchors, now=now, purpose=DOCUMENT_SIGNER)
            except ChainError as error:
                return Failure(error.code, "ISO 18013-5 9.3.3", str(error))
            return TrustedKey(found.key, *found.leaf_validity)

        return trust


@dataclass(frozen=True, slots=True)
class Issuers:
    """Judges issuers.

    Attributes:
        accreditations: the registry as this wallet knows it.
        anchors: DER of roots under which issuers of other types may stand; without any, nobody may.
    """

    accreditations: Accreditations
    anchors: tuple[bytes, ...] = ()

    async def trust(self, issuer: str, types: Collection[str], now: int) -> IssuerTrust:
        """Return by what an issuer counts that may issue all of these types.

        A wallet with roots and without a registry takes from issuers under its roots alone.
        A holder key is shown to nobody else: copies for a stranger would make it known.

        Raises:
            WalletError: it may not; the code is that of the registry.
        """
        if not self.accreditations.source and self.anchors:
            return IssuerTrust(issuer, None, self.anchors)
        registry = await self.accreditations.registry(now)
        try:
            for of_type in types:
                registry.issuer(issuer, of_type, at=now, now=now)
        except TrustError as error:
            if error.code == "issuer_not_accredited" and self._foreign(registry, issuer, types):
                return IssuerTrust(issuer, None, self.anchors)
            raise WalletError(error.code, f"{issuer}: {error}; nothing is fetched there") from error
        return IssuerTrust(issuer, registry)

    async def roots(self, issuer: str, chain: tuple[bytes, ...], now: int) -> tuple[bytes, ...]:
        """Return the roots by which an issuer's signed metadata counts.

        Args:
            issuer: its identifier, which the leaf has to name if the registry knows it.
            chain: as it came, leaf first.
            now: seconds since the epoch.

        Raises:
            TrustError: the chain leads to none of them.
            WalletError: nobody's accreditation is known.
        """
        documents: list[Issuer] = []
        registry = None
        if self.accreditations.source or not self.anchors:
            registry = await self.accreditations.registry(now)
            documents = [each for each in _issuers(registry) if each.id == issuer]
        if registry is None or not documents:
            IssuerTrust(issuer, None, self.anchors).key("", chain, now)
            return self.anchors
        roots = registry.roots(documents)
        certified_key(issuer, chain, roots, now=now, body="issuer")
        return roots

    def _foreign(self, registry: Registry, issuer: str, types: Collection[str]) -> bool:
        """Tell whether neither the issuer nor one of the types is the registry's to judge."""
        return bool(self.anchors) and not any(
            document.id == issuer or {*types} & {*document.types} for document in _issuers(registry)
        )


def _issuers(registry: Registry) -> Iterator[Issuer]:
    for record in registry.records:
        if isinstance(record.document, Issuer):
            yield record.document
