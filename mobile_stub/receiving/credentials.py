"""Ask for certificates and hold what comes to what was offered (sections 7 to 9)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from madang.core.formats.identifiers import SD_JWT_VC
from madang.core.formats.sd_jwt.model import parse
from madang.core.keys.signing import Signer
from madang.core.protocol.oid4vci.credential import (
    CredentialResponse,
    parse_credential_response,
    parse_nonce_response,
)
from madang.core.protocol.oid4vci.errors import (
    CredentialCode,
    CredentialError,
    Oid4vciError,
    parse_error,
)
from madang.core.protocol.oid4vci.metadata import CredentialConfiguration, IssuerMetadata
from mobile_stub.adapters.network import Network, Reply
from mobile_stub.errors import WalletError
from mobile_stub.model import HeldCopy
from mobile_stub.receiving.acceptance import Offered, accepted
from mobile_stub.receiving.access import Access
from mobile_stub.receiving.discovery import ok
from mobile_stub.receiving.encryption import envelope
from mobile_stub.receiving.model import Keeper
from mobile_stub.receiving.proofs import Prover
from mobile_stub.receiving.provider import Provider
from mobile_stub.type_documents import TypeDocuments

GOOD: Final = frozenset({200, 202})
_CLOSED: Final = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        name: `credential_configuration_id`.
        configuration: as the issuer describes it.
        identifier: which of several that were granted; empty where there is one.
    """

    name: str
    configuration: CredentialConfiguration
    identifier: str = ""

    @property
    def bound(self) -> bool:
        """Tell whether it is bound to a holder key."""
        return self.configuration.proof_types_supported is not None


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credential endpoint.

    Attributes:
        network: HTTP.
        vault: holder keys.
        provider: attests keys; None for a wallet without one.
        copies: how many copies to ask for.
        allow_loopback_http: for a first run.
    """

    network: Network
    vault: Keeper
    provider: Provider | None
    copies: int
    allow_loopback_http: bool

    def signers(self, metadata: IssuerMetadata, asked: Asked) -> Sequence[Signer]:
        """Return the holder keys to be proved: as many as copies are wanted and may be had."""
        if not asked.bound:
            return ()
        batch = metadata.batch_credential_issuance
        return self.vault.signers(min(self.copies, batch.batch_size if batch else 1))

    async def ask(self, access: Access, asked: Asked, now: int) -> CredentialResponse:
        """Return the issuer's answer, asked again once if the nonce was over already.

        Raises:
            WalletError: the issuer refused, or its answer cannot be read.
        """
        try:
            return await self._ask(access, asked, now)
        except CredentialError as error:
            if error.code != CredentialCode.INVALID_NONCE:
                raise refused(error) from error
        try:
            return await self._ask(access, asked, now)
        except CredentialError as error:
            raise refused(error) from error

    async def _ask(self, access: Access, asked: Asked, now: int) -> CredentialResponse:
        metadata = access.metadata
        signers = self.signers(metadata, asked)
        body: dict[str, Any] = _named(access, asked)
        if signers:
            nonce = await self.nonce(metadata, access)
            client_id = access.channel.client.client_id
            prover = Prover(metadata.credential_issuer, client_id, self.provider)
            body["proofs"] = await prover.proofs(asked.configuration, signers, nonce, now)
        way = envelope(metadata)
        reply = await access.call(metadata.credential_endpoint, *way.sealed(body), now)
        return answer(reply, way.opened)

    async def nonce(self, metadata: IssuerMetadata, access: Access | None = None) -> str | None:
        """Return a fresh nonce of the issuer, None where it has no nonce endpoint."""
        if metadata.nonce_endpoint is None:
            return None
        reply = ok(await self.network.post(metadata.nonce_endpoint, b"", "application/json"))
        if access is not None:
            access.channel.heard(reply)
        try:
            return parse_nonce_response(reply.body).c_nonce
        except Oid4vciError as error:
            raise refused(error) from error

    async def checked(
        self, response: CredentialResponse, signers: Sequence[Signer], offered: Offered
    ) -> list[HeldCopy]:
        """Return the copies that came, each of which holds; WalletError if one does not."""
        texts = [copy.credential for copy in response.credentials or ()]
        copies = accepted(texts, [signer.public_key for signer in signers], offered)
        if offered.configuration.format == SD_JWT_VC:
            types = TypeDocuments(self.network, self.allow_loopback_http)
            await types.hold([parse(copy.credential) for copy in copies])
        return copies


def answer(reply: Reply, opened: Callable[[Reply], bytes]) -> CredentialResponse:
    """Read the answer to a credential request or a deferred one.

    Args:
        reply: as it came; a refusal is never encrypted (section 8.3.1.2).
        opened: decrypts what is no refusal.

    Raises:
        CredentialError: the issuer refused.
        WalletError: it did not answer as the protocol has it.
    """
    try:
        if reply.status not in GOOD:
            raise parse_error(reply.body, reply.status)
        return parse_credential_response(opened(reply))
    except CredentialError:
        raise
    except Oid4vciError as error:
        if reply.status in _CLOSED:
            raise WalletError(
                "not_authorized", f"the issuer answered {reply.status} to the access token"
            ) from error
        raise refused(error) from error


def refused(error: Oid4vciError) -> WalletError:
    """Return an issuer's refusal in the wallet's words."""
    return WalletError(str(error.code), f"the issuer: {error.description}")


def _named(access: Access, asked: Asked) -> dict[str, Any]:
    """Return how the request names the certificate (section 8.2): never both ways."""
    identifiers = access.granted.identifiers
    if not identifiers:
        return {"credential_configuration_id": asked.name}
    if asked.name not in identifiers:
        raise WalletError(
            "not_granted", f"the authorization server did not grant {asked.name}, others it did"
        )
    return {"credential_identifier": asked.identifier or identifiers[asked.name][0]}
