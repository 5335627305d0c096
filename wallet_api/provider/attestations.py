"""What the provider signs: attestations, and the list that shows which of them still hold."""

from collections.abc import Sequence
from dataclasses import dataclass

from madang.core.keys.jwk import PublicKey
from madang.core.keys.signing import Signer
from madang.core.protocol.oauth.client_attestation import make_attestation
from madang.core.protocol.oid4vci.key_attestation import (
    KeyAttestation,
    StatusPlace,
    make_key_attestation,
)
from madang.core.status import token_jwt
from madang.core.status.token import StatusListToken
from madang.core.status.token_status_list import StatusList
from wallet_api.provider.model import Bounds, Place, Statements


@dataclass(frozen=True, slots=True)
class Provider:
    """A municipality's provider as it speaks.

    Attributes:
        identifier: its `iss`.
        statements: what it says of all wallets.
    """

    identifier: str
    statements: Statements

    @property
    def client_id(self) -> str:
        """Return the wallet's name as an OAuth client."""
        return self.statements.client_id or self.identifier

    def wallet(self, key: PublicKey, place: Place, *, now: int, signer: Signer) -> str:
        """Return a wallet attestation (OpenID4VCI 1.0 appendix E).

        Args:
            key: the fresh key that it names.
            place: where its status stands.
            now: epoch seconds.
            signer: the provider's key, with its chain.
        """
        said = self.statements
        claims = {
            "iss": self.identifier,
            "wallet_name": said.name,
            "wallet_link": said.link or f"{self.identifier}/",
            "status": {"status_list": {"uri": self.list_uri(place.number), "idx": place.index}},
        }
        return make_attestation(
            signer,
            client_id=self.client_id,
            key=key,
            issued_at=now,
            expires_at=now + said.wallet_seconds,
            claims=claims,
        )

    def keys(
        self,
        keys: Sequence[PublicKey],
        place: Place,
        nonce: str | None,
        *,
        now: int,
        signer: Signer,
    ) -> str:
        """Return a key attestation (OpenID4VCI 1.0 appendix D.1).

        Args:
            keys: those that are attested.
            place: where its status stands.
            nonce: of the issuer, if it has one.
            now: epoch seconds.
            signer: the provider's key, with its chain.
        """
        said = self.statements
        attested = KeyAttestation(
            keys=tuple(keys),
            key_storage=said.key_storage,
            user_authentication=said.user_authentication,
            nonce=nonce,
            expires_at=now + said.key_seconds,
            status=StatusPlace(self.list_uri(place.number), place.index),
            issuer=self.identifier,
        )
        return make_key_attestation(attested, signer, issued_at=now)

    def list(
        self, number: int, statuses: StatusList, bounds: Bounds, *, now: int, signer: Signer
    ) -> str:
        """Return a status list's token."""
        token = StatusListToken(
            uri=self.list_uri(number),
            issued_at=now,
            expires_at=now + bounds.list_seconds,
            ttl=bounds.list_ttl,
            packed=statuses.pack(),
        )
        return token_jwt.encode(token, signer)

    def list_uri(self, number: int) -> str:
        """Return where a list is published."""
        return f"{self.identifier}/statuslists/{number}"
