"""Proofs of the holder keys (OpenID4VCI 1.0 appendix F)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.di_vp import make_di_vp
from madang.core.protocol.oid4vci.metadata import CredentialConfiguration, ProofType
from madang.core.protocol.oid4vci.names import ATTESTATION, DI_VP, JWT
from madang.core.protocol.oid4vci.proof import make_proof_jwt
from mobile_stub.errors import WalletError
from mobile_stub.receiving.provider import Provider

_ALGORITHM: Final = "ES256"
_SUITE: Final = "ecdsa-jcs-2019"


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves holder keys to one issuer.

    Attributes:
        issuer: the credential issuer's identifier.
        client_id: of the wallet at its authorization server, None for an anonymous one.
        provider: attests keys; None for a wallet without one.
    """

    issuer: str
    client_id: str | None
    provider: Provider | None

    async def proofs(
        self,
        configuration: CredentialConfiguration,
        signers: Sequence[Signer],
        nonce: str | None,
        now: int,
    ) -> dict[str, list[Any]]:
        """Return `proofs` for these keys, of the first type that both sides know.

        Raises:
            WalletError: proof_not_supported, or what the provider refused with.
        """
        known = configuration.proof_types_supported or {}
        if self._jwt(known):
            attested = known[JWT].key_attestations_required is not None
            attestation = await self._attestation(signers, nonce, now) if attested else None
            return {JWT: [self._proof(each, nonce, now, attestation) for each in signers]}
        if self.provider is not None and _signed_by(known, ATTESTATION, _ALGORITHM):
            return {ATTESTATION: [await self._attestation(signers, nonce, now)]}
        if _signed_by(known, DI_VP, _SUITE) or _signed_by(known, DI_VP, _ALGORITHM):
            return {DI_VP: [make_di_vp(each, self.issuer, nonce, now) for each in signers]}
        raise WalletError(
            "proof_not_supported",
            f"{self.issuer} takes proofs of {', '.join(known)} alone; this wallet has no such key",
        )

    def _jwt(self, known: Mapping[str, ProofType]) -> bool:
        if not _signed_by(known, JWT, _ALGORITHM):
            return False
        return known[JWT].key_attestations_required is None or self.provider is not None

    def _proof(self, signer: Signer, nonce: str | None, now: int, attestation: str | None) -> str:
        return make_proof_jwt(
            signer,
            self.issuer,
            nonce,
            now,
            client_id=self.client_id,
            key_attestation=attestation,
        )

    async def _attestation(self, signers: Sequence[Signer], nonce: str | None, now: int) -> str:
        if self.provider is None:
            raise WalletError("proof_not_supported", "the issuer wants attested keys")
        return await self.provider.key_attestation(signers, nonce, now)


def _signed_by(known: Mapping[str, ProofType], name: str, algorithm: str) -> bool:
    return name in known and algorithm in known[name].proof_signing_alg_values_supported
