"""The wallet's side of its provider: attestations of the wallet and of its keys.

No issuer sees the key of the instance, and no two servers see the same key as a client; holder keys
are those of the person's sets, which accredited issuers share (docs/formats/wallet-provider.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from madang.core.encoding import strict_json
from madang.core.keys.signing import Signer
from madang.core.protocol import wallet_provider as protocol
from madang.core.protocol.limits import DEFAULT_LIMITS
from madang.core.protocol.message import Message, read_json
from madang.core.protocol.oauth.errors import OAuthError, parse_error
from mobile_stub.adapters.network import Network
from mobile_stub.errors import WalletError
from mobile_stub.receiving.model import Keeper

M = TypeVar("M", bound=Message)
CREATED: Final = 201
OK: Final = 200
MARGIN_SECONDS: Final = 60
"""An attestation that ends sooner is not used any more."""
_INSTANCE: Final = "instance"
_ATTESTATION: Final = "wallet attestation"


@dataclass(frozen=True, slots=True)
class Attested:
    """The wallet as an OAuth client, to one server.

    Attributes:
        client_id: the same for all wallets of the provider.
        attestation: the JWT.
        signer: the key in its `cnf`.
    """

    client_id: str
    attestation: str
    signer: Signer


@dataclass(frozen=True, slots=True)
class Provider:
    """The wallet provider.

    Attributes:
        network: HTTP.
        vault: keys, and what the provider said.
        address: its identifier.
    """

    network: Network
    vault: Keeper
    address: str

    async def attested(self, server: str, now: int) -> Attested:
        """Return the wallet attested for one authorization server, from the vault while it counts.

        Raises:
            WalletError: the provider refused or did not answer.
        """
        client_id = await self._client_id(now)
        signer = self.vault.named_signer(f"client {server}")
        kept = self.vault.paper(_ATTESTATION, server)
        if kept is not None and kept["expires_at"] - MARGIN_SECONDS > now:
            return Attested(client_id, kept["attestation"], signer)
        endpoint = self.address + protocol.WALLET_ATTESTATION
        instance, key = await self._proofs(endpoint, (signer,), now)
        call = protocol.WalletAttestationCall(proof=instance, key_proof=key)
        found = await self._call(endpoint, call, protocol.IssuedAttestation, OK)
        self.vault.keep_paper(_ATTESTATION, server, found.to_json())
        return Attested(client_id, found.attestation, signer)

    async def key_attestation(self, signers: Sequence[Signer], nonce: str | None, now: int) -> str:
        """Return the attestation of holder keys, in their order.

        Args:
            signers: the keys.
            nonce: `c_nonce` of the issuer, None where it gives none.
            now: seconds since the epoch.

        Raises:
            WalletError: the provider refused or did not answer.
        """
        await self._client_id(now)
        endpoint = self.address + protocol.KEY_ATTESTATION
        instance, *keys = await self._proofs(endpoint, signers, now)
        call = protocol.KeyAttestationCall(proof=instance, key_proofs=tuple(keys), nonce=nonce)
        return (await self._call(endpoint, call, protocol.IssuedAttestation, OK)).attestation

    async def _client_id(self, now: int) -> str:
        """Register the instance if that was not done; return how servers know the wallet."""
        kept = self.vault.paper(_INSTANCE, self.address)
        if kept is not None:
            return str(kept["client_id"])
        endpoint = self.address + protocol.INSTANCES
        (instance,) = await self._proofs(endpoint, (), now)
        call = protocol.InstanceCall(proof=instance)
        found = await self._call(endpoint, call, protocol.RegisteredInstance, CREATED)
        self.vault.keep_paper(_INSTANCE, self.address, found.to_json())
        return found.client_id

    async def _proofs(self, endpoint: str, signers: Sequence[Signer], now: int) -> list[str]:
        """Return the proof of the instance and one of each key, with one nonce in all."""
        found = await self._call(self.address + protocol.NONCE, None, protocol.ProviderNonce, OK)
        own = self.vault.named_signer(f"instance {self.address}")
        signed = [(own, protocol.INSTANCE_PROOF), *((each, protocol.KEY_PROOF) for each in signers)]
        return [
            protocol.make_proof(signer, typ, endpoint=endpoint, nonce=found.nonce, issued_at=now)
            for signer, typ in signed
        ]

    async def _call(self, endpoint: str, call: Message | None, answer: type[M], expected: int) -> M:
        body = strict_json.dumps(call.to_json()) if call is not None else b""
        reply = await self.network.post(endpoint, body, "application/json")
        try:
            if reply.status != expected:
                raise parse_error(reply.body, reply.status)
            return read_json(answer, reply.body, DEFAULT_LIMITS, _unreadable)
        except OAuthError as error:
            raise WalletError(
                "provider_refused", f"the wallet provider answered {error}; nothing was sent on"
            ) from error


def _unreadable(reason: str) -> OAuthError:
    return OAuthError("invalid_response", reason)
